// r(key,value,session,txn), the notation of PolySI, Plume and AWDIT: sessions and transactions, and no time at all.
//
// The lines of a transaction stand together. Transaction -1 is Plume's word for "aborted": each such write is one of its own.
// A transaction becomes one event {f txn, value [[r key value] [w key value] ...]}, a completion without an invocation.
#include <fmt/format.h>

#include <limits>
#include <unordered_set>

#include "checkers/formats/line_syntax.h"
#include "checkers/formats/readers.h"

namespace faultline::formats {

namespace {

constexpr std::int64_t aborted = -1;

class SessionReader final : public EventReader {
 public:
  explicit SessionReader(TextInput& input) : input_(input) {}

  bool has_realtime() const override { return false; }

  Result<bool> next(Event& event) override {
    arena_.clear();
    event = {};
    operations_.clear();
    SessionOperation first;
    for (;;) {
      const std::optional<Line> line = TRY(next_line(input_));
      if (!line) break;
      if (line->text.find_first_not_of(" \t\r") != std::string_view::npos) {
        const auto operation = parse_session_line(line->text);
        if (!operation) return input_.error(0, "expected r(key,value,session,txn) or w(key,value,session,txn), all integers");
        if (operations_.empty()) {
          place_ = input_.place(0);
          first = *operation;
        } else if (operation->transaction != first.transaction || first.transaction == aborted) {
          break;
        } else if (operation->session != first.session) {
          return input_.error(0, fmt::format("transaction {} is in two sessions, {} and {}", first.transaction, first.session,
                                             operation->session));
        }
        add(*operation);
      }
      input_.consume(line->size);
    }
    if (operations_.empty()) return false;
    TRY(check(first));
    event.type = first.transaction == aborted ? EventType::fail : EventType::ok;
    event.process = static_cast<std::int32_t>(first.session);
    event.f = "txn";
    event.value = Value::items(arena_.copy(operations_));
    return true;
  }

  Error error(const Value& /*where*/, std::string_view message) const override { return input_.error(place_, message); }

 private:
  void add(const SessionOperation& operation) {
    const Value parts[] = {Value::keyword(operation.write ? "w" : "r"), Value::integer(operation.key),
                           Value::integer(operation.value)};
    operations_.push_back(Value::items(arena_.copy(std::span<const Value>(parts))));
  }

  Result<> check(const SessionOperation& first) {
    if (first.session < std::numeric_limits<std::int32_t>::min() || first.session > std::numeric_limits<std::int32_t>::max()) {
      return input_.error(place_, "the session must be an integer of 32 bits");
    }
    if (first.transaction != aborted && !seen_.insert(first.transaction).second) {
      return input_.error(
          place_, fmt::format("transaction {} goes on after another one began; put its lines together (sort -s -t, -k4,4)",
                              first.transaction));
    }
    return {};
  }

  TextInput& input_;
  Arena arena_;
  std::vector<Value> operations_;
  std::unordered_set<std::int64_t> seen_;
  Place place_;
};

}  // namespace

std::unique_ptr<EventReader> make_session_reader(TextInput& input) { return std::make_unique<SessionReader>(input); }

}  // namespace faultline::formats
