// The input of the linearizability checker: operations on an object, each with the two events between which it took effect.
//
// Histories come in many notations; whoever reads one makes a vector of these from it (in any order, the checker sorts), for the
// model that fits: checkers/linearizability/models.h. Only what matters to the question is left:
//
//   - an operation that is known to have failed, that is, of which no attempt took effect, is left out;
//   - an operation without a completion, or with an indefinite one, is `indefinite`: it may have taken effect at any time after its
//     invocation, *or never*. Its completion, if there is one, bounds nothing, and its output is not looked at;
//   - time is the order of events: indices are unique within a history, so that two operations overlap, or one is before the other.
#pragma once

#include <cstdint>

#include "checkers/history.h"

namespace faultline::linearizability {

using checkers::no_event;

enum class Outcome : std::uint8_t { ok, indefinite };

template <class InputType, class OutputType>
struct Operation {
  using Input = InputType;
  using Output = OutputType;

  std::int32_t process = 0;
  std::uint32_t invoke_index = 0;
  std::uint32_t completion_index = no_event;  // of an `ok` one: after invoke_index. Ignored if indefinite
  Outcome outcome = Outcome::indefinite;
  Input input{};
  Output output{};           // meaningless if indefinite
  std::uint32_t source = 0;  // the operation's number in the file that it came from, for witnesses

  bool ok() const { return outcome == Outcome::ok; }
};

}  // namespace faultline::linearizability
