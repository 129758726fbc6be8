// Jepsen's logs: history.txt ("5<TAB>:invoke<TAB>:cas<TAB>[1 2]") and jepsen.log, old and new, where the same stands at the end of a line
// ("INFO  jepsen.util - 5 :invoke :cas [1 2]"). What is no event is passed over; a log has much of it.
#include <fmt/format.h>

#include <limits>

#include "checkers/formats/form_parser.h"
#include "checkers/formats/line_syntax.h"
#include "checkers/formats/readers.h"

namespace faultline::formats {

namespace {

class JepsenLogReader final : public EventReader {
 public:
  explicit JepsenLogReader(TextInput& input) : input_(input), parser_(Notation::edn, arena_) {}

  Result<bool> next(Event& event) override {
    for (;;) {
      input_.consume(line_size_);
      line_size_ = 0;
      arena_.clear();
      const std::optional<Line> line = TRY(next_line(input_));
      if (!line) return false;
      line_size_ = line->size;
      const std::optional<std::size_t> at = jepsen_event_at(line->text);
      if (!at) continue;
      TRY(read_event(line->text, *at, event));
      return true;
    }
  }

  Error error(const Value& where, std::string_view message) const override {
    return input_.error(event_at_ + where.place(), message);
  }

 private:
  Result<> read_event(std::string_view line, std::size_t at, Event& event) {
    event = {};
    event_at_ = at;
    parser_.start(line, true, at);
    Value process;
    TRY(read(process));
    if (process.is_integer()) {
      if (process.integer() < std::numeric_limits<std::int32_t>::min() ||
          process.integer() > std::numeric_limits<std::int32_t>::max()) {
        return error(process, "the process must be an integer of 32 bits");
      }
      event.process = static_cast<std::int32_t>(process.integer());
    } else {
      event.client = false;
    }
    Value type;
    TRY(read(type));
    for (const EventType each : {EventType::invoke, EventType::ok, EventType::fail, EventType::info}) {
      if (type.text() == to_string(each)) event.type = each;
    }
    Value f;
    TRY(read(f));
    if (!f.is_name() && !f.is_nil()) return error(f, "expected the operation's name (:read, :write, ...) after its type");
    event.f = f.text();
    // What a nemesis or an exception prints need not be data.
    if (!event.client) return {};
    TRY(read(event.value));
    const Result<> rest = read(event.error);
    if (!rest && event.type == EventType::ok) return rest.error();
    return {};
  }

  // The next value of the line; a nil at its end.
  Result<> read(Value& value) {
    if (parser_.skip() == FormParser::Status::malformed) return input_.error(parser_.position(), parser_.message());
    if (parser_.at_end()) return {};
    if (parser_.parse(value) != FormParser::Status::done) return input_.error(parser_.position(), parser_.message());
    return {};
  }

  TextInput& input_;
  Arena arena_;
  FormParser parser_;
  std::size_t line_size_ = 0;
  std::size_t event_at_ = 0;
};

}  // namespace

std::unique_ptr<EventReader> make_jepsen_log_reader(TextInput& input) { return std::make_unique<JepsenLogReader>(input); }

}  // namespace faultline::formats
