// The names of what the rules beyond an ordered log find. Defined in docs/formats/history.md ("What the rules look for").
#pragma once

#include <string_view>

namespace faultline::log_rules::anomaly {

inline constexpr std::string_view key_reordered = "key-reordered";
inline constexpr std::string_view stale_read = "stale-read";
inline constexpr std::string_view write_stall = "write-stall";
inline constexpr std::string_view slow_produce = "slow-produce";
inline constexpr std::string_view split_ownership = "split-ownership";
inline constexpr std::string_view unowned_partition = "unowned-partition";
inline constexpr std::string_view commit_went_back = "commit-went-back";
inline constexpr std::string_view zombie_commit = "zombie-commit";
inline constexpr std::string_view lost_commit = "lost-commit";
inline constexpr std::string_view processed_twice = "processed-twice";
inline constexpr std::string_view never_processed = "never-processed";
inline constexpr std::string_view sequence_repeated = "sequence-repeated";
inline constexpr std::string_view sequence_out_of_order = "sequence-out-of-order";
inline constexpr std::string_view sequence_gap = "sequence-gap";
inline constexpr std::string_view zombie_append = "zombie-append";
inline constexpr std::string_view torn_transaction = "torn-transaction";
inline constexpr std::string_view read_beyond_lso = "read-beyond-lso";
inline constexpr std::string_view deleted_early = "deleted-early";
inline constexpr std::string_view key_lost = "key-lost";
inline constexpr std::string_view tombstone_lost = "tombstone-lost";
inline constexpr std::string_view compacted_early = "compacted-early";
inline constexpr std::string_view key_resurrected = "key-resurrected";

}  // namespace faultline::log_rules::anomaly
