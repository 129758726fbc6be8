// Events that are maps, in EDN or JSON: one after another, or in a vector, a list or an array.
#include <fmt/format.h>

#include <limits>

#include "checkers/formats/form_parser.h"
#include "checkers/formats/readers.h"

namespace faultline::formats {

namespace {

class MapReader final : public EventReader {
 public:
  MapReader(TextInput& input, Notation notation, bool with_header)
      : input_(input), parser_(notation, arena_), notation_(notation), with_header_(with_header) {}

  Result<bool> next(Event& event) override {
    if (with_header_ && header_.is_nil()) TRY(read_header());
    if (!TRY(next_form())) return false;
    TRY(read_event(event));
    return true;
  }

  Error error(const Value& where, std::string_view message) const override {
    return input_.error(form_at_ + where.place(), message);
  }
  Value header() const override { return header_; }

 private:
  // Steps over what is between two forms, brackets of the history included. Returns: false at the end of the history.
  Result<bool> next_form() {
    input_.consume(form_end_);
    form_at_ = form_end_ = 0;
    arena_.clear();
    for (;;) {
      parser_.start(input_.window(), input_.complete());
      const FormParser::Status skipped = parser_.skip();
      if (skipped == FormParser::Status::malformed) return input_.error(parser_.position(), parser_.message());
      const bool nothing_left = skipped == FormParser::Status::done && parser_.at_end();
      if (nothing_left && input_.complete()) return end();
      if (nothing_left) {
        input_.consume(parser_.position());
      } else if (skipped == FormParser::Status::done) {
        if (TRY(step_over_bracket())) continue;
        if (after_history_) return input_.error(parser_.position(), "something follows the end of the history");
        const FormParser::Status parsed = parse_form();
        if (parsed == FormParser::Status::done) return true;
        if (parsed == FormParser::Status::malformed) return input_.error(parser_.position(), parser_.message());
      }
      arena_.clear();
      TRY(input_.grow());
    }
  }

  FormParser::Status parse_form() {
    form_at_ = parser_.position();
    parser_.start(input_.window(), input_.complete(), form_at_);
    const FormParser::Status status = parser_.parse(form_);
    form_end_ = status == FormParser::Status::done ? parser_.position() : 0;
    return status;
  }

  Result<bool> end() const {
    if (closing_ != 0 && !after_history_) {
      return input_.error(parser_.position(),
                          fmt::format("the file ends before the '{}' of the history; is it cut off?", closing_));
    }
    return false;
  }

  // The history itself may be in brackets: the first one that is no map opens it.
  Result<bool> step_over_bracket() {
    const char c = parser_.peek();
    const bool opens = c == '[' || (c == '(' && notation_ == Notation::edn);
    if (opens && closing_ == 0 && !with_header_ && !any_) {
      closing_ = c == '[' ? ']' : ')';
    } else if (closing_ != 0 && c == closing_ && !after_history_) {
      after_history_ = true;
    } else {
      return false;
    }
    input_.consume(parser_.position() + 1);
    return true;
  }

  Result<> read_header() {
    if (!TRY(next_form())) {
      return input_.error(0, R"(the file is empty; the first line must be {"format":"faultline-history","version":1,...})");
    }
    if (form_.find("format").text() != "faultline-history")
      return error(form_.find("format"), R"(expected "format":"faultline-history")");
    const Value version = form_.find("version");
    if (!version.is_integer() || version.integer() != 1) return error(version, "expected \"version\":1");
    header_ = header_arena_.deep_copy(form_);
    return {};
  }

  Result<> read_event(Event& event) {
    any_ = true;
    event = {};
    // #jepsen.history.Op{...}, #knossos.op.Op{...}: a record is its map.
    Value map = form_;
    if (map.kind() == Kind::tagged) map = map.items()[1];
    if (!map.is_map()) return error(form_, fmt::format("expected an event, {}", map_hint()));
    event.fields = map;
    bool typed = false;
    const std::span<const Value> entries = map.items();
    for (std::size_t i = 0; i < entries.size(); i += 2)
      TRY(read_field(entries[i].text(), entries[i], entries[i + 1], event, typed));
    if (!typed) return error(form_, "\"type\" is missing: an event has one of invoke, ok, fail, info");
    return {};
  }

  std::string_view map_hint() const {
    return notation_ == Notation::edn ? "a map like {:process 0, :type :invoke, :f :read, :value nil}"
                                      : R"(an object like {"process":0,"type":"invoke","f":"read","value":null})";
  }

  Result<> read_field(std::string_view name, const Value& key, const Value& value, Event& event, bool& typed) {
    if (name == "type") {
      TRY(read_type(value, event));
      typed = true;
    } else if (name == "process") {
      TRY(read_process(value, event));
    } else if (name == "f") {
      if (!value.is_name() && !value.is_nil()) return error(value, "\"f\" must be a name");
      event.f = value.text();
    } else if (name == "value") {
      event.value = value;
    } else if (name == "index") {
      TRY(read_index(value, event));
    } else if (name == "time") {
      if (!value.is_integer() && !value.is_nil()) return error(value, "\"time\" must be an integer (nanoseconds)");
      if (value.is_integer()) event.time = value.integer();
    } else if (name == "key") {
      event.key = value;
    } else if (name == "error") {
      event.error = value;
    } else if (!key.is_name()) {
      return error(key, "the fields of an event have names");
    }
    return {};
  }

  Result<> read_type(const Value& value, Event& event) const {
    for (const EventType type : {EventType::invoke, EventType::ok, EventType::fail, EventType::info}) {
      if (value.is_name() && value.text() == to_string(type)) {
        event.type = type;
        return {};
      }
    }
    return error(value, R"("type" must be "invoke", "ok", "fail" or "info")");
  }

  Result<> read_process(const Value& value, Event& event) const {
    if (value.is_integer()) {
      if (value.integer() < std::numeric_limits<std::int32_t>::min() ||
          value.integer() > std::numeric_limits<std::int32_t>::max()) {
        return error(value, "\"process\" must be an integer of 32 bits");
      }
      event.process = static_cast<std::int32_t>(value.integer());
    } else if (value.is_name()) {
      event.client = false;
    } else if (!value.is_nil()) {
      return error(value, "\"process\" must be an integer, or a name for those who are no clients");
    }
    return {};
  }

  // Order is that of the file, and a stated index has to agree. Checked here, so that no converter has to.
  Result<> read_index(const Value& value, Event& event) {
    if (value.is_nil()) return {};
    if (!value.is_integer()) return error(value, "\"index\" must be an integer");
    if (value.integer() <= last_index_) {
      return error(value, fmt::format("index {} comes after index {}; sort the events by index", value.integer(), last_index_));
    }
    last_index_ = value.integer();
    event.index = last_index_;
    return {};
  }

  TextInput& input_;
  Arena arena_;
  Arena header_arena_;
  FormParser parser_;
  const Notation notation_;
  const bool with_header_;
  Value header_;
  Value form_;
  std::size_t form_at_ = 0;   // in the window
  std::size_t form_end_ = 0;  // the same
  char closing_ = 0;          // of the bracket around the history, if there is one
  bool after_history_ = false;
  bool any_ = false;  // an event was read
  std::int64_t last_index_ = std::numeric_limits<std::int64_t>::min();
};

}  // namespace

std::unique_ptr<EventReader> make_map_reader(TextInput& input, bool json, bool with_header) {
  return std::make_unique<MapReader>(input, json ? Notation::json : Notation::edn, with_header);
}

}  // namespace faultline::formats
