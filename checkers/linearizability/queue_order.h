// What the algorithms for queues and for stacks share: the values with their four events, and the takes that found nothing.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "checkers/linearizability/models.h"

namespace faultline::linearizability {

struct QueueValue {
  Value value = nil;
  std::uint32_t put = no_event;  // items
  std::uint32_t take = no_event;
  std::uint32_t put_begin = 0;  // events
  std::uint32_t put_end = 0;
  std::uint32_t take_begin = no_event;  // a value that was never taken is taken after everything
  std::uint32_t take_end = no_event;
};

struct QueueValues {
  std::vector<QueueValue> values;
  std::vector<std::uint32_t> empties;  // items: takes that found nothing
};

/// The values of `items`, or nothing if the algorithms do not apply: a value is put twice, an operation is indefinite. Makes the
/// decision invalid if a take returns what was not put, was taken already, or was put only later.
std::optional<QueueValues> collect_values(std::span<const QueueOperation> operations, std::span<const Item> items,
                                          Decision& decision);

/// Makes the decision invalid if a take found nothing although there was no moment without a value.
void check_empties(const QueueValues& found, std::span<const Item> items, Decision& decision);

}  // namespace faultline::linearizability
