// What the two converters into a LogHistory share: a recorder, the operations under way, partitions, time.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "checkers/formats/fault_collector.h"
#include "checkers/formats/names.h"
#include "checkers/formats/pairing.h"
#include "checkers/formats/to_log.h"

namespace faultline::formats {

class LogHistoryBuilder {
 public:
  checkers::HistoryRecorder& recorder() { return recorder_; }
  const checkers::LogHistory& history() const { return recorder_.history(); }
  const checkers::LogOperation& operation(checkers::OperationId id) const { return history().operations[id.value()]; }

  checkers::PartitionId partition(std::string_view name) {
    if (!history().partitions.empty() && history().partitions[last_.value()] == name) return last_;
    const auto found = partitions_.find(name);
    if (found != partitions_.end()) return last_ = found->second;
    last_ = recorder_.partition(name);
    partitions_.emplace(std::string(name), last_);
    return last_;
  }

  /// The number that the operation invoked next will have.
  std::uint32_t next() const { return static_cast<std::uint32_t>(history().operations.size()); }
  Pairing& pairing() { return pairing_; }

  /// Whether the indices of a history can hold what a form may add. Errors: it has become too long.
  Result<> make_room(const EventReader& reader) const {
    constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max() - max_form_bytes;
    if (history().event_count < most && history().records.size() < most) return {};
    return reader.error("the history is too long: more than 4 billion events or records");
  }

 private:
  checkers::HistoryRecorder recorder_;
  Pairing pairing_;
  std::unordered_map<std::string, checkers::PartitionId, TextHash, std::equal_to<>> partitions_;
  checkers::PartitionId last_{0};
};

/// The last event of the sends of a history; 0 if it has none. Jepsen's workload reads everything once more when all has been sent:
/// no field says so, the order does.
std::uint32_t last_event_of_sends(const checkers::LogHistory& history);

/// The outcome that a completion's type says.
inline checkers::Outcome outcome_of(EventType type) {
  if (type == EventType::ok) return checkers::Outcome::ok;
  return type == EventType::fail ? checkers::Outcome::fail : checkers::Outcome::indefinite;
}

}  // namespace faultline::formats
