// Makes an invalid history small: a sub-history that is still invalid, and whose being invalid means that the whole one is.
//
// Not every part of an invalid history proves something: without the write, any read of its value is "invalid". So only this is
// taken away: what happened after the operation that cannot be placed; operations that change nothing; all the operations of a
// *component*, where the model can tell what depends on what (of a register: all that has to do with one value); and what is
// before an operation that *settles* the state of its component (of a text: a put, of a tree: a create), so that the past does not
// matter. What is left is tried again each time, by the search, under a budget of its own: a witness is a help, not an answer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "checkers/linearizability/model.h"
#include "checkers/linearizability/search.h"

namespace faultline::linearizability {

/// The component of an operation that cannot be taken away with others.
inline constexpr std::uint32_t no_component = no_event;

struct ShrinkItem {
  Item item;
  bool observes = false;
  std::uint32_t component = no_component;
  bool links = false;            // it observes all components
  bool settles = false;          // see the concept Settling
  bool always_possible = false;  // the same
};

/// `items` without what is before `items[at]`, which settles the state of its component: what ended before it began, and what observed
/// the component before it had ended. Nothing if that cannot be done: something else may have changed the component at the same time.
///
/// If `items` can be ordered, so can the result. Requires: `items[at]` settles.
std::optional<std::vector<ShrinkItem>> settled_at(std::span<const ShrinkItem> items, std::size_t at);

/// Answers whether some operations can be ordered.
class Judge {
 public:
  virtual ~Judge() = default;
  /// Requires: `items` are sorted by invocation. The answer's numbers are indices into them.
  virtual SearchAnswer judge(std::span<const ShrinkItem> items, Budget& budget) = 0;
};

struct Shrunk {
  std::vector<ShrinkItem> items;  // sorted by invocation
  SearchAnswer answer;            // about them: invalid
  bool minimal = false;           // nothing more can be taken away, and the budget lasted to see it
};

/// Requires: `items` are sorted by invocation, and `answer`, about them, is invalid.
Shrunk shrink(std::vector<ShrinkItem> items, SearchAnswer answer, Judge& judge, Budget& budget);

/// Gives operations that touch a value in common, or through others, the same component. `touched`: pairs of an index into
/// `items` and a value; an item without any is in no component.
void assign_components(std::span<ShrinkItem> items, std::vector<std::pair<std::int64_t, std::uint32_t>> touched);

}  // namespace faultline::linearizability
