// Porcupine's operations as JSON, in the order in which they end; those that never do come last.
//
// Porcupine's order is that of times, a return being later than a call of the same time. Events are in the order of their indices, so
// that a time is at least one more than that of the event before. An operation that failed has not happened and is left out; one of
// unknown outcome has no Return. Times that the file does not tell count events.
#include <algorithm>
#include <limits>
#include <map>
#include <vector>

#include "checkers/formats/pairing.h"
#include "checkers/formats/write_value.h"
#include "checkers/formats/writers.h"

namespace faultline::formats {

namespace {

class PorcupineWriter final : public EventWriter {
 public:
  PorcupineWriter(const WriteOptions& options, TextSink sink) : EventWriter(Format::porcupine, options, std::move(sink)) {}

  Result<> add(const Event& event, const EventReader& reader) override {
    if (!event.client) {
      leave_out("events of faults");
      return {};
    }
    const std::int64_t now = std::max(clock_ + 1, event.time.value_or(std::numeric_limits<std::int64_t>::min()));
    if (now == std::numeric_limits<std::int64_t>::max()) return refuse("needs times below the largest integer", Value(), reader);
    clock_ = now;
    return event.type == EventType::invoke ? begin(event, reader) : end(event, reader);
  }

  Result<> finish() override {
    for (const auto& [number, open] : open_) write(open, "", std::nullopt);
    flush();
    return {};
  }

 private:
  struct Open {
    std::int32_t client = 0;
    std::int64_t call = 0;
    std::string input;
    bool keyed = false;
  };

  bool is_cas(const Event& event) const {
    return options_.workload.model == Model::register_ && (event.f == "cas" || event.f.starts_with("compare-and-"));
  }

  Result<> begin(const Event& event, const EventReader& reader) {
    const std::uint32_t number = operations_++;
    TRY(pairing_.open(event, number, reader));
    const Target target = keyed_target(event, options_.workload);
    const bool reads = event.f == "read" || event.f == "get";
    if (reads && !target.value.is_nil()) return refuse("has no value in the invocation of a read", target.value, reader);
    Open open{pairing_.process_of(event, number), clock_, "{\"op\":", target.keyed};
    append_json_text(is_cas(event) ? "cas" : event.f, open.input);
    if (!target.key.is_nil()) append_field("key", target.key, open.input);
    if (is_cas(event)) {
      if (!target.value.is_sequence() || target.value.items().size() != 2)
        return reader.error(target.value, "the value of a cas is a pair: [expected new]");
      append_field("from", target.value.items()[0], open.input);
      append_field("to", target.value.items()[1], open.input);
    } else if (!reads && !target.value.is_nil()) {
      append_field("value", target.value, open.input);
    }
    open.input += '}';
    open_.emplace(number, std::move(open));
    return {};
  }

  Result<> end(const Event& event, const EventReader& reader) {
    const std::optional<std::uint32_t> number = TRY(pairing_.close(event, reader));
    if (!number) return refuse("needs the invocation of each operation", Value(), reader);
    const auto found = open_.find(*number);
    if (event.type == EventType::fail) {
      leave_out("failed operations");
    } else if (event.type == EventType::ok) {
      std::string output;
      const Value value = found->second.keyed ? target_of(event, false).value : event.value;
      if (is_cas(event)) {
        output = value.kind() == Kind::boolean && !value.is_true() ? R"({"ok":false})" : R"({"ok":true})";
      } else if (!value.is_nil()) {
        append_field("value", value, output);
        output.front() = '{';
        output += '}';
      }
      write(found->second, output, clock_);
    } else {
      return {};  // it may still happen: it stays open
    }
    open_.erase(found);
    return {};
  }

  static void append_field(std::string_view name, const Value& value, std::string& out) {
    out += ',';
    append_json_text(name, out);
    out += ':';
    append_json(value, out);
  }

  void write(const Open& open, std::string_view output, std::optional<std::int64_t> returned) {
    text_ +=
        "{\"ClientId\":" + std::to_string(open.client) + ",\"Input\":" + open.input + ",\"Call\":" + std::to_string(open.call);
    text_ += ",\"Output\":";
    text_ += output.empty() ? "null" : output;
    text_ += ",\"Return\":" + (returned ? std::to_string(*returned) : std::string("null")) + "}";
    end_line();
  }

  Pairing pairing_;
  std::map<std::uint32_t, Open> open_;  // and those of unknown outcome
  std::uint32_t operations_ = 0;
  std::int64_t clock_ = -1;
};

}  // namespace

std::unique_ptr<EventWriter> make_porcupine_writer(const WriteOptions& options, TextSink sink) {
  return std::make_unique<PorcupineWriter>(options, std::move(sink));
}

}  // namespace faultline::formats
