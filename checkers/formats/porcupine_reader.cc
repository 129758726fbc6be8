// Porcupine's operations as JSON, one object an operation: {"ClientId":0,"Input":{...},"Call":12,"Output":{...},"Return":34}.
//
// Each holds two events, and the file is in any order, so it is read whole, then sorted by time. At equal times calls come before
// returns, as in Porcupine: such operations overlap. What is in Input and Output is up to whoever wrote it; read is what the models
// that come with Porcupine and their like have:
//   Input   "op" (or "Op", "type", "kind", "f"): a name, or Porcupine's numbers (with a "key": 0 get, 1 put, 2 append; with "arg1": 0
//           read, 1 write, 2 cas) or booleans (true reads a register, false writes it); "key"; "value" or "arg1", "arg2"
//   Output  the value itself, or an object with "value"; "exists":false is nil; "ok":false is a cas that met another value;
//           "unknown":true is an operation of unknown outcome
// A Return that is absent, null or the largest integer never came.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <tuple>

#include "checkers/formats/form_parser.h"
#include "checkers/formats/readers.h"

namespace faultline::formats {

namespace {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

struct TimedOperation {
  std::int32_t client = 0;
  std::int64_t call = 0;
  std::int64_t returned = never;
  Event invocation;
  Event completion;
  Place place;
};

struct TimedEvent {
  std::int64_t time = 0;
  bool returned = false;
  std::uint32_t operation = 0;
};

bool same_letters(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// The first of the fields that has one of `names`, in any case.
const Value* find_any(const Value& map, std::initializer_list<std::string_view> names) {
  const std::span<const Value> entries = map.is_map() ? map.items() : std::span<const Value>();
  for (const std::string_view name : names) {
    for (std::size_t i = 0; i + 1 < entries.size(); i += 2) {
      if (same_letters(entries[i].text(), name)) return &entries[i + 1];
    }
  }
  return nullptr;
}

class PorcupineReader final : public EventReader {
 public:
  explicit PorcupineReader(TextInput& input) : input_(input), parser_(Notation::json, arena_) {}

  Result<bool> next(Event& event) override {
    if (!loaded_) TRY(load());
    if (next_ == events_.size()) return false;
    const TimedEvent& at = events_[next_++];
    const TimedOperation& operation = operations_[at.operation];
    event = at.returned ? operation.completion : operation.invocation;
    event.time = at.time;
    place_ = operation.place;
    // Several operations of one client may be under way: the operation's number ties its two events.
    event.fields = numbers_[at.operation];
    return true;
  }

  Error error(const Value& /*where*/, std::string_view message) const override { return input_.error(place_, message); }

 private:
  Result<> load() {
    loaded_ = true;
    while (TRY(next_form())) TRY(add());
    sort();
    return {};
  }

  // Objects one after another, or in one array.
  Result<bool> next_form() {
    for (;;) {
      parser_.start(input_.window(), input_.complete());
      FormParser::Status status = parser_.skip();
      if (status == FormParser::Status::done && !parser_.at_end()) {
        if (parser_.peek() == '[' || parser_.peek() == ']') {
          input_.consume(parser_.position() + 1);
          continue;
        }
        const std::size_t at = parser_.position();
        place_ = input_.place(at);
        parser_.start(input_.window(), input_.complete(), at);
        status = parser_.parse(form_);
        if (status == FormParser::Status::done) return true;
      }
      if (status == FormParser::Status::malformed) return input_.error(parser_.position(), parser_.message());
      if (input_.complete()) return false;
      TRY(input_.grow());
    }
  }

  Result<> add() {
    if (!form_.is_map()) return bad("expected an operation: an object with ClientId, Input, Call, Output and Return");
    TimedOperation operation;
    operation.place = place_;
    operation.call = TRY(time(form_, "Call", std::nullopt));
    operation.returned = TRY(time(form_, "Return", never));
    operation.client = static_cast<std::int32_t>(TRY(client()));
    if (operation.returned < operation.call) return bad("an operation returns before it is called");
    const Value* input = find_any(form_, {"Input"});
    if (input == nullptr) return bad("\"Input\" is missing");
    TRY(read_input(*input, operation.invocation));
    const Value* output = find_any(form_, {"Output"});
    operation.completion = operation.invocation;
    operation.completion.type = EventType::ok;
    read_output(output == nullptr ? Value() : *output, operation.completion);
    for (Event* event : {&operation.invocation, &operation.completion}) {
      event->process = operation.client;
      event->f = kept_.copy(event->f);
      event->key = kept_.deep_copy(event->key);
      event->value = kept_.deep_copy(event->value);
    }
    if (operations_.size() == std::numeric_limits<std::uint32_t>::max()) return bad("too many operations");
    operations_.push_back(operation);
    input_.consume(parser_.position());
    arena_.clear();
    return {};
  }

  Error bad(std::string_view message) const { return input_.error(place_, message); }

  Result<std::int64_t> time(const Value& map, std::string_view name, std::optional<std::int64_t> absent) const {
    const Value* value = find_any(map, {name});
    if (value != nullptr && value->is_integer()) return value->integer();
    if ((value == nullptr || value->is_nil()) && absent) return *absent;
    return bad(fmt::format("\"{}\" must be an integer", name));
  }

  Result<std::int64_t> client() const {
    const std::int64_t id = TRY(time(form_, "ClientId", 0));
    if (id < std::numeric_limits<std::int32_t>::min() || id > std::numeric_limits<std::int32_t>::max()) {
      return bad("\"ClientId\" must be an integer of 32 bits");
    }
    return id;
  }

  Result<> read_input(const Value& input, Event& event) {
    event.type = EventType::invoke;
    if (input.contains("Type") && (input.contains("Txn") || input.contains("Range"))) {
      return bad(
          "this is a request of etcd's robustness tests; they ask for revisions and leases over all keys at once, and there is "
          "no model of that here");
    }
    const Value* key = find_any(input, {"key"});
    const Value* op = find_any(input, {"op", "f", "type", "kind", "operation"});
    const Value* value = find_any(input, {"value", "val", "arg1", "arg", "element"});
    const Value* second = find_any(input, {"arg2"});
    if (key != nullptr) event.key = *key;
    if (value != nullptr) event.value = *value;
    if (op == nullptr) return bad("\"Input\" has no \"op\" that says what was called");
    event.f = TRY(function(*op, key != nullptr, find_any(input, {"arg1"}) != nullptr));
    if (event.f == "cas") {
      const Value* from = find_any(input, {"from", "expected", "old", "arg1"});
      const Value* to = find_any(input, {"to", "new", "value", "arg2"});
      if (from != nullptr && to != nullptr) {
        pair_ = {*from, *to};
        event.value = Value::items(pair_);
      }
    } else if (second == nullptr && (event.f == "read" || event.f == "get")) {
      event.value = {};
    }
    return {};
  }

  Result<std::string_view> function(const Value& op, bool keyed, bool numbered) const {
    constexpr std::array<std::string_view, 3> kv{"get", "put", "append"};
    constexpr std::array<std::string_view, 3> etcd{"read", "write", "cas"};
    if (op.kind() == Kind::boolean) return op.is_true() ? "read" : "write";
    if (op.is_integer() && op.integer() >= 0 && op.integer() < 3 && (keyed || numbered)) {
      return (keyed ? kv : etcd)[static_cast<std::size_t>(op.integer())];
    }
    if (op.kind() == Kind::text) return op.text();
    return bad(
        "the \"op\" of an \"Input\" must be a name (\"get\", \"put\", ...), a boolean, or 0 to 2 beside a \"key\" or an "
        "\"arg1\"");
  }

  static void read_output(const Value& output, Event& event) {
    if (!output.is_map()) {
      if (event.f != "cas" || output.kind() == Kind::boolean) event.value = output;
      return;
    }
    const Value* unknown = find_any(output, {"unknown"});
    const Value* exists = find_any(output, {"exists"});
    const Value* ok = find_any(output, {"ok"});
    const Value* value = find_any(output, {"value", "val"});
    if (unknown != nullptr && unknown->is_true()) event.type = EventType::info;
    if (event.f == "cas") {
      if (ok != nullptr) event.value = *ok;
      return;
    }
    event.value = value == nullptr || (exists != nullptr && !exists->is_true()) ? Value() : *value;
  }

  void sort() {
    for (std::uint32_t i = 0; i < operations_.size(); ++i) {
      events_.push_back({operations_[i].call, false, i});
      if (operations_[i].returned != never) events_.push_back({operations_[i].returned, true, i});
      const Value entries[] = {Value::text("op"), Value::integer(i)};
      numbers_.push_back(Value::items(kept_.copy(std::span<const Value>(entries)), Kind::map));
    }
    std::ranges::sort(events_, [](const TimedEvent& a, const TimedEvent& b) {
      return std::tie(a.time, a.returned, a.operation) < std::tie(b.time, b.returned, b.operation);
    });
  }

  TextInput& input_;
  Arena arena_;  // of the operation that is being read
  Arena kept_;   // of all
  FormParser parser_;
  Value form_;
  Place place_;
  std::array<Value, 2> pair_;
  std::vector<TimedOperation> operations_;
  std::vector<Value> numbers_;
  std::vector<TimedEvent> events_;
  std::size_t next_ = 0;
  bool loaded_ = false;
};

}  // namespace

std::unique_ptr<EventReader> make_porcupine_reader(TextInput& input) { return std::make_unique<PorcupineReader>(input); }

}  // namespace faultline::formats
