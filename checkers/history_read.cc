// Reading a history: each line is parsed by nlohmann-json, checked field by field, and replayed into a HistoryRecorder, so that
// what comes out keeps the promises of every recorded history.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>

#include "checkers/history_jsonl.h"

namespace faultline::checkers {

namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 11> event_keys{"index", "time",  "op",    "process",    "type", "f",
                                                      "value", "error", "final", "rebalanced", "end"};

class Reader {
 public:
  explicit Reader(std::string_view file_name) : file_(file_name) {}

  Result<LogHistory> run(std::string_view text) && {
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      line_ = text.substr(0, end);
      ++line_number_;
      TRY(read_line());
      text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
    if (!header_seen_)
      return fail("", R"(the file is empty; the first line must be {"format":"faultline-history","version":1,...})");
    return std::move(recorder_).take();
  }

 private:
  // DOM values do not know where they stood; the column of a bad field is that of the first occurrence of its name in the line.
  Error fail(std::string_view key, std::string_view message) const {
    const std::size_t at = key.empty() ? std::string_view::npos : line_.find(fmt::format("\"{}\"", key));
    return fail_at(at == std::string_view::npos ? 1 : at + 1, message);
  }
  Error fail_at(std::size_t column, std::string_view message) const {
    return {Errc::malformed, fmt::format("{}:{}:{}: {}", file_, line_number_, column, message)};
  }

  Result<> read_line() {
    if (line_.find_first_not_of(" \t\r") == std::string_view::npos) return {};
    Json json;
    TRY(parse_line(json));
    if (!json.is_object()) return fail("", "expected a JSON object");
    if (!header_seen_) return read_header(json);
    for (const auto& [key, value] : json.items()) {
      if (std::find(event_keys.begin(), event_keys.end(), key) == event_keys.end()) {
        return fail(key, fmt::format("unknown key \"{}\"; an event has {}", key, fmt::join(event_keys, ", ")));
      }
    }
    const auto process = json.find("process");
    if (process != json.end() && *process == "nemesis") return read_fault(json);
    return read_event(json);
  }

  // Not a Result<Json>: a JSON value converts from anything, errors included.
  Result<> parse_line(Json& json) const {
    try {
      json = Json::parse(line_);
    } catch (const Json::parse_error& error) {
      return fail_at(error.byte == 0 ? 1 : error.byte, "this is not JSON");
    } catch (const Json::out_of_range&) {  // "1e999"; this one does not say where
      return fail_at(1, "a number in this line is too large");
    }
    return {};
  }

  Result<> read_header(const Json& json) {
    header_seen_ = true;
    const auto format = json.find("format");
    if (format == json.end() || *format != "faultline-history") return fail("format", R"(expected "format":"faultline-history")");
    const auto version = json.find("version");
    if (version == json.end() || *version != 1) return fail("version", "expected \"version\":1");
    const auto partitions = json.find("partitions");
    if (partitions == json.end()) return {};
    if (!partitions->is_array()) return fail("partitions", "expected an array of names");
    for (const Json& name : *partitions) {
      if (!name.is_string()) return fail("partitions", "expected an array of names");
      recorder_.partition(name.get_ref<const std::string&>());
    }
    return {};
  }

  Result<std::int64_t> integer(const Json& json, const char* key, std::int64_t low, std::int64_t high) const {
    const auto field = json.find(key);
    if (field == json.end()) return fail("", fmt::format("\"{}\" is missing", key));
    const std::optional<std::int64_t> number = as_integer(*field);
    if (!number || *number < low || *number > high) {
      return fail(key, fmt::format("\"{}\" must be an integer from {} to {}", key, low, high));
    }
    return *number;
  }

  static std::optional<std::int64_t> as_integer(const Json& json) {
    if (!json.is_number_integer()) return std::nullopt;
    if (json.is_number_unsigned() && json.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
    return json.get<std::int64_t>();
  }

  Result<std::string> string(const Json& json, const char* key) const {
    const auto field = json.find(key);
    if (field == json.end()) return fail("", fmt::format("\"{}\" is missing", key));
    if (!field->is_string()) return fail(key, fmt::format("\"{}\" must be a string", key));
    return field->get<std::string>();
  }

  Result<bool> flag(const Json& json, const char* key) const {
    const auto field = json.find(key);
    if (field == json.end()) return false;
    if (!field->is_boolean()) return fail(key, fmt::format("\"{}\" must be true or false", key));
    return field->get<bool>();
  }

  Result<Time> time(const Json& json, const char* key) const {
    return Time(Duration(TRY(integer(json, key, 0, std::numeric_limits<std::int64_t>::max()))));
  }

  Result<> read_fault(const Json& json) {
    FaultInterval fault;
    fault.begin = TRY(time(json, "time"));
    fault.name = TRY(string(json, "f"));
    const auto value = json.find("value");
    if (value == json.end() || !value->is_object())
      return fail("value", R"("value" of a fault must be {"target":...,"end":...})");
    fault.target = TRY(string(*value, "target"));
    fault.end = TRY(time(*value, "end"));
    if (fault.end < fault.begin) return fail("end", "the fault ends before it begins");
    recorder_.add_fault(std::move(fault));
    return {};
  }

  Result<> read_event(const Json& json) {
    if (json.contains("index")) {
      const auto next = static_cast<std::int64_t>(recorder_.history().event_count);
      const std::int64_t index = TRY(integer(json, "index", 0, no_event - 1));
      if (index != next) return fail("index", fmt::format("expected index {}, since every event has the next one", next));
    }
    const Time now = TRY(time(json, "time"));
    if (now < last_time_) return fail("time", "this event is earlier than the one before it");
    last_time_ = now;
    const auto process = static_cast<std::int32_t>(
        TRY(integer(json, "process", std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max())));
    const OperationKind kind = TRY(read_kind(json));
    const std::string type = TRY(string(json, "type"));
    if (type == "invoke") return invoke(json, now, process, kind);
    for (const Outcome outcome : {Outcome::ok, Outcome::fail, Outcome::indefinite}) {
      if (type == to_string(outcome)) return complete(json, now, process, kind, outcome);
    }
    return fail("type", R"("type" must be "invoke", "ok", "fail" or "info")");
  }

  Result<OperationKind> read_kind(const Json& json) const {
    const std::string name = TRY(string(json, "f"));
    for (const OperationKind kind : {OperationKind::send, OperationKind::poll, OperationKind::assign, OperationKind::seek}) {
      if (name == to_string(kind)) return kind;
    }
    return fail("f", R"("f" must be "send", "poll", "assign" or "seek")");
  }

  // The name under which an operation is open: its "op", or, where there is none, its process.
  Result<std::pair<bool, std::int64_t>> open_key(const Json& json, std::int32_t process) const {
    if (!json.contains("op")) return std::pair<bool, std::int64_t>(false, process);
    return std::pair<bool, std::int64_t>(true, TRY(integer(json, "op", 0, std::numeric_limits<std::int64_t>::max())));
  }

  std::unordered_map<std::int64_t, OperationId>& open(bool by_op) { return by_op ? open_ops_ : open_processes_; }

  Result<> invoke(const Json& json, Time now, std::int32_t process, OperationKind kind) {
    const auto [by_op, key] = TRY(open_key(json, process));
    if (open(by_op).contains(key)) {
      return by_op ? fail("op", "an operation with this number is still under way")
                   : fail("process",
                          "this process has an operation under way; give operations numbers (\"op\") if it may have several");
    }
    const bool final_read = TRY(flag(json, "final"));
    if (final_read && kind != OperationKind::poll) return fail("final", "only a poll can be final");
    TRY(forbid(json, {"end", "rebalanced", "error"}, "belongs to a completion"));
    OperationId id;
    if (kind == OperationKind::poll) {
      TRY(forbid(json, {"value"}, "of a poll belongs to its completion"));
      id = recorder_.invoke_poll(process, now, final_read);
    } else {
      const std::vector<LogRecord> records = TRY(read_records(json, kind));
      id = kind == OperationKind::send ? recorder_.invoke_send(process, now, records)
                                       : recorder_.invoke_positioning(kind, process, now, records);
    }
    open(by_op).emplace(key, id);
    return {};
  }

  Result<> forbid(const Json& json, std::initializer_list<const char*> keys, std::string_view why) const {
    for (const char* key : keys) {
      if (json.contains(key)) return fail(key, fmt::format("\"{}\" {}", key, why));
    }
    return {};
  }

  Result<> complete(const Json& json, Time now, std::int32_t process, OperationKind kind, Outcome outcome) {
    const auto [by_op, key] = TRY(open_key(json, process));
    const auto entry = open(by_op).find(key);
    if (entry == open(by_op).end()) return fail(by_op ? "op" : "process", "this completes an operation that is not under way");
    const OperationId id = entry->second;
    const LogOperation& operation = recorder_.history().operations[id.value()];
    if (operation.process != process)
      return fail("process", fmt::format("the operation was invoked by process {}", operation.process));
    if (operation.kind != kind) return fail("f", fmt::format("the operation was invoked as \"{}\"", to_string(operation.kind)));
    const std::string error = json.contains("error") ? TRY(string(json, "error")) : std::string();
    TRY(forbid(json, {"final"}, "belongs to the invocation"));
    if (kind != OperationKind::poll) TRY(forbid(json, {"end", "rebalanced"}, "belongs to a poll"));
    switch (kind) {
      case OperationKind::send: {
        const std::vector<std::int64_t> offsets = TRY(read_offsets(json, operation));
        recorder_.complete_send(id, now, outcome, offsets, error);
        break;
      }
      case OperationKind::poll: TRY(complete_poll(json, now, id, outcome, error)); break;
      default: {
        TRY(forbid(json, {"value"}, "belongs to the invocation"));
        recorder_.complete(id, now, outcome, error);
        break;
      }
    }
    open(by_op).erase(key);
    return {};
  }

  Result<> complete_poll(const Json& json, Time now, OperationId id, Outcome outcome, const std::string& error) {
    std::vector<LogRecord> records;
    if (json.contains("value")) records = TRY(read_records(json, OperationKind::poll));
    if (TRY(flag(json, "rebalanced"))) recorder_.set_rebalanced(id);
    if (const auto end = json.find("end"); end != json.end()) {
      const bool shaped = end->is_array() && end->size() == 2 && (*end)[0].is_string();
      const std::optional<std::int64_t> offset = shaped ? as_integer((*end)[1]) : std::nullopt;
      if (!offset || *offset < 0) return fail("end", R"("end" must be [partition, offset])");
      recorder_.set_exact_end(id, recorder_.partition((*end)[0].get_ref<const std::string&>()), *offset);
    }
    recorder_.complete_poll(id, now, outcome, records, error);
    return {};
  }

  // "value": an array of [partition, offset or null, value], or [partition, offset or null] in an assign or a seek.
  Result<std::vector<LogRecord>> read_records(const Json& json, OperationKind kind) {
    const bool positions = kind == OperationKind::assign || kind == OperationKind::seek;
    const auto bad = [&] {
      return fail("value", positions ? R"("value" must be an array of [partition, offset or null])"
                                     : R"("value" must be an array of [partition, offset or null, integer])");
    };
    const auto value = json.find("value");
    if (value == json.end() || !value->is_array()) return bad();
    std::vector<LogRecord> records;
    for (const Json& item : *value) {
      if (!item.is_array() || item.size() != (positions ? 2U : 3U) || !item[0].is_string()) return bad();
      LogRecord record{recorder_.partition(item[0].get_ref<const std::string&>()), no_offset, 0};
      if (!item[1].is_null()) {
        const std::optional<std::int64_t> offset = as_integer(item[1]);
        if (!offset || *offset < 0) return bad();
        record.offset = *offset;
      }
      if (!positions) {
        const std::optional<std::int64_t> number = as_integer(item[2]);
        if (!number) return bad();
        record.value = *number;
      }
      records.push_back(record);
    }
    return records;
  }

  // A send's completion repeats its records, now with the offsets that became known; without "value" none is known.
  Result<std::vector<std::int64_t>> read_offsets(const Json& json, const LogOperation& operation) {
    std::vector<std::int64_t> offsets;
    if (!json.contains("value")) return offsets;
    const std::vector<LogRecord> records = TRY(read_records(json, OperationKind::send));
    if (records.size() != operation.record_count) return fail("value", "the completion of a send must repeat its records");
    for (std::size_t i = 0; i < records.size(); ++i) {
      const LogRecord& sent = recorder_.history().records[operation.first_record + i];
      if (records[i].partition != sent.partition || records[i].value != sent.value) {
        return fail("value", "the completion of a send must repeat its records");
      }
      offsets.push_back(records[i].offset);
    }
    return offsets;
  }

  const std::string_view file_;
  std::string_view line_;
  std::size_t line_number_ = 0;
  bool header_seen_ = false;
  Time last_time_{};
  HistoryRecorder recorder_;
  std::unordered_map<std::int64_t, OperationId> open_ops_;
  std::unordered_map<std::int64_t, OperationId> open_processes_;
};

}  // namespace

Result<LogHistory> read_history(std::string_view text, std::string_view file_name) { return Reader(file_name).run(text); }

}  // namespace faultline::checkers
