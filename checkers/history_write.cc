// Writing a history: straight formatting; nlohmann-json only escapes the strings.
#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>

#include "checkers/history_jsonl.h"

namespace faultline::checkers {

namespace {

std::string json_text(std::string_view text) {
  return nlohmann::json(std::string(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

class Writer {
 public:
  explicit Writer(const LogHistory& history) : history_(history) {
    for (const std::string& name : history.partitions) partitions_.push_back(json_text(name));
  }

  std::string run() && {
    line(R"({{"format":"faultline-history","version":1,"partitions":[{}]}})", fmt::join(partitions_, ","));
    for (const FaultInterval& fault : history_.faults) write_fault(fault);
    const std::vector<EventRef> events = events_in_order(history_);
    for (std::uint32_t index = 0; index < events.size(); ++index) write_event(index, events[index]);
    return std::move(text_);
  }

 private:
  template <class... Args>
  void part(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    part(format, std::forward<Args>(args)...);
    text_ += '\n';
  }

  void write_fault(const FaultInterval& fault) {
    line(R"({{"time":{},"process":"nemesis","type":"info","f":{},"value":{{"target":{},"end":{}}}}})",
         fault.begin.time_since_epoch().count(), json_text(fault.name), json_text(fault.target),
         fault.end.time_since_epoch().count());
  }

  void write_event(std::uint32_t index, EventRef event) {
    const LogOperation& operation = history_.operations[event.operation];
    const Time time = event.completion ? operation.completed : operation.invoked;
    part(R"({{"index":{},"time":{},"op":{},"process":{},"type":"{}","f":"{}")", index, time.time_since_epoch().count(),
         event.operation, operation.process, event.completion ? to_string(operation.outcome) : "invoke",
         to_string(operation.kind));
    const bool poll = operation.kind == OperationKind::poll;
    const bool send = operation.kind == OperationKind::send;
    if (poll ? event.completion : !event.completion || send) write_records(operation, event.completion || !send);
    if (poll && !event.completion && operation.final_read) part(R"(,"final":true)");
    if (event.completion) write_outcome(operation);
    line("}}");
  }

  void write_records(const LogOperation& operation, bool with_offsets) {
    const bool with_values = operation.kind == OperationKind::send || operation.kind == OperationKind::poll;
    part(R"(,"value":[)");
    const char* separator = "";
    for (const LogRecord& record : history_.records_of(operation)) {
      part("{}[{},", std::exchange(separator, ","), partitions_[record.partition.value()]);
      if (with_offsets && record.offset != no_offset) {
        part("{}", record.offset);
      } else {
        part("null");
      }
      if (with_values) part(",{}", record.value);
      part("]");
    }
    part("]");
  }

  void write_outcome(const LogOperation& operation) {
    if (operation.end_offset != no_offset) {
      part(R"(,"end":[{},{}])", partitions_[operation.end_partition.value()], operation.end_offset);
    }
    if (operation.rebalanced) part(R"(,"rebalanced":true)");
    if (operation.error != 0) part(R"(,"error":{})", json_text(history_.errors[operation.error]));
  }

  const LogHistory& history_;
  std::vector<std::string> partitions_;  // quoted
  std::string text_;
};

}  // namespace

std::string write_history(const LogHistory& history) { return Writer(history).run(); }

}  // namespace faultline::checkers
