#include "checkers/formats/kafka_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <unordered_set>

#include "checkers/formats/log_history_builder.h"

namespace faultline::formats {

using checkers::LogHistory;
using checkers::LogOperation;
using checkers::LogRecord;
using checkers::no_event;
using checkers::no_offset;
using checkers::OperationKind;
using checkers::Outcome;

namespace {

bool has_overlaps(const LogHistory& history, std::span<const checkers::EventRef> events) {
  std::unordered_set<std::int32_t> busy;
  for (const checkers::EventRef& event : events) {
    const std::int32_t process = history.operations[event.operation].process;
    if (event.completion) {
      busy.erase(process);
    } else if (!busy.insert(process).second) {
      return true;
    }
  }
  return false;
}

bool is_known(OperationKind kind) {
  return has_values(kind) || kind == OperationKind::assign || kind == OperationKind::subscribe;
}

std::int64_t nanoseconds(Time time) { return time.time_since_epoch().count(); }

}  // namespace

KafkaEvents::KafkaEvents(const LogHistory& history, bool lossy)
    : history_(history), lossy_(lossy), events_(events_in_order(history)), last_send_(last_event_of_sends(history)) {
  numbered_ = has_overlaps(history, events_);
  faults_.resize(history.faults.size());
  std::iota(faults_.begin(), faults_.end(), std::size_t{0});
  std::sort(faults_.begin(), faults_.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(history.faults[a].begin, a) < std::pair(history.faults[b].begin, b);
  });
}

KafkaEvents::~KafkaEvents() = default;

Error KafkaEvents::error(const Value& /*where*/, std::string_view message) const {
  return Error(Errc::unsupported, fmt::format("{}: {}", describe(history_, operation_), message));
}

Result<> KafkaEvents::lose(std::string_view what) {
  if (!lossy_) {
    return EventReader::error(fmt::format("outside of our own format there is no word for {}; --lossy leaves this out", what));
  }
  ++left_out_[std::string(what)];
  return {};
}

Result<bool> KafkaEvents::next(Event& event) {
  arena_.clear();
  if (next_fault(event)) return true;
  while (next_event_ < events_.size()) {
    const auto [number, completion] = events_[next_event_++];
    const LogOperation& operation = history_.operations[number];
    operation_ = number;
    if (!is_known(operation.kind)) {
      if (!completion) TRY(lose(fmt::format("operations {}", to_string(operation.kind))));
      continue;
    }
    if (!completion) TRY(check(operation));
    write(operation, completion, event);
    return true;
  }
  return false;
}

// A fault comes before the first event that is later than its beginning.
bool KafkaEvents::next_fault(Event& event) {
  if (next_fault_ == faults_.size()) return false;
  const checkers::FaultInterval& fault = history_.faults[faults_[next_fault_]];
  if (next_event_ < events_.size()) {
    const auto [number, completion] = events_[next_event_];
    const LogOperation& operation = history_.operations[number];
    if ((completion ? operation.completed : operation.invoked) < fault.begin) return false;
  }
  ++next_fault_;
  event = {};
  event.type = EventType::info;
  event.client = false;
  event.time = nanoseconds(fault.begin);
  event.f = fault.name;
  event.value = sequence(
      {Value::keyword("target"), Value::text(fault.target), Value::keyword("end"), Value::integer(nanoseconds(fault.end))},
      Kind::map);
  return true;
}

Result<> KafkaEvents::check(const LogOperation& operation) {
  if (operation.end_offset != no_offset) TRY(lose("exact ends of polls"));
  if (operation.read_committed) TRY(lose("\"read_committed\""));
  if (operation.kind == OperationKind::poll && operation.final_read != (operation.invoke_index > last_send_))
    TRY(lose("final polls other than those after all sends"));
  const checkers::OperationDetails& details = history_.details_of(operation);
  if (details.group != 0 || details.generation >= 0) TRY(lose("groups and their generations"));
  if (details.decided_at != no_event) TRY(lose("the moment when a transaction was decided"));
  return check_records(operation);
}

Result<> KafkaEvents::check_records(const LogOperation& operation) {
  const std::span<const LogRecord> records = history_.records_of(operation);
  for (std::uint32_t i = 0; i < records.size(); ++i) {
    if (history_.attributes_of(operation.first_record + i) != checkers::RecordAttributes{}) TRY(lose("attributes of records"));
  }
  if (has_values(operation.kind) || records.empty()) return {};
  const std::int64_t offset = records.front().offset;
  const bool alike = std::ranges::all_of(records, [&](const LogRecord& record) { return record.offset == offset; });
  if (!alike || (offset != no_offset && offset != 0)) TRY(lose("offsets to go on from"));
  return {};
}

Value KafkaEvents::partition(checkers::PartitionId id) const {
  const std::string_view name = history_.partition_name(id);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool whole = error == std::errc{} && end == name.data() + name.size() && std::to_string(number) == name;
  return whole ? Value::integer(number) : Value::text(name);
}

Value KafkaEvents::sequence(std::initializer_list<Value> items, Kind kind) {
  return Value::items(arena_.copy(std::span<const Value>(items.begin(), items.size())), kind);
}

void KafkaEvents::write(const LogOperation& operation, bool completion, Event& event) {
  event = {};
  event.type = EventType::invoke;
  if (completion) {
    event.type = operation.outcome == Outcome::ok     ? EventType::ok
                 : operation.outcome == Outcome::fail ? EventType::fail
                                                      : EventType::info;
    if (operation.error != 0) event.error = Value::text(history_.errors[operation.error]);
  }
  event.process = operation.process;
  event.time = nanoseconds(completion ? operation.completed : operation.invoked);
  event.f = to_string(operation.kind);
  std::vector<Value> items;
  std::vector<Value> fields;
  if (numbered_) fields = {Value::text("op"), Value::integer(operation_)};
  if (has_values(operation.kind)) {
    add_sends(operation, completion, items);
    add_polls(operation, completion, items);
    if (completion && operation.rebalanced) {
      fields.push_back(Value::keyword("rebalance-log"));
      fields.push_back(sequence({Value::keyword("rebalanced")}));
    }
  } else {
    const std::span<const LogRecord> records = history_.records_of(operation);
    for (const LogRecord& record : records) items.push_back(partition(record.partition));
    if (!records.empty() && std::ranges::all_of(records, [](const LogRecord& record) { return record.offset == 0; })) {
      fields.push_back(Value::keyword("seek-to-beginning?"));
      fields.push_back(Value::boolean(true));
    }
  }
  event.value = Value::items(arena_.copy(items));
  event.fields = Value::items(arena_.copy(fields), Kind::map);
}

// [:send k v], and [:send k [offset v]] when the offset is known.
void KafkaEvents::add_sends(const LogOperation& operation, bool offsets, std::vector<Value>& mops) {
  for (const LogRecord& record : history_.sent_by(operation)) {
    Value value = Value::integer(record.value);
    if (offsets && record.offset != no_offset) value = sequence({Value::integer(record.offset), value});
    mops.push_back(sequence({Value::keyword("send"), partition(record.partition), value}));
  }
}

// [:poll], and [:poll {k [[offset v] ...]}] in the end. A partition that comes up a second time, after another one, begins another poll:
// so the order of the records is kept.
void KafkaEvents::add_polls(const LogOperation& operation, bool completion, std::vector<Value>& mops) {
  if (operation.kind == OperationKind::send) return;
  const std::span<const LogRecord> records = history_.polled_by(operation);
  if (records.empty() && operation.kind == OperationKind::txn) return;
  std::vector<Value> map;
  std::vector<checkers::PartitionId> in_map;
  const auto close = [&] {
    const Value polled = Value::items(arena_.copy(map), Kind::map);
    mops.push_back(completion ? sequence({Value::keyword("poll"), polled}) : sequence({Value::keyword("poll")}));
    map.clear();
    in_map.clear();
  };
  for (std::size_t begin = 0; begin < records.size();) {
    const checkers::PartitionId id = records[begin].partition;
    if (std::ranges::find(in_map, id) != in_map.end()) close();
    std::vector<Value> messages;
    for (; begin < records.size() && records[begin].partition == id; ++begin)
      messages.push_back(sequence({Value::integer(records[begin].offset), Value::integer(records[begin].value)}));
    map.push_back(partition(id));
    map.push_back(Value::items(arena_.copy(messages)));
    in_map.push_back(id);
  }
  close();
}

}  // namespace faultline::formats
