// Writing is straight formatting; reading is a reader of events (map_reader.cc) and a converter (log_converter.cc).
#include "checkers/formats/history_jsonl.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>
#include <vector>

#include "checkers/formats/to_log.h"
#include "checkers/formats/write_value.h"

namespace faultline::formats {

using checkers::EventRef;
using checkers::LogHistory;
using checkers::LogOperation;
using checkers::no_event;
using checkers::no_offset;
using checkers::OperationKind;
using checkers::RecordAttributes;
using checkers::RecordRange;

namespace {

std::string quoted(std::string_view text) {
  std::string result;
  append_json_text(text, result);
  return result;
}

class Writer {
 public:
  Writer(const LogHistory& history, const TextSink& sink) : history_(history), sink_(sink) {
    for (const std::string& name : history.partitions) partitions_.push_back(quoted(name));
  }

  void run() && {
    line(R"({{"format":"faultline-history","version":1,"partitions":[{}]}})", fmt::join(partitions_, ","));
    for (const checkers::FaultInterval& fault : history_.faults) write_fault(fault);
    const std::vector<EventRef> events = events_in_order(history_);
    for (std::uint32_t index = 0; index < events.size(); ++index) write_event(index, events[index]);
    sink_(text_);
  }

 private:
  void part(std::string_view text) { text_ += text; }
  void number(std::int64_t value) {
    const fmt::format_int text(value);
    text_.append(text.data(), text.size());
  }
  void field(std::string_view name, std::int64_t value) {
    part(name);
    number(value);
  }
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    end_line();
  }
  void end_line() {
    text_ += '\n';
    if (text_.size() < piece_bytes) return;
    sink_(text_);
    text_.clear();
  }

  void write_fault(const checkers::FaultInterval& fault) {
    line(R"({{"time":{},"process":"nemesis","type":"info","f":{},"value":{{"target":{},"end":{}}}}})",
         fault.begin.time_since_epoch().count(), quoted(fault.name), quoted(fault.target), fault.end.time_since_epoch().count());
  }

  void write_event(std::uint32_t index, EventRef event) {
    const LogOperation& operation = history_.operations[event.operation];
    const Time time = event.completion ? operation.completed : operation.invoked;
    field(R"({"index":)", index);
    field(R"(,"time":)", time.time_since_epoch().count());
    field(R"(,"op":)", event.operation);
    field(R"(,"process":)", operation.process);
    part(R"(,"type":")");
    part(event.completion ? to_string(operation.outcome) : "invoke");
    part(R"(","f":")");
    part(to_string(operation.kind));
    part("\"");
    if (event.completion) {
      write_completion(operation);
    } else {
      write_invocation(operation);
    }
    part("}");
    end_line();
  }

  void write_invocation(const LogOperation& operation) {
    switch (operation.kind) {
      case OperationKind::send:
      case OperationKind::txn: write_records(R"(,"value":[)", history_.sent_range(operation), {.offsets = false}); break;
      case OperationKind::poll:
      case OperationKind::rebalance:
      case OperationKind::offset_fetch: break;
      default: write_records(R"(,"value":[)", all(operation), {.values = false}); break;
    }
    if (operation.final_read) part(R"(,"final":true)");
    if (operation.read_committed) part(R"(,"read_committed":true)");
    if (operation.kind != OperationKind::rebalance || operation.completion_index == no_event) write_group(operation);
    if (operation.completion_index == no_event) write_decided(operation);
  }

  void write_completion(const LogOperation& operation) {
    switch (operation.kind) {
      case OperationKind::send: write_records(R"(,"value":[)", all(operation), {.attributes = false}); break;
      case OperationKind::poll: write_records(R"(,"value":[)", all(operation), {}); break;
      case OperationKind::txn:
        write_records(R"(,"value":[)", history_.sent_range(operation), {.attributes = false});
        write_records(R"(,"polled":[)", history_.polled_range(operation), {});
        break;
      case OperationKind::rebalance:
      case OperationKind::offset_fetch: write_records(R"(,"value":[)", all(operation), {.values = false}); break;
      default: break;
    }
    if (operation.end_offset != no_offset) {
      part(R"(,"end":[)");
      part(partitions_[operation.end_partition.value()]);
      field(",", operation.end_offset);
      part("]");
    }
    if (operation.rebalanced) part(R"(,"rebalanced":true)");
    if (operation.kind == OperationKind::rebalance) write_group(operation);
    write_decided(operation);
    if (operation.error != 0) part(R"(,"error":)" + quoted(history_.errors[operation.error]));
  }

  void write_group(const LogOperation& operation) {
    const checkers::OperationDetails& details = history_.details_of(operation);
    if (details.group != 0) part(R"(,"group":)" + quoted(history_.groups[details.group]));
    if (details.generation >= 0) field(R"(,"generation":)", details.generation);
  }

  void write_decided(const LogOperation& operation) {
    const std::uint32_t decided = history_.details_of(operation).decided_at;
    if (decided != no_event) field(R"(,"decided":)", decided);
  }

  static RecordRange all(const LogOperation& operation) {
    return {operation.first_record, operation.first_record + operation.record_count};
  }

  struct Columns {
    bool offsets = true;
    bool values = true;
    bool attributes = true;
  };

  void write_records(std::string_view opening, RecordRange range, Columns columns) {
    part(opening);
    for (std::uint32_t i = range.begin; i < range.end; ++i) {
      const checkers::LogRecord& record = history_.records[i];
      part(i == range.begin ? "[" : ",[");
      part(partitions_[record.partition.value()]);
      if (columns.offsets && record.offset != no_offset) {
        field(",", record.offset);
      } else {
        part(",null");
      }
      if (columns.values) field(",", record.value);
      if (columns.values && columns.attributes) write_attributes(history_.attributes_of(i));
      part("]");
    }
    part("]");
  }

  void write_attributes(const RecordAttributes& row) {
    if (row == RecordAttributes{}) return;
    const std::size_t opening = text_.size();
    if (row.key != RecordAttributes::no_key) field(R"(,"key":)", row.key);
    if (row.producer >= 0) field(R"(,"producer":)", row.producer);
    if (row.epoch >= 0) field(R"(,"epoch":)", row.epoch);
    if (row.sequence >= 0) field(R"(,"sequence":)", row.sequence);
    if (row.tombstone) part(R"(,"tombstone":true)");
    if (row.bytes > 0) field(R"(,"bytes":)", row.bytes);
    if (row.timestamp != RecordAttributes::no_time) field(R"(,"timestamp":)", row.timestamp.time_since_epoch().count());
    text_.insert(opening + (text_.size() > opening ? 1 : 0), text_.size() > opening ? "{" : ",{");
    part("}");
  }

  const LogHistory& history_;
  const TextSink& sink_;
  std::vector<std::string> partitions_;  // quoted
  std::string text_;
};

}  // namespace

void write_history(const LogHistory& history, const TextSink& sink) { Writer(history, sink).run(); }

std::string write_history(const LogHistory& history) {
  std::string text;
  write_history(history, [&](std::string_view piece) { text += piece; });
  return text;
}

Result<LogHistory> read_history(std::string_view text, std::string_view file_name) {
  TextInput input(text, std::string(file_name));
  const std::unique_ptr<EventReader> reader = make_reader(Format::jsonl, input);
  return read_log(*reader);
}

}  // namespace faultline::formats
