// Stacks whose values are pushed once and whose pops are all known, decided in O(n log n): the bound of Lee and Mathur, "Efficient
// decrease-and-conquer linearizability monitoring" (arXiv:2410.04581), by taking values away one by one as they do. (Abdulla and
// others, "Efficient linearizability monitoring", PLDI 2025, have O(n^2) for stacks and O(n log n) for queues.)
//
// In the order of a stack the stays of two values are nested or apart. A value whose push and pop overlap can come and go in one
// moment: it never matters. Of the others, where no value is in for sure the stack can be taken as empty, and what is before and
// after that moment is judged by itself: a *run* is a stretch of time in which at every moment some value is in for sure. In a run one value
// must be at the bottom all the time: its push can be before the first that ends, its pop after the last that begins. Any
// value with this property may be taken for it, since it then allows whatever the others do. Without it the run falls apart
// into smaller ones, and so on. A run without such a value has no order.
//
// Two trees find the bottom of a run: one gives the values whose push began before the run, each once, as runs get shorter; the
// other, of these, the one whose pop ends last. A third counts the values that are in for sure at each moment, to find the gaps.
#include <algorithm>
#include <bit>
#include <limits>

#include "checkers/linearizability/queue_order.h"

namespace faultline::linearizability {
namespace {

constexpr std::uint32_t nothing = no_event;

// The position of the largest key in a range of positions.
class LargestTree {
 public:
  explicit LargestTree(std::size_t size) : leaves_(std::bit_ceil(std::max<std::size_t>(size, 1))), keys_(2 * leaves_, -1) {}

  void set(std::size_t position, std::int64_t key) {
    std::size_t node = leaves_ + position;
    keys_[node] = key;
    while (node > 1) {
      node /= 2;
      keys_[node] = std::max(keys_[2 * node], keys_[2 * node + 1]);
    }
  }

  // A position in [begin, end) with the largest key, or `nothing` if no key there is above `floor`.
  std::uint32_t find(std::size_t begin, std::size_t end, std::int64_t floor) const {
    std::size_t best = 0;  // a node; 0 is none
    std::int64_t key = floor;
    const auto consider = [&](std::size_t node) {
      if (keys_[node] > key) {
        key = keys_[node];
        best = node;
      }
    };
    std::size_t low = begin + leaves_;
    std::size_t high = end + leaves_;
    for (; low < high; low /= 2, high /= 2) {
      if (low % 2 == 1) consider(low++);
      if (high % 2 == 1) consider(--high);
    }
    if (best == 0) return nothing;
    while (best < leaves_) best = keys_[2 * best] == key ? 2 * best : 2 * best + 1;
    return static_cast<std::uint32_t>(best - leaves_);
  }

 private:
  std::size_t leaves_;
  std::vector<std::int64_t> keys_;
};

// A counter per moment; ranges are counted up and down, and the next moment that counts zero is found.
class CoverTree {
 public:
  explicit CoverTree(std::size_t size)
      : leaves_(std::bit_ceil(std::max<std::size_t>(size, 1))),
        least_(2 * leaves_, 0),
        most_(2 * leaves_, 0),
        added_(2 * leaves_, 0) {}

  void add(std::size_t begin, std::size_t end, std::int32_t amount) { add(1, 0, leaves_, begin, end, amount); }

  // The first moment in [begin, end) that is covered (or is not), or `end`.
  std::size_t first(std::size_t begin, std::size_t end, bool covered) const {
    return first(1, 0, leaves_, begin, end, covered, 0);
  }

 private:
  void add(std::size_t node, std::size_t low, std::size_t high, std::size_t begin, std::size_t end, std::int32_t amount) {
    if (end <= low || high <= begin) return;
    if (begin <= low && high <= end) {
      least_[node] += amount;
      most_[node] += amount;
      added_[node] += amount;
      return;
    }
    const std::size_t middle = (low + high) / 2;
    add(2 * node, low, middle, begin, end, amount);
    add(2 * node + 1, middle, high, begin, end, amount);
    least_[node] = std::min(least_[2 * node], least_[2 * node + 1]) + added_[node];
    most_[node] = std::max(most_[2 * node], most_[2 * node + 1]) + added_[node];
  }

  std::size_t first(std::size_t node, std::size_t low, std::size_t high, std::size_t begin, std::size_t end, bool covered,
                    std::int32_t above) const {
    if (end <= low || high <= begin) return end;
    if (covered ? most_[node] + above == 0 : least_[node] + above > 0) return end;
    if (high - low == 1) return (least_[node] + above > 0) == covered ? low : end;
    const std::size_t middle = (low + high) / 2;
    const std::size_t left = first(2 * node, low, middle, begin, end, covered, above + added_[node]);
    return left < end ? left : first(2 * node + 1, middle, high, begin, end, covered, above + added_[node]);
  }

  std::size_t leaves_;
  std::vector<std::int32_t> least_;
  std::vector<std::int32_t> most_;
  std::vector<std::int32_t> added_;
};

class StackOrder {
 public:
  StackOrder(std::vector<QueueValue> values) : values_(std::move(values)) {
    std::erase_if(values_, [](const QueueValue& value) { return value.put_end >= value.take_begin; });
    std::sort(values_.begin(), values_.end(), [](const QueueValue& a, const QueueValue& b) { return a.put_end < b.put_end; });
    for (const QueueValue& value : values_) {
      moments_.push_back(value.put_end);
      moments_.push_back(value.take_begin);
    }
    std::sort(moments_.begin(), moments_.end());
    moments_.erase(std::unique(moments_.begin(), moments_.end()), moments_.end());
  }

  // The values (rows of values()) of a run without a bottom; empty if there is an order.
  std::vector<std::uint32_t> contradiction() {
    if (values_.empty()) return {};
    taken_.assign(values_.size(), false);
    CoverTree cover(moments_.size());
    LargestTree early(values_.size());    // by row: the earliest push of those not yet in `bottoms`
    LargestTree bottoms(values_.size());  // by row: the latest pop of those pushed early enough for their run
    for (std::uint32_t row = 0; row < values_.size(); ++row) {
      cover.add(moment(values_[row].put_end), moment(values_[row].take_begin), 1);
      early.set(row, latest_push - values_[row].put_begin);
    }
    std::vector<std::pair<std::size_t, std::size_t>> stretches{{0, moments_.size()}};
    while (!stretches.empty()) {
      const auto [from, to] = stretches.back();
      const std::size_t begin = cover.first(from, to, true);
      const std::size_t end = begin < to ? cover.first(begin, to, false) : to;
      stretches.back().first = end;
      if (end >= to) stretches.pop_back();
      if (begin == to) continue;
      // The run is from moment `begin` to moment `end`; its values are neighbours, since they are sorted by the end of their push.
      const std::uint32_t first = first_row_from(moments_[begin]);
      const std::uint32_t last =
          end < moments_.size() ? first_row_from(moments_[end]) : static_cast<std::uint32_t>(values_.size());
      const std::int64_t run_begin = moments_[begin];
      for (std::uint32_t row; (row = early.find(first, last, latest_push - run_begin)) != nothing;) {
        early.set(row, -1);
        bottoms.set(row, pop_end(values_[row]));
      }
      const std::int64_t run_end = end < moments_.size() ? moments_[end] : moments_.back();
      const std::uint32_t bottom = bottoms.find(first, last, run_end);
      if (bottom == nothing) return left_in(first, last);
      bottoms.set(bottom, -1);
      taken_[bottom] = true;
      cover.add(moment(values_[bottom].put_end), moment(values_[bottom].take_begin), -1);
      stretches.emplace_back(begin, end);
    }
    return {};
  }

  const std::vector<QueueValue>& values() const { return values_; }

 private:
  static constexpr std::int64_t latest_push = std::int64_t{1} << 32;

  // A value that is never popped is popped later than any event.
  static std::int64_t pop_end(const QueueValue& value) {
    return value.take == nothing ? std::numeric_limits<std::int64_t>::max() : std::int64_t{value.take_end};
  }

  std::size_t moment(std::uint32_t event) const {
    return static_cast<std::size_t>(std::lower_bound(moments_.begin(), moments_.end(), event) - moments_.begin());
  }

  std::uint32_t first_row_from(std::uint32_t event) const {
    const auto row =
        std::partition_point(values_.begin(), values_.end(), [&](const QueueValue& value) { return value.put_end < event; });
    return static_cast<std::uint32_t>(row - values_.begin());
  }

  std::vector<std::uint32_t> left_in(std::uint32_t first, std::uint32_t last) const {
    std::vector<std::uint32_t> rows;
    for (std::uint32_t row = first; row < last; ++row) {
      if (!taken_[row]) rows.push_back(row);
    }
    return rows;
  }

  std::vector<QueueValue> values_;      // those that are in for sure at some time, by the end of their push
  std::vector<std::uint32_t> moments_;  // the events at which one begins or ends to be in for sure
  std::vector<bool> taken_;             // those that were the bottom of a run
};

}  // namespace

std::optional<Decision> Stack::decide(std::span<const QueueOperation> operations, std::span<const Item> items) const {
  Decision decision{.algorithm = "stack order"};
  const std::optional<QueueValues> found = collect_values(operations, items, decision);
  if (!found) return std::nullopt;
  if (decision.valid) check_empties(*found, items, decision);
  if (!decision.valid) return decision;
  StackOrder order(found->values);
  for (const std::uint32_t row : order.contradiction()) {
    const QueueValue& value = order.values()[row];
    decision.valid = false;
    decision.suspects.push_back(value.put);
    if (value.take != no_event) decision.suspects.push_back(value.take);
  }
  return decision;
}

}  // namespace faultline::linearizability
