// OperationConverter: events on a sequential object as operations for the linearizability checker (checkers/linearizability).
//
// The names of functions are those of Jepsen's and Porcupine's tests, with their usual synonyms (docs/CHECKING.md has the list). The
// object is named by the event's key, or by the first half of a pair, as Jepsen's `independent` has it: :value [key value].
// Inputs are taken from the invocation, outputs from an ok completion, and a failed operation is left out: `fail` says that it has
// not happened.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "checkers/formats/names.h"
#include "checkers/formats/pairing.h"
#include "checkers/formats/tally.h"
#include "checkers/linearizability/models.h"

namespace faultline::formats {

enum class Model : std::uint8_t { register_, multi_register, kv, mutex, owned_mutex, set, queue, stack, log, znodes };

std::span<const Model> all_models();
/// "register", "multi-register", ...
std::string_view to_string(Model model);
/// By name; "cas-register" is a register as well, "lock" a mutex.
std::optional<Model> parse_model(std::string_view name);

using OperationVector =
    std::variant<std::vector<linearizability::RegisterOperation>, std::vector<linearizability::MultiRegisterOperation>,
                 std::vector<linearizability::KvOperation>, std::vector<linearizability::MutexOperation>,
                 std::vector<linearizability::SetOperation>, std::vector<linearizability::QueueOperation>,
                 std::vector<linearizability::LogOperation>, std::vector<linearizability::ZnodeOperation>>;

struct ReadOperations {
  Model model = Model::register_;
  OperationVector operations;
  std::vector<std::string> keys;  // the names of the objects
  ValueNumbers values;            // what the operations' numbers stand for
  checkers::Vacuity vacuity;
};

/// Whether they are linearizable, by the model they were read for. Texts of the result name values and objects as the file does.
linearizability::Result check(const ReadOperations& read, const linearizability::Options& options);

class OperationConverter {
 public:
  explicit OperationConverter(Model model);

  /// Takes the event that `reader` has just read. Errors: malformed, with its place.
  Result<> add(const Event& event, const EventReader& reader);
  ReadOperations take() &&;

 private:
  Result<> begin(const Event& event, const EventReader& reader);
  Result<> end(const Event& event, const EventReader& reader);

  // Of an operation while its events are read; the rest is in the vector.
  struct Note {
    Time begun{};
    bool keyed = false;  // its value is a pair of key and value
    bool writes = false;
    bool failed = false;
    bool ended = false;
  };

  ReadOperations read_;
  NameTable keys_;
  Pairing pairing_;
  Tally tally_;
  std::vector<Note> notes_;  // one per operation
  std::uint32_t events_ = 0;
};

}  // namespace faultline::formats
