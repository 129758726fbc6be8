// The names of the anomalies of transactions: Adya's, and where he has none, Elle's. docs/TRANSACTIONS.md explains them.
#pragma once

#include <string_view>

namespace faultline::transactions::anomaly {

inline constexpr std::string_view aborted_read = "G1a";
inline constexpr std::string_view intermediate_read = "G1b";
inline constexpr std::string_view internal = "internal";
inline constexpr std::string_view future_read = "future-read";
inline constexpr std::string_view garbage_read = "garbage-read";
inline constexpr std::string_view duplicate_elements = "duplicate-elements";
inline constexpr std::string_view incompatible_order = "incompatible-order";
inline constexpr std::string_view dirty_update = "dirty-update";
inline constexpr std::string_view lost_update = "lost-update";
inline constexpr std::string_view cyclic_versions = "cyclic-versions";
inline constexpr std::string_view read_committed_cycle = "read-committed-cycle";
inline constexpr std::string_view read_atomic_cycle = "read-atomic-cycle";
inline constexpr std::string_view causal_cycle = "causal-cycle";

}  // namespace faultline::transactions::anomaly
