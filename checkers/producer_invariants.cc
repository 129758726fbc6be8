#include "checkers/producer_invariants.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace faultline::checkers {
namespace {

std::string to_string(const NumberedBatch& batch) {
  return fmt::format("producer {}, epoch {}, sequence {} to {}, at {} to {}", batch.producer_id, batch.epoch,
                     batch.first_sequence, batch.last_sequence, batch.base_offset, batch.last_offset);
}

bool holds(std::span<const NumberedBatch> batches, const NumberedBatch& batch) {
  return std::ranges::find(batches, batch) != batches.end();
}

// Of each producer the last few batches of its last epoch.
std::vector<NumberedBatch> to_know_again(std::span<const NumberedBatch> logged) {
  std::map<std::int64_t, std::vector<NumberedBatch>> last;
  for (const NumberedBatch& batch : logged) {
    std::vector<NumberedBatch>& known = last[batch.producer_id];
    if (!known.empty() && known.back().epoch != batch.epoch) known.clear();
    if (known.size() == batches_to_know_again) known.erase(known.begin());
    known.push_back(batch);
  }
  std::vector<NumberedBatch> all;
  for (const auto& [producer, batches] : last) all.insert(all.end(), batches.begin(), batches.end());
  return all;
}

}  // namespace

std::vector<Finding> check_producers(const ProducersSnapshot& snapshot) {
  std::vector<Finding> findings;
  const auto at_odds = [&](const NumberedBatch& batch, const char* what) {
    findings.push_back({.anomaly = std::string(anomaly::producers_at_odds),
                        .partition = snapshot.partition,
                        .text = fmt::format("{} on {}: {} {}", snapshot.partition, snapshot.node, to_string(batch), what)});
  };
  for (const NumberedBatch& batch : to_know_again(snapshot.logged)) {
    if (!holds(snapshot.remembered, batch)) at_odds(batch, "is one of the producer's last in the log, and is not remembered");
  }
  for (const NumberedBatch& batch : snapshot.remembered) {
    if (batch.last_offset < snapshot.log_start) continue;  // deleted since
    if (!holds(snapshot.logged, batch)) at_odds(batch, "is remembered, and is not in the log");
  }
  return findings;
}

std::optional<Finding> check_refusal(const std::string& node, const std::string& partition, const NumberedBatch& refused,
                                     std::span<const NumberedBatch> remembered) {
  const auto known = std::ranges::find_if(remembered, [&](const NumberedBatch& batch) { return batch.same_number(refused); });
  if (known == remembered.end()) return std::nullopt;
  return Finding{.anomaly = std::string(anomaly::known_batch_refused),
                 .partition = partition,
                 .text = fmt::format("{} on {}: {} came again, and was called out of order", partition, node, to_string(*known))};
}

}  // namespace faultline::checkers
