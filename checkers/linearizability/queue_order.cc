// Queues and stacks whose values are put once and whose takes are all known, decided in O(n log n). A value is in the structure *for
// sure* from the completion of its put to the invocation of its take.
//
// Both: a take returns what was put, once, and does not end before the put began; while a take found nothing there was a moment
// at which no value was in for sure.
// Queue: if the put of a ended before that of b began, the take of b did not end before that of a began (Henzinger, Sezgin and
// Vafeiadis, "Aspect-oriented linearizability proofs", 2013).
// Stack: stack_order.cc, which needs more.
#include "checkers/linearizability/queue_order.h"

#include <algorithm>

#include "checkers/flat_index.h"
#include "checkers/linearizability/text.h"

namespace faultline::linearizability {

std::optional<QueueValues> collect_values(std::span<const QueueOperation> operations, std::span<const Item> items,
                                          Decision& decision) {
  QueueValues found;
  checkers::FlatIndex index(items.size() / 2);
  const auto row_of = [&](Value value) {
    return index.find(mixed(value), [&](std::uint32_t row) { return found.values[row].value == value; });
  };
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    const QueueInput& input = operations[items[i].index].input;
    if (items[i].optional()) return std::nullopt;
    if (input.kind != QueueInput::Kind::put) continue;
    if (input.value == nil || row_of(input.value) != checkers::no_row) return std::nullopt;
    found.values.push_back({.value = input.value, .put = i, .put_begin = items[i].invoke, .put_end = items[i].completion});
    index.insert(mixed(input.value), static_cast<std::uint32_t>(found.values.size() - 1),
                 [&](std::uint32_t row) { return mixed(found.values[row].value); });
  }
  for (std::uint32_t i = 0; i < items.size() && decision.valid; ++i) {
    const QueueOperation& operation = operations[items[i].index];
    if (operation.input.kind == QueueInput::Kind::put) continue;
    if (operation.output.value == nil) {
      found.empties.push_back(i);
      continue;
    }
    const std::uint32_t row = row_of(operation.output.value);
    decision.valid = false;
    decision.suspects = {i};
    if (row == checkers::no_row) break;  // nobody put it
    QueueValue& value = found.values[row];
    decision.suspects.push_back(value.put);
    if (value.take != no_event) {  // taken twice
      decision.suspects.push_back(value.take);
      break;
    }
    value.take = i;
    value.take_begin = items[i].invoke;
    value.take_end = items[i].completion;
    if (value.take_end < value.put_begin) break;
    decision.valid = true;
    decision.suspects.clear();
  }
  return found;
}

namespace {

// The values that are in for sure, one after the other without a gap, while a take found nothing.
void suspect_cover(const QueueValues& found, std::span<const std::uint32_t> sure, std::uint32_t empty, const Item& item,
                   Decision& decision) {
  decision.valid = false;
  decision.suspects = {empty};
  std::uint32_t reached = item.invoke;
  for (std::size_t i = 0; reached < item.completion;) {
    const QueueValue* best = nullptr;
    for (; i < sure.size() && found.values[sure[i]].put_end < reached; ++i) {
      const QueueValue& value = found.values[sure[i]];
      if (best == nullptr || value.take_begin > best->take_begin) best = &value;
    }
    if (best == nullptr || best->take_begin <= reached) return;
    reached = best->take_begin;
    decision.suspects.push_back(best->put);
    if (best->take != no_event) decision.suspects.push_back(best->take);
  }
}

}  // namespace

void check_empties(const QueueValues& found, std::span<const Item> items, Decision& decision) {
  if (found.empties.empty()) return;
  std::vector<std::uint32_t> sure;
  for (std::uint32_t row = 0; row < found.values.size(); ++row) {
    if (found.values[row].put_end < found.values[row].take_begin) sure.push_back(row);
  }
  std::sort(sure.begin(), sure.end(),
            [&](std::uint32_t a, std::uint32_t b) { return found.values[a].put_end < found.values[b].put_end; });
  std::vector<std::pair<std::uint32_t, std::uint32_t>> covered;  // without a gap, ascending
  for (const std::uint32_t row : sure) {
    const QueueValue& value = found.values[row];
    if (!covered.empty() && value.put_end < covered.back().second) {
      covered.back().second = std::max(covered.back().second, value.take_begin);
    } else {
      covered.emplace_back(value.put_end, value.take_begin);
    }
  }
  for (const std::uint32_t empty : found.empties) {
    const Item& item = items[empty];
    const auto after =
        std::partition_point(covered.begin(), covered.end(), [&](const auto& run) { return run.first < item.invoke; });
    if (after != covered.begin() && (after - 1)->second > item.completion)
      return suspect_cover(found, sure, empty, item, decision);
  }
}

namespace {

void check_order(const QueueValues& found, Decision& decision) {
  const std::vector<QueueValue>& values = found.values;
  std::vector<std::uint32_t> by_end(values.size());
  for (std::uint32_t row = 0; row < values.size(); ++row) by_end[row] = row;
  std::vector<std::uint32_t> by_begin = by_end;
  std::sort(by_end.begin(), by_end.end(),
            [&](std::uint32_t a, std::uint32_t b) { return values[a].put_end < values[b].put_end; });
  std::sort(by_begin.begin(), by_begin.end(),
            [&](std::uint32_t a, std::uint32_t b) { return values[a].put_begin < values[b].put_begin; });
  const QueueValue* latest = nullptr;  // of what was put before, the one that was taken last
  std::size_t next = 0;
  for (const std::uint32_t row : by_begin) {
    const QueueValue& value = values[row];
    for (; next < by_end.size() && values[by_end[next]].put_end < value.put_begin; ++next) {
      const QueueValue& earlier = values[by_end[next]];
      if (latest == nullptr || earlier.take_begin > latest->take_begin) latest = &earlier;
    }
    if (latest == nullptr || value.take_end >= latest->take_begin) continue;
    decision.valid = false;
    decision.suspects = {latest->put, value.put, value.take};
    if (latest->take != no_event) decision.suspects.push_back(latest->take);
    return;
  }
}

}  // namespace

std::optional<Decision> Queue::decide(std::span<const QueueOperation> operations, std::span<const Item> items) const {
  Decision decision{.algorithm = "queue order"};
  const std::optional<QueueValues> found = collect_values(operations, items, decision);
  if (!found) return std::nullopt;
  if (decision.valid) check_empties(*found, items, decision);
  if (decision.valid) check_order(*found, decision);
  return decision;
}

}  // namespace faultline::linearizability
