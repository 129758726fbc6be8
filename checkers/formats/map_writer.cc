// Events as maps, one a line: EDN as Jepsen has it, JSON as elle-cli has it, and our own format, which says in a header what it is about.
//
// JSON has one kind of name, EDN has keywords for those that are part of the language of histories. So a text becomes a keyword where
// EDN's readers expect one: types, functions, names of fields, the words of micro-operations.
#include <algorithm>
#include <array>
#include <vector>

#include "checkers/formats/write_value.h"
#include "checkers/formats/writers.h"

namespace faultline::formats {

namespace {

constexpr std::array<std::string_view, 7> own_fields{"index", "time", "process", "type", "f", "value", "error"};

// What may stand after the colon of a keyword and is one thing to every reader.
bool is_keyword_text(std::string_view text) {
  constexpr std::string_view marks = ".*+!-_?$%&=<>/#'";
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !text.empty() && letter(text.front()) && text.find('/') == std::string_view::npos &&
         std::ranges::all_of(text, [&](char c) { return letter(c) || digit(c) || marks.find(c) != std::string_view::npos; });
}

class MapWriter final : public EventWriter {
 public:
  MapWriter(Format format, const WriteOptions& options, TextSink sink)
      : EventWriter(format, options, std::move(sink)), edn_(format == Format::edn) {
    if (format != Format::jsonl) return;
    const bool model = options.workload.kind == WorkloadKind::model;
    text_ += R"({"format":"faultline-history","version":1,"model":)";
    append_json_text((model ? "model:" : "") + std::string(to_string(options.workload)), text_);
    text_ += '}';
    end_line();
  }

  Result<> add(const Event& event, const EventReader& /*reader*/) override {
    arena_.clear();
    entries_.clear();
    if (event.index) add("index", Value::integer(*event.index));
    if (event.time) add("time", Value::integer(*event.time));
    if (event.process) {
      add("process", Value::integer(*event.process));
    } else if (!event.client) {
      const Value name = event.fields.find("process");
      add("process", name.is_name() ? keyword(name.text()) : keyword("nemesis"));
    }
    add("type", keyword(to_string(event.type)));
    if (!event.f.empty()) add("f", keyword(event.f));
    add_value(event);
    if (!event.error.is_nil()) add("error", event.error);
    add_other_fields(event.fields);
    if (edn_) {
      append_edn(Value::items(entries_, Kind::map), text_);
    } else {
      append_json(Value::items(entries_, Kind::map), text_);
    }
    end_line();
    return {};
  }

  Result<> finish() override {
    flush();
    return {};
  }

 private:
  Value keyword(std::string_view text) const { return edn_ && is_keyword_text(text) ? Value::keyword(text) : Value::text(text); }
  void add(std::string_view name, const Value& value) {
    entries_.push_back(keyword(name));
    entries_.push_back(value);
  }

  void add_value(const Event& event) {
    if (edn_ && !event.key.is_nil() && has_keyed_values(options_.workload)) {
      const Value pair[] = {event.key, event.value};
      add("value", Value::items(arena_.copy(std::span<const Value>(pair))));
      return;
    }
    if (!event.key.is_nil()) add("key", event.key);
    add("value", edn_ ? with_keywords(event.value) : event.value);
  }

  // The words of micro-operations, [["append", 1, 2]], and the names of maps as keywords.
  Value with_keywords(const Value& value) {
    if (value.is_map()) return map_with_keywords(value);
    if (!value.is_sequence() || options_.workload.kind == WorkloadKind::model) return value;
    std::vector<Value> items(value.items().begin(), value.items().end());
    for (Value& item : items) {
      if (!item.is_sequence() || item.items().empty() || item.items().front().kind() != Kind::text) continue;
      std::vector<Value> parts(item.items().begin(), item.items().end());
      parts.front() = keyword(parts.front().text());
      item = Value::items(arena_.copy(parts), item.kind());
    }
    return Value::items(arena_.copy(items), value.kind());
  }

  Value map_with_keywords(const Value& map) {
    std::vector<Value> items(map.items().begin(), map.items().end());
    for (std::size_t i = 0; i < items.size(); i += 2) {
      if (items[i].kind() == Kind::text) items[i] = keyword(items[i].text());
    }
    return Value::items(arena_.copy(items), Kind::map);
  }

  // What a workload has of its own, and what ties an operation's events together.
  void add_other_fields(const Value& fields) {
    const std::span<const Value> entries = fields.items();
    for (std::size_t i = 0; i + 1 < entries.size(); i += 2) {
      const std::string_view name = entries[i].text();
      if (name == "key" || std::ranges::find(own_fields, name) != own_fields.end()) continue;
      add(name, entries[i + 1]);
    }
  }

  const bool edn_;
  Arena arena_;
  std::vector<Value> entries_;
};

}  // namespace

std::unique_ptr<EventWriter> make_map_writer(Format format, const WriteOptions& options, TextSink sink) {
  return std::make_unique<MapWriter>(format, options, std::move(sink));
}

}  // namespace faultline::formats
