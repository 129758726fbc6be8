#include "checkers/linearizability/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <queue>
#include <tuple>

#include "base/random.h"
#include "checkers/flat_index.h"

namespace faultline::linearizability {

using checkers::FlatIndex;
using checkers::no_row;

void Budget::begin(std::uint64_t share) {
  share_is_up_ = false;
  share_end_ = share > no_share - spent_ ? no_share : spent_ + share;
  if (!over_) reason_.clear();
}

bool Budget::spend(std::uint64_t steps, std::size_t bytes_in_use) {
  spent_ += steps;
  peak_bytes_ = std::max(peak_bytes_, bytes_in_use);
  if (!reason_.empty()) return false;
  if (bytes_in_use > options_.memory_bytes) {
    reason_ = fmt::format("the search needs more than the {} MB of memory allowed", options_.memory_bytes >> 20);
  } else if (spent_ > steps_) {
    reason_ = fmt::format("the search needs more than the {} steps allowed", steps_);
    over_ = true;
  } else if (spent_ > share_end_) {
    reason_ = "the search has used up its share of the steps";
    share_is_up_ = true;
  } else if (options_.keep_going && spent_ - asked_at_ >= steps_between_questions) {
    asked_at_ = spent_;
    over_ = !options_.keep_going();
    if (over_) reason_ = "the time allowed ran out";
  }
  return reason_.empty();
}

namespace {

// The indefinite operations that a configuration has used, as lists that share their tails.
class UsedLists {
 public:
  explicit UsedLists(std::size_t operations) : marks_(operations, 0), nodes_{{no_row, 0, 0}} {}

  std::uint32_t with(std::uint32_t list, std::uint32_t operation) {
    nodes_.push_back({operation, list, nodes_[list].length + 1});
    return static_cast<std::uint32_t>(nodes_.size() - 1);
  }

  // Whether all of `a` is in `b`. What both share is not looked at, so the cost is how far they differ.
  bool contains(std::uint32_t b, std::uint32_t a) {
    if (a == b) return true;
    if (nodes_[a].length > nodes_[b].length) return false;
    ++mark_;
    missing_.clear();
    while (a != b) {
      if (nodes_[b].length >= nodes_[a].length) {
        marks_[nodes_[b].operation] = mark_;
        b = nodes_[b].parent;
      } else {
        missing_.push_back(nodes_[a].operation);
        a = nodes_[a].parent;
      }
    }
    return std::all_of(missing_.begin(), missing_.end(), [&](std::uint32_t operation) { return marks_[operation] == mark_; });
  }

  std::size_t bytes() const { return nodes_.capacity() * sizeof(Node); }

 private:
  struct Node {
    std::uint32_t operation;
    std::uint32_t parent;
    std::uint32_t length;
  };

  std::vector<std::uint64_t> marks_;
  std::uint64_t mark_ = 0;
  std::vector<std::uint32_t> missing_;
  std::vector<Node> nodes_;
};

// The configurations that were gone into.
class Visited {
 public:
  explicit Visited(std::size_t words) : words_(words) {}

  // Notes a configuration. False if it, or one that used less, was there before.
  bool insert(std::uint32_t level, std::uint32_t state, std::span<const std::uint64_t> placed, std::uint32_t used,
              UsedLists& lists) {
    std::uint64_t hash = mix64((std::uint64_t{level} << 32 | state) ^ 0x9e3779b97f4a7c15u, 0xd6e8feb86659fd93u);
    for (const std::uint64_t word : placed) hash = mix64(hash ^ word, 0xa0761d6478bd642fu);
    const auto same = [&](std::uint32_t row) {
      return entries_[row].level == level && entries_[row].state == state &&
             std::equal(placed.begin(), placed.end(), placed_.begin() + static_cast<std::ptrdiff_t>(row * words_));
    };
    const std::uint32_t first = index_.find(hash, same);
    for (std::uint32_t row = first; row != no_row; row = entries_[row].next) {
      if (lists.contains(used, entries_[row].used)) return false;
      if (lists.contains(entries_[row].used, used)) {
        entries_[row].used = used;
        return true;
      }
    }
    const auto row = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back({hash, level, state, used, no_row});
    placed_.insert(placed_.end(), placed.begin(), placed.end());
    if (first == no_row) {
      index_.insert(hash, row, [&](std::uint32_t other) { return entries_[other].hash; });
    } else {
      entries_[row].next = entries_[first].next;
      entries_[first].next = row;
    }
    return true;
  }

  std::size_t size() const { return entries_.size(); }
  std::size_t bytes() const {
    return entries_.capacity() * sizeof(Entry) + placed_.capacity() * sizeof(std::uint64_t) + index_.bytes();
  }

 private:
  struct Entry {
    std::uint64_t hash;
    std::uint32_t level;
    std::uint32_t state;
    std::uint32_t used;
    std::uint32_t next;  // the next one that differs in `used` alone
  };

  std::size_t words_;
  std::vector<Entry> entries_;
  std::vector<std::uint64_t> placed_;  // words_ per entry
  FlatIndex index_;
};

class Search {
 public:
  Search(std::span<const SearchOperation> operations, Stepper& stepper, Budget& budget)
      : operations_(operations),
        count_(static_cast<std::uint32_t>(operations.size())),
        stepper_(stepper),
        budget_(budget),
        placed_(operations.size(), false),
        twin_(operations.size(), no_row),
        slot_(operations.size(), 0),
        used_lists_(operations.size()),
        visited_(0) {
    link();
    order_completions();
    find_twins();
    assign_slots();
    visited_ = Visited(slots_.size());
  }

  SearchAnswer run() && {
    SearchAnswer answer;
    answer.outcome = explore();
    if (answer.outcome != checkers::Verdict::Outcome::valid) {
      answer.stuck = completions_[best_reach_];
      answer.order = order_of(best_trail_);
    } else {
      answer.order = order_of(trail_);
    }
    answer.configurations = visited_.size();
    return answer;
  }

 private:
  using Outcome = checkers::Verdict::Outcome;

  // Lists of operations that are not placed, in order of invocation; the heads follow the operations.
  enum List : std::uint32_t { changing, observing, indefinite, list_count };
  // What a frame tries next: the operation that must complete, then others that must happen, then indefinite ones.
  enum class Phase : std::uint8_t { due, changing, indefinite, done };

  struct Frame {
    std::uint32_t trail = 0;  // how long it was
    std::uint32_t level = 0;
    std::uint32_t state = 0;
    std::uint32_t used = 0;
    std::uint32_t cursor = 0;  // the operation tried last, or the list's head
    Phase phase = Phase::due;
  };

  static constexpr std::uint32_t retired = std::uint32_t{1} << 31;  // in the trail: passed its completion, not placed

  std::uint32_t head(List list) const { return count_ + list; }

  List list_of(const SearchOperation& operation) const {
    if (operation.optional()) return indefinite;
    return operation.observes ? observing : changing;
  }

  void link() {
    next_.assign(count_ + list_count, 0);
    previous_.assign(count_ + list_count, 0);
    std::uint32_t last[list_count] = {head(changing), head(observing), head(indefinite)};
    for (std::uint32_t i = 0; i < count_; ++i) {
      std::uint32_t& tail = last[list_of(operations_[i])];
      next_[tail] = i;
      previous_[i] = tail;
      tail = i;
    }
    for (const List list : {changing, observing, indefinite}) {
      next_[last[list]] = head(list);
      previous_[head(list)] = last[list];
    }
  }

  void order_completions() {
    for (std::uint32_t i = 0; i < count_; ++i) {
      if (!operations_[i].optional()) completions_.push_back(i);
    }
    std::sort(completions_.begin(), completions_.end(), [&](std::uint32_t a, std::uint32_t b) {
      // Where two end together it is the one that really ended that should be called stuck.
      return std::tuple(operations_[a].completion, operations_[a].bounded, a) <
             std::tuple(operations_[b].completion, operations_[b].bounded, b);
    });
  }

  // The one before it of the same kind: by completion among those that must happen, by invocation among the others.
  void find_twins() {
    std::uint32_t kinds = 0;
    for (const SearchOperation& operation : operations_) kinds = std::max(kinds, operation.kind + 1);
    std::vector<std::uint32_t> last(kinds, no_row);
    const auto follow = [&](std::uint32_t i) { twin_[i] = std::exchange(last[operations_[i].kind], i); };
    for (const std::uint32_t i : completions_) follow(i);
    std::fill(last.begin(), last.end(), no_row);
    for (std::uint32_t i = 0; i < count_; ++i) {
      if (operations_[i].optional()) follow(i);
    }
  }

  // A bit for each operation between its invocation and its completion; a bit that is free again is given to another.
  void assign_slots() {
    std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> free;
    std::uint32_t slots = 0;
    std::size_t completed = 0;
    for (std::uint32_t i = 0; i < count_; ++i) {
      if (operations_[i].optional()) continue;
      for (; operations_[completions_[completed]].completion < operations_[i].invoke; ++completed) {
        free.push(slot_[completions_[completed]]);
      }
      if (free.empty()) free.push(slots++);
      slot_[i] = free.top();
      free.pop();
    }
    slots_.assign((slots + 63) / 64, 0);
  }

  std::uint64_t bit(std::uint32_t i) const { return std::uint64_t{1} << (slot_[i] % 64); }

  void place(std::uint32_t i) {
    placed_[i] = true;
    next_[previous_[i]] = next_[i];
    previous_[next_[i]] = previous_[i];
    if (!operations_[i].optional()) slots_[slot_[i] / 64] |= bit(i);
    trail_.push_back(i);
  }

  void undo_to(std::size_t length) {
    while (trail_.size() > length) {
      const std::uint32_t entry = trail_.back();
      trail_.pop_back();
      const std::uint32_t i = entry & ~retired;
      if ((entry & retired) != 0) {
        slots_[slot_[i] / 64] |= bit(i);
        continue;
      }
      placed_[i] = false;
      next_[previous_[i]] = i;
      previous_[next_[i]] = i;
      if (!operations_[i].optional()) slots_[slot_[i] / 64] &= ~bit(i);
    }
    shared_ = std::min(shared_, trail_.size());
  }

  // What must be invoked before this event can be placed at `level`.
  std::uint32_t horizon(std::uint32_t level) const { return operations_[completions_[level]].completion; }

  // Passes all completions that can be passed without a choice.
  void advance(Frame& frame) {
    while (frame.level < completions_.size()) {
      const std::uint32_t end = horizon(frame.level);
      for (std::uint32_t i = next_[head(observing)]; i < count_ && operations_[i].invoke < end;) {
        const std::uint32_t following = next_[i];
        if (stepper_.step(frame.state, operations_[i].kind) == frame.state) place(i);
        i = following;
      }
      const std::uint32_t due = completions_[frame.level];
      if (!placed_[due]) break;
      slots_[slot_[due] / 64] &= ~bit(due);
      trail_.push_back(due | retired);
      ++frame.level;
    }
    frame.trail = static_cast<std::uint32_t>(trail_.size());
  }

  // Whether a like operation that completes earlier could be placed instead.
  bool has_earlier_twin(std::uint32_t i, const Frame& frame) const {
    const std::uint32_t end = horizon(frame.level);
    for (std::uint32_t twin = twin_[i]; twin != no_row && operations_[twin].completion >= end; twin = twin_[twin]) {
      if (!placed_[twin] && operations_[twin].invoke < end) return true;
    }
    return false;
  }

  // Whether an operation that must happen anyway does what this indefinite one would do.
  bool has_definite_twin(std::uint32_t i, std::uint32_t to, const Frame& frame) const {
    const std::uint32_t end = horizon(frame.level);
    for (std::uint32_t other = next_[head(changing)]; other < count_ && operations_[other].invoke < end; other = next_[other]) {
      if (operations_[other].input == operations_[i].input && stepper_.step(frame.state, operations_[other].kind) == to)
        return true;
    }
    return false;
  }

  struct Move {
    std::uint32_t operation = no_row;
    std::uint32_t state = no_state;
  };

  // The next operation that `frame` has to try. Requires: the trail is as the frame left it.
  Move next_move(Frame& frame) {
    const std::uint32_t due = completions_[frame.level];
    if (frame.phase == Phase::due) {
      frame.phase = Phase::changing;
      frame.cursor = head(changing);
      if (!operations_[due].observes) {  // an observing one would have been placed if it fitted
        const std::uint32_t to = stepper_.step(frame.state, operations_[due].kind);
        if (to != no_state) return {due, to};
      }
    }
    if (frame.phase == Phase::changing) {
      while (step_cursor(frame)) {
        const std::uint32_t i = frame.cursor;
        if (i == due) continue;
        const std::uint32_t to = stepper_.step(frame.state, operations_[i].kind);
        if (to != no_state && !has_earlier_twin(i, frame)) return {i, to};
      }
      frame.phase = Phase::indefinite;
      frame.cursor = head(indefinite);
    }
    if (frame.phase == Phase::indefinite) {
      while (step_cursor(frame)) {
        const std::uint32_t i = frame.cursor;
        const std::uint32_t to = stepper_.step(frame.state, operations_[i].kind);
        if (to == no_state || to == frame.state) continue;
        if (twin_[i] != no_row && !placed_[twin_[i]]) continue;
        if (!has_definite_twin(i, to, frame)) return {i, to};
      }
      frame.phase = Phase::done;
    }
    return {};
  }

  // Moves the cursor to the next operation of its list. False past the last one that was invoked in time.
  bool step_cursor(Frame& frame) {
    const std::uint32_t i = next_[frame.cursor];
    ++steps_;
    if (i >= count_ || operations_[i].invoke >= horizon(frame.level)) return false;
    frame.cursor = i;
    return true;
  }

  Outcome explore() {
    Frame start;
    advance(start);
    if (start.level == completions_.size()) return Outcome::valid;
    frames_.push_back(start);
    while (!frames_.empty()) {
      if (!budget_.spend(std::exchange(steps_, 0) + 1, bytes())) {
        keep_longest(frames_.back().level);
        return Outcome::unknown;
      }
      Frame& frame = frames_.back();
      const Move move = next_move(frame);
      if (move.operation == no_row) {
        keep_longest(frame.level);
        frames_.pop_back();
        if (!frames_.empty()) undo_to(frames_.back().trail);
        continue;
      }
      if (Frame reached = follow(frame, move); reached.level == completions_.size()) {
        return Outcome::valid;
      } else if (hopeless(reached)) {
        undo_to(frame.trail);
      } else if (visited_.insert(reached.level, reached.state, slots_, reached.used, used_lists_)) {
        frames_.push_back(reached);
      } else {
        undo_to(frame.trail);
      }
    }
    return Outcome::invalid;
  }

  Frame follow(const Frame& frame, const Move& move) {
    Frame reached{.level = frame.level, .state = move.state, .used = frame.used};
    place(move.operation);
    if (operations_[move.operation].optional()) reached.used = used_lists_.with(frame.used, move.operation);
    advance(reached);
    return reached;
  }

  static std::vector<std::uint32_t> order_of(std::span<const std::uint32_t> trail) {
    std::vector<std::uint32_t> order;
    for (const std::uint32_t entry : trail) {
      if ((entry & retired) == 0) order.push_back(entry);
    }
    return order;
  }

  // Called when the order that the trail holds is given up; `reach`: no order that begins so can pass this completion. Only what
  // has changed since the last time is copied.
  void keep_longest(std::uint32_t reach) {
    if (has_best_ && reach <= best_reach_) return;
    has_best_ = true;
    best_reach_ = reach;
    best_trail_.resize(shared_);
    best_trail_.insert(best_trail_.end(), trail_.begin() + static_cast<std::ptrdiff_t>(shared_), trail_.end());
    shared_ = best_trail_.size();
  }

  // Whether an operation that observes can no longer be placed, whatever comes.
  bool hopeless(const Frame& frame) {
    if (!stepper_.foresees()) return false;
    const std::uint32_t end = horizon(frame.level);
    std::uint32_t ahead = 0;
    for (std::uint32_t i = next_[head(observing)]; i < count_; i = next_[i]) {
      if (operations_[i].invoke > end && ++ahead > observers_ahead) break;
      ++steps_;
      if (!stepper_.out_of_reach(frame.state, operations_[i].kind) || can_be_reset_for(i, frame)) continue;
      const auto at = std::lower_bound(completions_.begin(), completions_.end(), i, [&](std::uint32_t a, std::uint32_t b) {
        return operations_[a].completion < operations_[b].completion;
      });
      keep_longest(static_cast<std::uint32_t>(at - completions_.begin()));
      return true;
    }
    return false;
  }

  bool can_be_reset_for(std::uint32_t observer, const Frame& frame) {
    for (const List list : {changing, indefinite}) {
      const std::uint32_t end = operations_[observer].completion;
      for (std::uint32_t i = next_[head(list)]; i < count_ && operations_[i].invoke < end; i = next_[i]) {
        if (!operations_[i].resets) continue;
        const std::uint32_t to = stepper_.step(frame.state, operations_[i].kind);
        if (to != no_state && !stepper_.out_of_reach(to, operations_[observer].kind)) return true;
      }
    }
    return false;
  }

  std::size_t bytes() const {
    return visited_.bytes() + used_lists_.bytes() + stepper_.bytes() + frames_.capacity() * sizeof(Frame) +
           std::size_t{count_} * bytes_per_operation;
  }

  static constexpr std::uint32_t observers_ahead = 2;     // that are not invoked yet: how many are asked
  static constexpr std::size_t bytes_per_operation = 64;  // the arrays below, and the trails

  const std::span<const SearchOperation> operations_;
  const std::uint32_t count_;
  Stepper& stepper_;
  Budget& budget_;
  std::vector<std::uint32_t> completions_;  // the operations that must happen, in order of completion: the levels
  std::vector<std::uint32_t> next_;
  std::vector<std::uint32_t> previous_;
  std::vector<bool> placed_;
  std::vector<std::uint32_t> twin_;
  std::vector<std::uint32_t> slot_;
  std::vector<std::uint64_t> slots_;  // the operations placed whose completion is not passed yet
  std::vector<std::uint32_t> trail_;
  std::vector<Frame> frames_;
  UsedLists used_lists_;
  Visited visited_;
  std::uint64_t steps_ = 0;
  std::vector<std::uint32_t> best_trail_;
  std::uint32_t best_reach_ = 0;
  bool has_best_ = false;
  std::size_t shared_ = 0;  // the entries at the front of the trail that are as in best_trail_
};

}  // namespace

SearchAnswer search(std::span<const SearchOperation> operations, Stepper& stepper, Budget& budget) {
  return Search(operations, stepper, budget).run();
}

}  // namespace faultline::linearizability
