#include "checkers/history.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"

namespace faultline::checkers {

std::string_view to_string(OperationKind kind) {
  switch (kind) {
    case OperationKind::send: return "send";
    case OperationKind::poll: return "poll";
    case OperationKind::assign: return "assign";
    case OperationKind::seek: return "seek";
    case OperationKind::txn: return "txn";
    case OperationKind::subscribe: return "subscribe";
    case OperationKind::rebalance: return "rebalance";
    case OperationKind::commit: return "commit";
    case OperationKind::offset_fetch: return "offset-fetch";
  }
  return "";
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::ok: return "ok";
    case Outcome::fail: return "fail";
    case Outcome::indefinite: return "info";
  }
  return "";
}

std::optional<PartitionId> LogHistory::find_partition(std::string_view name) const {
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    if (partitions[i] == name) return PartitionId(static_cast<std::uint32_t>(i));
  }
  return std::nullopt;
}

std::vector<EventRef> events_in_order(const LogHistory& history) {
  std::vector<EventRef> events(history.event_count);
  const auto place = [&](std::uint32_t index, EventRef event) {
    ENSURE(index < events.size());
    ENSURE(events[index].operation == no_event);
    events[index] = event;
  };
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    const LogOperation& operation = history.operations[i];
    place(operation.invoke_index, {i, false});
    if (operation.completion_index != no_event) place(operation.completion_index, {i, true});
  }
  for (const EventRef& event : events) ENSURE(event.operation != no_event);
  return events;
}

std::string seconds_text(Time time) {
  const std::int64_t ns = time.time_since_epoch().count();
  const std::int64_t us = ns / 1000;
  return fmt::format("{}{}.{:06} s", us < 0 ? "-" : "", us / 1000000 < 0 ? -(us / 1000000) : us / 1000000,
                     us % 1000000 < 0 ? -(us % 1000000) : us % 1000000);
}

namespace {

// Longer lists are cut in the middle of a sentence for people; the history has them whole.
constexpr std::uint32_t records_shown = 6;

std::string records_text(const LogHistory& history, const LogOperation& operation) {
  std::string text;
  std::uint32_t shown = 0;
  for (const LogRecord& record : history.records_of(operation)) {
    if (shown == records_shown) return text + fmt::format(" and {} more", operation.record_count - shown);
    if (operation.kind == OperationKind::txn) text += shown < operation.sent_count ? " send" : " poll";
    text += fmt::format(" {}", history.partition_name(record.partition));
    if (record.offset != no_offset) text += fmt::format("@{}", record.offset);
    if (has_values(operation.kind)) text += fmt::format("={}", record.value);
    ++shown;
  }
  return text.empty() ? " nothing" : text;
}

std::string group_text(const LogHistory& history, const LogOperation& operation) {
  const OperationDetails& details = history.details_of(operation);
  if (details.group == 0) return "";
  std::string text = fmt::format(", group {}", history.groups[details.group]);
  if (details.generation >= 0) text += fmt::format(" generation {}", details.generation);
  return text;
}

}  // namespace

std::string describe(const LogHistory& history, std::uint32_t index) {
  const LogOperation& operation = history.operations[index];
  std::string text = fmt::format("op {}, process {}: {}{}", index, operation.process, operation.final_read ? "final " : "",
                                 to_string(operation.kind));
  text += records_text(history, operation);
  if (operation.end_offset != no_offset) {
    text += fmt::format(", end of {} at {}", history.partition_name(operation.end_partition), operation.end_offset);
  }
  text += group_text(history, operation);
  text += fmt::format(": {}", to_string(operation.outcome));
  if (operation.error != 0) text += fmt::format(" ({})", history.errors[operation.error]);
  text += fmt::format(", {} to ", seconds_text(operation.invoked));
  text += operation.completion_index == no_event ? std::string("the end") : seconds_text(operation.completed);
  return text;
}

PartitionId HistoryRecorder::partition(std::string_view name) {
  const auto [entry, added] =
      partition_ids_.try_emplace(std::string(name), PartitionId(static_cast<std::uint32_t>(partition_ids_.size())));
  if (added) history_.partitions.emplace_back(name);
  return entry->second;
}

OperationId HistoryRecorder::invoke(OperationKind kind, std::int32_t process, Time now, std::span<const LogRecord> records,
                                    std::span<const RecordAttributes> attributes) {
  LogOperation operation;
  operation.kind = kind;
  operation.process = process;
  operation.invoke_index = history_.event_count++;
  operation.invoked = now;
  operation.first_record = static_cast<std::uint32_t>(history_.records.size());
  add_records(operation, records, attributes);
  history_.operations.push_back(operation);
  return OperationId(static_cast<std::uint32_t>(history_.operations.size() - 1));
}

// Requires: the operation's records are the last of the history.
void HistoryRecorder::add_records(LogOperation& operation, std::span<const LogRecord> records,
                                  std::span<const RecordAttributes> attributes) {
  ENSURE(attributes.empty() || attributes.size() == records.size());
  ENSURE(operation.first_record + operation.record_count == history_.records.size());
  operation.record_count += static_cast<std::uint32_t>(records.size());
  for (const LogRecord& record : records) ENSURE(record.partition.value() < history_.partitions.size());
  if (!attributes.empty()) {
    history_.attributes.resize(history_.records.size());
    history_.attributes.insert(history_.attributes.end(), attributes.begin(), attributes.end());
  }
  history_.records.insert(history_.records.end(), records.begin(), records.end());
  if (!history_.attributes.empty()) history_.attributes.resize(history_.records.size());
}

OperationId HistoryRecorder::invoke_send(std::int32_t process, Time now, std::span<const LogRecord> records,
                                         std::span<const RecordAttributes> attributes) {
  const OperationId id = invoke(OperationKind::send, process, now, records, attributes);
  const LogOperation& operation = history_.operations[id.value()];
  for (std::uint32_t i = 0; i < operation.record_count; ++i) history_.records[operation.first_record + i].offset = no_offset;
  return id;
}

OperationId HistoryRecorder::invoke_poll(std::int32_t process, Time now, bool final_read) {
  const OperationId id = invoke(OperationKind::poll, process, now, {}, {});
  history_.operations[id.value()].final_read = final_read;
  return id;
}

OperationId HistoryRecorder::invoke_txn(std::int32_t process, Time now, std::span<const LogRecord> records,
                                        std::span<const RecordAttributes> attributes) {
  const OperationId id = invoke_send(process, now, records, attributes);
  LogOperation& operation = history_.operations[id.value()];
  operation.kind = OperationKind::txn;
  operation.sent_count = operation.record_count;
  return id;
}

OperationId HistoryRecorder::invoke_positioning(OperationKind kind, std::int32_t process, Time now,
                                                std::span<const LogRecord> partitions) {
  ENSURE(kind == OperationKind::assign || kind == OperationKind::seek || kind == OperationKind::subscribe ||
         kind == OperationKind::commit);
  return invoke(kind, process, now, partitions, {});
}

OperationId HistoryRecorder::invoke_listing(OperationKind kind, std::int32_t process, Time now) {
  ENSURE(kind == OperationKind::rebalance || kind == OperationKind::offset_fetch);
  return invoke(kind, process, now, {}, {});
}

LogOperation& HistoryRecorder::finish(OperationId id, Time now, Outcome outcome, std::string_view error) {
  ENSURE(id.value() < history_.operations.size());
  LogOperation& operation = history_.operations[id.value()];
  ENSURE(operation.completion_index == no_event);
  operation.completion_index = history_.event_count++;
  operation.completed = now;
  operation.outcome = outcome;
  if (!error.empty()) {
    const auto [entry, added] = error_ids_.try_emplace(std::string(error), static_cast<std::uint32_t>(history_.errors.size()));
    if (added) history_.errors.emplace_back(error);
    operation.error = entry->second;
  }
  return operation;
}

void HistoryRecorder::fill_in_offsets(const LogOperation& operation, std::span<const std::int64_t> offsets) {
  const RecordRange sent = history_.sent_range(operation);
  ENSURE(offsets.empty() || offsets.size() == sent.end - sent.begin);
  for (std::size_t i = 0; i < offsets.size(); ++i) history_.records[sent.begin + i].offset = offsets[i];
}

void HistoryRecorder::complete_send(OperationId id, Time now, Outcome outcome, std::span<const std::int64_t> offsets,
                                    std::string_view error) {
  const LogOperation& operation = finish(id, now, outcome, error);
  ENSURE(operation.kind == OperationKind::send);
  fill_in_offsets(operation, offsets);
}

void HistoryRecorder::complete_poll(OperationId id, Time now, Outcome outcome, std::span<const LogRecord> records,
                                    std::string_view error, std::span<const RecordAttributes> attributes) {
  LogOperation& operation = finish(id, now, outcome, error);
  ENSURE(operation.kind == OperationKind::poll);
  operation.first_record = static_cast<std::uint32_t>(history_.records.size());
  add_records(operation, records, attributes);
}

void HistoryRecorder::complete_txn(OperationId id, Time now, Outcome outcome, std::span<const std::int64_t> offsets,
                                   std::span<const LogRecord> polled, std::string_view error,
                                   std::span<const RecordAttributes> attributes) {
  LogOperation& operation = finish(id, now, outcome, error);
  ENSURE(operation.kind == OperationKind::txn);
  fill_in_offsets(operation, offsets);
  if (polled.empty()) return;
  // The records of one operation are neighbours: those sent move to where there is room for those polled.
  const RecordRange sent = history_.sent_range(operation);
  const std::vector<LogRecord> records(history_.records.begin() + sent.begin, history_.records.begin() + sent.end);
  std::vector<RecordAttributes> known;
  for (std::uint32_t r = sent.begin; r < sent.end && !history_.attributes.empty(); ++r) known.push_back(history_.attributes[r]);
  operation.first_record = static_cast<std::uint32_t>(history_.records.size());
  operation.record_count = 0;
  add_records(operation, records, known);
  add_records(operation, polled, attributes);
}

void HistoryRecorder::complete(OperationId id, Time now, Outcome outcome, std::string_view error) {
  const LogOperation& operation = finish(id, now, outcome, error);
  ENSURE(!has_values(operation.kind));
  ENSURE(operation.kind != OperationKind::rebalance);
  ENSURE(operation.kind != OperationKind::offset_fetch);
}

void HistoryRecorder::complete_listing(OperationId id, Time now, Outcome outcome, std::span<const LogRecord> partitions,
                                       std::string_view error) {
  LogOperation& operation = finish(id, now, outcome, error);
  ENSURE(operation.kind == OperationKind::rebalance || operation.kind == OperationKind::offset_fetch);
  operation.first_record = static_cast<std::uint32_t>(history_.records.size());
  add_records(operation, partitions, {});
}

void HistoryRecorder::set_exact_end(OperationId id, PartitionId partition, std::int64_t end_offset) {
  LogOperation& operation = history_.operations[id.value()];
  ENSURE(operation.kind == OperationKind::poll);
  operation.end_partition = partition;
  operation.end_offset = end_offset;
}

void HistoryRecorder::set_rebalanced(OperationId id) { history_.operations[id.value()].rebalanced = true; }

void HistoryRecorder::set_read_committed(OperationId id) { history_.operations[id.value()].read_committed = true; }

OperationDetails& HistoryRecorder::details_of(OperationId id) {
  LogOperation& operation = history_.operations[id.value()];
  if (operation.details == 0) {
    operation.details = static_cast<std::uint32_t>(history_.details.size());
    history_.details.emplace_back();
  }
  return history_.details[operation.details];
}

void HistoryRecorder::set_group(OperationId id, std::string_view group, std::int32_t generation) {
  ENSURE(!group.empty());
  const auto [entry, added] = group_ids_.try_emplace(std::string(group), static_cast<std::uint32_t>(history_.groups.size()));
  if (added) history_.groups.emplace_back(group);
  OperationDetails& details = details_of(id);
  details.group = entry->second;
  details.generation = generation;
}

void HistoryRecorder::set_decided(OperationId id) { set_decided(id, history_.event_count); }

void HistoryRecorder::set_decided(OperationId id, std::uint32_t events) {
  ENSURE(history_.operations[id.value()].kind == OperationKind::txn);
  ENSURE(events <= history_.event_count);
  details_of(id).decided_at = events;
}

LogHistory HistoryRecorder::take() && {
  partition_ids_.clear();
  error_ids_.clear();
  group_ids_.clear();
  return std::move(history_);
}

}  // namespace faultline::checkers
