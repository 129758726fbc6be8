// The search for an order of operations, after Wing and Gong (1993), Lowe ("Testing for linearizability", 2017).
//
// It goes through the completions in their order. To pass one, its operation must have been placed; if it has not, it is placed
// now, alone or after others that are under way: *just in time*. Nothing is placed earlier than some completion asks for it, but
// operations that change nothing, which are placed as soon as they fit. A configuration is (completions passed, operations placed
// whose completion is still to come, state); one that was seen before is not gone into again.
//
// Indefinite operations never complete, so nothing ever forces one. Three rules keep them from doubling the work each:
//   - of several that are alike only the earliest is tried, and none while one that must happen does the same;
//   - one that would change nothing is not tried;
//   - a configuration that has used up more of them than another, like it in all else, is *dominated* and not gone into.
//
// Where a state only grows (a log, a text that is appended to), an operation that is still to observe it tells early that an order
// was wrong: such a configuration is given up at once.
//
// The core knows nothing of models: states and kinds of steps are numbers, and a Stepper knows the function between them. So it is
// compiled once.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "checkers/linearizability/result.h"

namespace faultline::linearizability {

inline constexpr std::uint32_t no_state = std::numeric_limits<std::uint32_t>::max();

/// The transition function, on numbers. State 0 is the initial one.
class Stepper {
 public:
  virtual ~Stepper() = default;
  /// The state that a step of this kind leads to, or no_state if it cannot happen there.
  virtual std::uint32_t step(std::uint32_t state, std::uint32_t kind) = 0;
  virtual std::size_t bytes() const = 0;
  /// Whether this observing kind fits no state that can be reached from here without a reset. `foresees()`: whether to ask.
  virtual bool out_of_reach(std::uint32_t state, std::uint32_t kind) = 0;
  virtual bool foresees() const = 0;
};

struct SearchOperation {
  std::uint32_t invoke = 0;
  std::uint32_t completion = no_event;  // no_event: may happen at any time, or never
  std::uint32_t kind = 0;               // the same for operations with the same input and output
  std::uint32_t input = 0;              // the same for operations with the same input
  bool observes = false;                // changes no state
  bool resets = false;                  // what the state was before does not matter after it
  bool bounded = false;                 // its completion is another's

  bool optional() const { return completion == no_event; }
};

/// What the searches of one check may spend: steps and time all together, memory each, since its tables go when it ends.
class Budget {
 public:
  static constexpr std::uint64_t no_share = std::numeric_limits<std::uint64_t>::max();

  explicit Budget(const Options& options) : Budget(options, options.steps) {}
  Budget(const Options& options, std::uint64_t steps) : options_(options), steps_(steps) {}

  /// Another search begins, and may take `share` steps of what is left.
  void begin(std::uint64_t share);
  /// Notes `steps` more. False if the search has to end; `reason` says why.
  bool spend(std::uint64_t steps, std::size_t bytes_in_use);
  const std::string& reason() const { return reason_; }
  /// Whether the search ended for its share alone.
  bool share_is_up() const { return share_is_up_; }
  std::size_t peak_bytes() const { return peak_bytes_; }

 private:
  static constexpr std::uint64_t steps_between_questions = 4096;

  const Options& options_;
  std::uint64_t steps_;
  std::uint64_t spent_ = 0;
  std::uint64_t share_end_ = no_share;
  std::uint64_t asked_at_ = 0;
  std::size_t peak_bytes_ = 0;
  bool over_ = false;  // steps or time: for all searches
  bool share_is_up_ = false;
  std::string reason_;
};

struct SearchAnswer {
  checkers::Verdict::Outcome outcome = checkers::Verdict::Outcome::valid;
  /// An order, as indices into the operations given: of all that must happen if valid, else the longest one found. The
  /// longest is the one that passes most completions.
  std::vector<std::uint32_t> order{};
  std::uint32_t stuck = no_event;  // not valid: the operation whose completion could not be passed
  std::uint64_t configurations = 0;
};

/// Requires: `operations` are sorted by invocation; an observing one is not optional.
SearchAnswer search(std::span<const SearchOperation> operations, Stepper& stepper, Budget& budget);

}  // namespace faultline::linearizability
