// Jepsen's history.txt: "process<TAB>:type<TAB>:f<TAB>value", and an error after another tab.
//
// A line has no place for times, nor for anything that a workload adds of its own. An operation is told by its process, which can
// therefore have only one under way.
#include <array>
#include <unordered_set>

#include "checkers/formats/write_value.h"
#include "checkers/formats/writers.h"

namespace faultline::formats {

namespace {

constexpr std::array<std::string_view, 9> known_fields{"index", "time", "process", "type", "f", "value", "error", "key", "op"};

class JepsenLogWriter final : public EventWriter {
 public:
  JepsenLogWriter(const WriteOptions& options, TextSink sink) : EventWriter(Format::jepsen_log, options, std::move(sink)) {}

  Result<> add(const Event& event, const EventReader& reader) override {
    TRY(check(event, reader));
    const Value f = Value::keyword(event.f);
    text_ += event.process ? std::to_string(*event.process) : std::string(":nemesis");
    text_ += "\t:";
    text_ += to_string(event.type);
    text_ += '\t';
    append_edn(event.f.empty() ? Value() : f, text_);
    text_ += '\t';
    append_value(event);
    if (!event.error.is_nil()) {
      text_ += '\t';
      append_edn(event.error, text_);
    }
    end_line();
    return {};
  }

  Result<> finish() override {
    flush();
    return {};
  }

 private:
  Result<> check(const Event& event, const EventReader& reader) {
    if (event.time) leave_out("times");
    if (!event.client) return {};
    if (!event.process) return refuse("needs the process of each event", Value(), reader);
    if (event.f.find_first_of(" \t\"()[]{},;") != std::string_view::npos) {
      return refuse("can only name functions by words", event.fields.find("f"), reader);
    }
    if (event.type != EventType::invoke) {
      busy_.erase(*event.process);
    } else if (!busy_.insert(*event.process).second) {
      return refuse("can only have one operation of a process under way", event.fields.find("process"), reader);
    }
    if (!event.key.is_nil() && !has_keyed_values(options_.workload)) TRY(lose("the name of an object", event.key, reader));
    const std::span<const Value> entries = event.fields.items();
    for (std::size_t i = 0; i + 1 < entries.size(); i += 2) {
      const std::string_view name = entries[i].text();
      if (std::ranges::find(known_fields, name) != known_fields.end()) continue;
      TRY(lose("\"" + std::string(name) + "\"", entries[i], reader));
    }
    return {};
  }

  void append_value(const Event& event) {
    if (event.key.is_nil() || !has_keyed_values(options_.workload)) {
      append_edn(event.value, text_);
      return;
    }
    text_ += '[';
    append_edn(event.key, text_);
    text_ += ' ';
    append_edn(event.value, text_);
    text_ += ']';
  }

  std::unordered_set<std::int32_t> busy_;  // processes with an operation under way
};

}  // namespace

std::unique_ptr<EventWriter> make_jepsen_log_writer(const WriteOptions& options, TextSink sink) {
  return std::make_unique<JepsenLogWriter>(options, std::move(sink));
}

}  // namespace faultline::formats
