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
constexpr std::size_t records_shown = 6;

std::string records_text(const LogHistory& history, const LogOperation& operation) {
  std::string text;
  std::size_t shown = 0;
  for (const LogRecord& record : history.records_of(operation)) {
    if (shown++ == records_shown) return text + fmt::format(" and {} more", operation.record_count - records_shown);
    text += fmt::format(" {}", history.partition_name(record.partition));
    if (record.offset != no_offset) text += fmt::format("@{}", record.offset);
    if (operation.kind == OperationKind::send || operation.kind == OperationKind::poll) text += fmt::format("={}", record.value);
  }
  return text.empty() ? " nothing" : text;
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

OperationId HistoryRecorder::invoke(OperationKind kind, std::int32_t process, Time now, std::span<const LogRecord> records) {
  LogOperation operation;
  operation.kind = kind;
  operation.process = process;
  operation.invoke_index = history_.event_count++;
  operation.invoked = now;
  operation.first_record = static_cast<std::uint32_t>(history_.records.size());
  operation.record_count = static_cast<std::uint32_t>(records.size());
  for (const LogRecord& record : records) {
    ENSURE(record.partition.value() < history_.partitions.size());
    history_.records.push_back(record);
  }
  history_.operations.push_back(operation);
  return OperationId(static_cast<std::uint32_t>(history_.operations.size() - 1));
}

OperationId HistoryRecorder::invoke_send(std::int32_t process, Time now, std::span<const LogRecord> records) {
  const OperationId id = invoke(OperationKind::send, process, now, records);
  const LogOperation& operation = history_.operations[id.value()];
  for (std::uint32_t i = 0; i < operation.record_count; ++i) history_.records[operation.first_record + i].offset = no_offset;
  return id;
}

OperationId HistoryRecorder::invoke_poll(std::int32_t process, Time now, bool final_read) {
  const OperationId id = invoke(OperationKind::poll, process, now, {});
  history_.operations[id.value()].final_read = final_read;
  return id;
}

OperationId HistoryRecorder::invoke_positioning(OperationKind kind, std::int32_t process, Time now,
                                                std::span<const LogRecord> partitions) {
  ENSURE(kind == OperationKind::assign || kind == OperationKind::seek);
  return invoke(kind, process, now, partitions);
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

void HistoryRecorder::complete_send(OperationId id, Time now, Outcome outcome, std::span<const std::int64_t> offsets,
                                    std::string_view error) {
  const LogOperation& operation = finish(id, now, outcome, error);
  ENSURE(operation.kind == OperationKind::send);
  ENSURE(offsets.empty() || offsets.size() == operation.record_count);
  for (std::size_t i = 0; i < offsets.size(); ++i) history_.records[operation.first_record + i].offset = offsets[i];
}

void HistoryRecorder::complete_poll(OperationId id, Time now, Outcome outcome, std::span<const LogRecord> records,
                                    std::string_view error) {
  LogOperation& operation = finish(id, now, outcome, error);
  ENSURE(operation.kind == OperationKind::poll);
  operation.first_record = static_cast<std::uint32_t>(history_.records.size());
  operation.record_count = static_cast<std::uint32_t>(records.size());
  for (const LogRecord& record : records) {
    ENSURE(record.partition.value() < history_.partitions.size());
    history_.records.push_back(record);
  }
}

void HistoryRecorder::complete(OperationId id, Time now, Outcome outcome, std::string_view error) {
  const LogOperation& operation = finish(id, now, outcome, error);
  ENSURE(operation.kind == OperationKind::assign || operation.kind == OperationKind::seek);
}

void HistoryRecorder::set_exact_end(OperationId id, PartitionId partition, std::int64_t end_offset) {
  LogOperation& operation = history_.operations[id.value()];
  ENSURE(operation.kind == OperationKind::poll);
  operation.end_partition = partition;
  operation.end_offset = end_offset;
}

void HistoryRecorder::set_rebalanced(OperationId id) { history_.operations[id.value()].rebalanced = true; }

LogHistory HistoryRecorder::take() && {
  partition_ids_.clear();
  error_ids_.clear();
  return std::move(history_);
}

}  // namespace faultline::checkers
