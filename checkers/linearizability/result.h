// What the linearizability checker may spend, and what it answers.
//
// `unknown` is an answer of its own, with its reason: the search is exponential in the worst case, and a checker that is killed
// for its memory has said nothing. What was found until then (the longest sequence of operations that can be placed) is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkers/linearizability/operation.h"
#include "checkers/verdict.h"

namespace faultline::linearizability {

struct Options {
  std::size_t memory_bytes = std::size_t{1} << 30;                  // for the states and configurations of the search
  std::uint64_t steps = std::numeric_limits<std::uint64_t>::max();  // model steps and configurations, whatever comes first
  std::function<bool()> keep_going{};                               // asked every few thousand steps; false ends the search
  std::uint64_t witness_steps = 200'000;                            // what making the witness smaller may cost; 0: as found
  std::function<std::string(std::uint32_t)> key_name{};             // what to call a key; without it, "key 3"
  std::function<std::string(std::uint32_t)> describe_source{};      // an operation in the words of its file, by Operation::source
  bool fast_paths = true;                                           // false: the search alone, to compare the two
};

/// An operation of a witness, with all that a report or a picture needs.
struct WitnessOperation {
  std::uint32_t index = 0;   // into the operations that were checked
  std::uint32_t source = 0;  // Operation::source
  std::int32_t process = 0;
  std::uint32_t invoke_index = 0;
  std::uint32_t completion_index = no_event;  // no_event if indefinite
  bool indefinite = false;
  bool placed = false;  // it has a place in the longest order that was found: the `place`-th, from 0
  std::uint32_t place = 0;
  bool stuck = false;  // the one that cannot be placed
  std::string text;    // "write 3", "read -> 4"
};

struct Result {
  using Verdict = checkers::Verdict;

  Verdict::Outcome outcome = Verdict::Outcome::valid;
  std::string reason;     // of `unknown`: why there is no answer
  std::string algorithm;  // "search", "register zones", ...: what decided it
  std::string object;     // of `invalid` and `unknown`: which key, where the history is split by key
  /// An order in which operations can have taken effect, as indices into the operations checked: of all of them if valid (all keys,
  /// key by key), else the longest one that was found of the object that failed. Empty where a fast path found a contradiction.
  std::vector<std::uint32_t> linearization;
  /// The first operation, by completion, that has no place after the best attempt.
  std::optional<std::uint32_t> stuck;
  /// A small set of operations that is invalid by itself: leaving out any one (an indefinite one, a read, or a change together
  /// with what depends on it) makes it valid, unless the bound on its cost was hit, which `minimal` tells. In order of invocation.
  std::vector<WitnessOperation> witness;
  bool minimal = false;
  std::size_t witness_left_out = 0;  // operations of a very large witness, the earliest, that were left out of it
  std::string text;                  // one or two sentences: which operation has no place, and why

  std::uint64_t operations = 0;
  std::uint64_t indefinite = 0;
  std::uint64_t objects = 0;         // parts that were checked each for itself
  std::uint64_t configurations = 0;  // that the search went through
  std::size_t peak_bytes = 0;        // of the search's tables
};

/// `result` in the form of all checkers' verdicts: the anomaly `not-linearizable` with the sources of the witness.
checkers::Verdict to_verdict(const Result& result);

/// The witness as lines for a terminal: event, process, operation, in order of invocation; at most `lines_max` of them.
std::string witness_text(const Result& result, std::size_t lines_max = 40);

}  // namespace faultline::linearizability
