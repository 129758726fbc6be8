// What a replica remembers of idempotent producers, held to what its log holds (KIP-98): pure functions over plain snapshots, as in
// log_invariants.h.
//
// The memory decides which batch is a duplicate and which leaves a gap, and it is wrong for a long time before anybody notices: only a batch that
// comes again, in the right moment, is appended twice or refused. These compare it with the log it was made from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "checkers/verdict.h"

namespace faultline::checkers {

/// The names of the findings of this file.
namespace anomaly {
inline constexpr std::string_view producers_at_odds = "producers-at-odds";
inline constexpr std::string_view known_batch_refused = "known-batch-refused";
}  // namespace anomaly

/// How many batches of a producer a broker has to know again: as many as a client may have on their way.
inline constexpr std::size_t batches_to_know_again = 5;

/// A batch of an idempotent producer.
struct NumberedBatch {
  std::int64_t producer_id = -1;
  std::int16_t epoch = -1;
  std::int32_t first_sequence = -1;
  std::int32_t last_sequence = -1;
  std::int64_t base_offset = -1;  // -1: it is nowhere yet
  std::int64_t last_offset = -1;

  bool same_number(const NumberedBatch& other) const {
    return producer_id == other.producer_id && epoch == other.epoch && first_sequence == other.first_sequence &&
           last_sequence == other.last_sequence;
  }
  bool operator==(const NumberedBatch&) const = default;
};

/// What one replica of one partition holds and remembers. Nothing else is on its way.
struct ProducersSnapshot {
  std::string node;
  std::string partition;
  std::int64_t log_start = 0;
  std::vector<NumberedBatch> logged;      // in the order of the log
  std::vector<NumberedBatch> remembered;  // of each producer oldest first
};

/// producers-at-odds: one of a producer's last five batches is not remembered (those of its last epoch count), or one is remembered that the
/// log does not hold.
std::vector<Finding> check_producers(const ProducersSnapshot& snapshot);

/// known-batch-refused: a batch that `node` has called out of order is one that it remembers.
std::optional<Finding> check_refusal(const std::string& node, const std::string& partition, const NumberedBatch& refused,
                                     std::span<const NumberedBatch> remembered);

}  // namespace faultline::checkers
