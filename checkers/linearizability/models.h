// The built-in models: sequential objects, as functions from a state and an operation to the next state.
//
// checkers/linearizability/model.h says what a model is, for those who write one of their own. Every object has a `key`, which the reader of a history makes from
// whatever names it there (0 if there is one object only); objects are checked each for itself.
//
// Values are numbers. A reader that meets other values (nil, keywords, text) numbers them, and keeps `nil` for "nothing".
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkers/linearizability/model.h"
#include "checkers/linearizability/operation.h"
#include "checkers/linearizability/result.h"

namespace faultline::linearizability {

using Key = std::uint32_t;
using Value = std::int64_t;
/// What is in a register that was never written; what a dequeue returns if the queue is empty.
inline constexpr Value nil = std::numeric_limits<Value>::min();

// --- register, with or without compare-and-set ------------------------------------------------------------------------------

struct RegisterInput {
  enum class Kind : std::uint8_t { read, write, cas };
  Kind kind = Kind::read;
  Key key = 0;
  Value value = nil;     // to write
  Value expected = nil;  // of a cas
  bool operator==(const RegisterInput&) const = default;
};
struct RegisterOutput {
  Value value = nil;      // of a read
  bool succeeded = true;  // of a cas; false: the value was not the expected one
  bool operator==(const RegisterOutput&) const = default;
};
struct Register {
  using Input = RegisterInput;
  using Output = RegisterOutput;
  using State = Value;

  Value initial_value = nil;

  State initial() const;
  std::optional<State> apply(const State& state, const Input& input, const Output* output) const;
  std::uint64_t hash(const State& state) const;
  std::string describe(const Input& input, const Output* output) const;
  bool observes(const Input& input, const Output* output) const;
  std::uint64_t partition(const Input& input) const { return input.key; }
  bool blind(const Input& input) const;
  std::uint64_t hash_input(const Input& input) const;
  std::uint64_t hash_output(const Output& output) const;
  std::optional<Decision> decide(std::span<const Operation<Input, Output>> operations, std::span<const Item> items) const;
  bool touched(const Operation<Input, Output>& operation, std::vector<std::int64_t>& values) const;
};

// --- several registers, read and written together ---------------------------------------------------------------------------

struct MultiRegisterInput {
  struct Access {
    bool write = false;
    Key key = 0;
    Value value = nil;  // to write
    bool operator==(const Access&) const = default;
  };
  std::vector<Access> accesses;  // in order: a read sees the writes before it
  bool operator==(const MultiRegisterInput&) const = default;
};
struct MultiRegisterOutput {
  std::vector<Value> values;  // one per access; of a write it is ignored
  bool operator==(const MultiRegisterOutput&) const = default;
};
struct MultiRegister {
  using Input = MultiRegisterInput;
  using Output = MultiRegisterOutput;
  using State = std::vector<std::pair<Key, Value>>;  // by key; those that hold the initial value are left out

  Value initial_value = nil;

  State initial() const;
  std::optional<State> apply(const State& state, const Input& input, const Output* output) const;
  std::uint64_t hash(const State& state) const;
  std::string describe(const Input& input, const Output* output) const;
  bool observes(const Input& input, const Output* output) const;
  /// The object that each operation is on: keys that some operation accesses together are one.
  std::vector<std::uint64_t> groups(std::span<const Operation<Input, Output>> operations) const;
  std::size_t bytes(const State& state) const;
  std::uint64_t hash_input(const Input& input) const;
  std::uint64_t hash_output(const Output& output) const;
};

// --- key-value store of texts -------------------------------------------------------------------------------------------------

struct KvInput {
  enum class Kind : std::uint8_t { get, put, append };
  Kind kind = Kind::get;
  Key key = 0;
  std::string value{};  // to put or to append
  bool operator==(const KvInput&) const = default;
};
struct KvOutput {
  std::string value{};  // of a get; a missing key reads as ""
  bool operator==(const KvOutput&) const = default;
};
struct Kv {
  using Input = KvInput;
  using Output = KvOutput;
  using State = std::string;

  State initial() const;
  std::optional<State> apply(const State& state, const Input& input, const Output* output) const;
  std::uint64_t hash(const State& state) const;
  std::string describe(const Input& input, const Output* output) const;
  bool observes(const Input& input, const Output* output) const;
  std::uint64_t partition(const Input& input) const { return input.key; }
  bool blind(const Input& input) const;
  std::size_t bytes(const State& state) const;
  std::uint64_t hash_input(const Input& input) const;
  std::uint64_t hash_output(const Output& output) const;
  bool resets(const Input& input) const;
  bool out_of_reach(const State& state, const Input& input, const Output& output) const;
  bool settles(const Operation<Input, Output>& operation) const;
  bool always_possible(const Operation<Input, Output>& operation) const;
};

// --- mutex ------------------------------------------------------------------------------------------------------------------

struct MutexInput {
  enum class Kind : std::uint8_t { acquire, release };
  Kind kind = Kind::acquire;
  Key key = 0;
  std::int32_t owner = 0;  // who asks: the process, as a rule. Matters if the model checks owners
  bool operator==(const MutexInput&) const = default;
};
struct MutexOutput {
  bool granted = true;  // false: an acquire found it held, a release found that it was not the caller's to release
  bool operator==(const MutexOutput&) const = default;
};
struct Mutex {
  using Input = MutexInput;
  using Output = MutexOutput;
  using State = std::optional<std::int32_t>;  // the owner, if it is held; always 0 where owners do not matter

  bool check_owner = false;  // a release must come from the owner that holds it

  State initial() const;
  std::optional<State> apply(const State& state, const Input& input, const Output* output) const;
  std::uint64_t hash(const State& state) const;
  std::string describe(const Input& input, const Output* output) const;
  bool observes(const Input& input, const Output* output) const;
  std::uint64_t partition(const Input& input) const { return input.key; }
  std::uint64_t hash_input(const Input& input) const;
  std::uint64_t hash_output(const Output& output) const;
};

// --- set --------------------------------------------------------------------------------------------------------------------

struct SetInput {
  enum class Kind : std::uint8_t { add, remove, contains, read };
  Kind kind = Kind::add;
  Key key = 0;
  Value element = nil;  // of all but `read`, which returns all elements
  bool operator==(const SetInput&) const = default;
};
struct SetOutput {
  enum class Answer : std::uint8_t { not_told, no, yes };
  Answer answer = Answer::not_told;  // add, remove: did it change the set? contains: is it in?
  std::vector<Value> elements{};     // of a read, in any order
  bool operator==(const SetOutput&) const = default;
};
struct Set {
  using Input = SetInput;
  using Output = SetOutput;
  using State = std::vector<Value>;  // ascending

  State initial() const;
  std::optional<State> apply(const State& state, const Input& input, const Output* output) const;
  std::uint64_t hash(const State& state) const;
  std::string describe(const Input& input, const Output* output) const;
  bool observes(const Input& input, const Output* output) const;
  /// The object that each operation is on: by key, and by element where the whole set is never read.
  std::vector<std::uint64_t> groups(std::span<const Operation<Input, Output>> operations) const;
  std::size_t bytes(const State& state) const;
  std::uint64_t hash_input(const Input& input) const;
  std::uint64_t hash_output(const Output& output) const;
  std::optional<Decision> decide(std::span<const Operation<Input, Output>> operations, std::span<const Item> items) const;
  bool touched(const Operation<Input, Output>& operation, std::vector<std::int64_t>& values) const;
  bool settles(const Operation<Input, Output>& operation) const;
  bool always_possible(const Operation<Input, Output>& operation) const;
};

// --- queue and stack --------------------------------------------------------------------------------------------------------

struct QueueInput {
  enum class Kind : std::uint8_t { put, take };  // enqueue and dequeue; push and pop
  Kind kind = Kind::put;
  Key key = 0;
  Value value = nil;  // of a put
  bool operator==(const QueueInput&) const = default;
};
struct QueueOutput {
  Value value = nil;  // of a take; nil: it was empty
  bool operator==(const QueueOutput&) const = default;
};
/// First in, first out.
struct Queue {
  using Input = QueueInput;
  using Output = QueueOutput;
  using State = std::vector<Value>;

  State initial() const;
  std::optional<State> apply(const State& state, const Input& input, const Output* output) const;
  std::uint64_t hash(const State& state) const;
  std::string describe(const Input& input, const Output* output) const;
  bool observes(const Input& input, const Output* output) const;
  std::uint64_t partition(const Input& input) const { return input.key; }
  bool blind(const Input& input) const;
  std::size_t bytes(const State& state) const;
  void refine(std::span<const Operation<Input, Output>> operations, std::vector<Item>& items) const;
  std::uint64_t hash_input(const Input& input) const;
  std::uint64_t hash_output(const Output& output) const;
  std::optional<Decision> decide(std::span<const Operation<Input, Output>> operations, std::span<const Item> items) const;
  bool touched(const Operation<Input, Output>& operation, std::vector<std::int64_t>& values) const;
};
/// Last in, first out.
struct Stack {
  using Input = QueueInput;
  using Output = QueueOutput;
  using State = std::vector<Value>;

  State initial() const;
  std::optional<State> apply(const State& state, const Input& input, const Output* output) const;
  std::uint64_t hash(const State& state) const;
  std::string describe(const Input& input, const Output* output) const;
  bool observes(const Input& input, const Output* output) const;
  std::uint64_t partition(const Input& input) const { return input.key; }
  bool blind(const Input& input) const;
  std::size_t bytes(const State& state) const;
  void refine(std::span<const Operation<Input, Output>> operations, std::vector<Item>& items) const;
  std::uint64_t hash_input(const Input& input) const;
  std::uint64_t hash_output(const Output& output) const;
  std::optional<Decision> decide(std::span<const Operation<Input, Output>> operations, std::span<const Item> items) const;
  bool touched(const Operation<Input, Output>& operation, std::vector<std::int64_t>& values) const;
};

// --- append-only log ----------------------------------------------------------------------------------------------------------

struct LogInput {
  enum class Kind : std::uint8_t { append, read };
  Kind kind = Kind::append;
  Key key = 0;
  Value value = nil;      // of an append
  std::int64_t from = 0;  // of a read: the first offset wanted
  bool operator==(const LogInput&) const = default;
};
struct LogOutput {
  std::int64_t offset = checkers::no_offset;  // of an append; no_offset: not told
  std::vector<Value> values{};                // of a read
  bool to_end = true;                         // of a read: `values` reach the end of the log (false: it may go on)
  bool operator==(const LogOutput&) const = default;
};
struct Log {
  using Input = LogInput;
  using Output = LogOutput;
  using State = std::vector<Value>;

  State initial() const;
  std::optional<State> apply(const State& state, const Input& input, const Output* output) const;
  std::uint64_t hash(const State& state) const;
  std::string describe(const Input& input, const Output* output) const;
  bool observes(const Input& input, const Output* output) const;
  std::uint64_t partition(const Input& input) const { return input.key; }
  std::size_t bytes(const State& state) const;
  void refine(std::span<const Operation<Input, Output>> operations, std::vector<Item>& items) const;
  std::uint64_t hash_input(const Input& input) const;
  std::uint64_t hash_output(const Output& output) const;
  bool resets(const Input& input) const;
  bool out_of_reach(const State& state, const Input& input, const Output& output) const;
};

// --- tree of znodes (ZooKeeper) -----------------------------------------------------------------------------------------------

struct ZnodeInput {
  enum class Kind : std::uint8_t { create, remove, set, get, exists, children };
  static constexpr std::int32_t any_version = -1;
  Kind kind = Kind::get;
  std::string path{};                  // "/a/b"; the root "/" is always there
  Value data = nil;                    // of a create or a set
  std::int32_t version = any_version;  // that a set or a remove asks for
  bool sequential = false;             // a create that appends the parent's ten-digit counter to the path
  bool operator==(const ZnodeInput&) const = default;
};
struct ZnodeOutput {
  enum class Error : std::uint8_t { none, no_node, node_exists, not_empty, bad_version };
  Error error = Error::none;
  std::string path{};                // of a sequential create: the name that it got; "" if not told
  Value data = nil;                  // of a get
  std::int32_t version = -1;         // of a set, a get, an exists; -1: not told
  std::vector<std::string> names{};  // of children, in any order
  bool operator==(const ZnodeOutput&) const = default;
};
struct Znode {
  std::string path{};
  Value data = nil;
  std::int32_t version = 0;        // how often its data was set
  std::int32_t next_sequence = 0;  // how many children it ever got
  bool operator==(const Znode&) const = default;
};
struct Znodes {
  using Input = ZnodeInput;
  using Output = ZnodeOutput;
  using State = std::vector<Znode>;  // by path

  State initial() const;
  std::optional<State> apply(const State& state, const Input& input, const Output* output) const;
  std::uint64_t hash(const State& state) const;
  std::string describe(const Input& input, const Output* output) const;
  bool observes(const Input& input, const Output* output) const;
  std::size_t bytes(const State& state) const;
  std::uint64_t hash_input(const Input& input) const;
  std::uint64_t hash_output(const Output& output) const;
  /// What is below one child of the root has to do with nothing else, as long as the root counts no children for sequential names.
  bool touched(const Operation<Input, Output>& operation, std::vector<std::int64_t>& values) const;
  bool settles(const Operation<Input, Output>& operation) const;
  bool always_possible(const Operation<Input, Output>& operation) const;
};

using RegisterOperation = Operation<RegisterInput, RegisterOutput>;
using MultiRegisterOperation = Operation<MultiRegisterInput, MultiRegisterOutput>;
using KvOperation = Operation<KvInput, KvOutput>;
using MutexOperation = Operation<MutexInput, MutexOutput>;
using SetOperation = Operation<SetInput, SetOutput>;
using QueueOperation = Operation<QueueInput, QueueOutput>;  // of a stack too
using LogOperation = Operation<LogInput, LogOutput>;
using ZnodeOperation = Operation<ZnodeInput, ZnodeOutput>;

// Whether `operations` are linearizable. The fastest algorithm that is exact for them is chosen.
Result check(const Register& model, std::span<const RegisterOperation> operations, const Options& options = {});
Result check(const MultiRegister& model, std::span<const MultiRegisterOperation> operations, const Options& options = {});
Result check(const Kv& model, std::span<const KvOperation> operations, const Options& options = {});
Result check(const Mutex& model, std::span<const MutexOperation> operations, const Options& options = {});
Result check(const Set& model, std::span<const SetOperation> operations, const Options& options = {});
Result check(const Queue& model, std::span<const QueueOperation> operations, const Options& options = {});
Result check(const Stack& model, std::span<const QueueOperation> operations, const Options& options = {});
Result check(const Log& model, std::span<const LogOperation> operations, const Options& options = {});
Result check(const Znodes& model, std::span<const ZnodeOperation> operations, const Options& options = {});

}  // namespace faultline::linearizability
