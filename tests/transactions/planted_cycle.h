// Cycles made to order: given the kinds of its edges, transactions that depend on each other in just that way.
#pragma once

#include <span>
#include <vector>

#include "base/random.h"
#include "checkers/transactions/cycle_kind.h"
#include "planned_history.h"

namespace faultline::transactions {

/// A history that is nothing but a cycle of the edges of `shape`: each edge of data has a key of its own, from `first_key` on; process and
/// realtime edges are made by the times, all other transactions overlap. One more transaction reads what must be read to know an order.
/// Registers have no ww here. Requires: two edges or more, not all of order.
PlannedHistory planted_cycle(std::span<const EdgeKind> shape, Workload workload, std::uint32_t first_key,
                             std::int32_t first_process);

/// A random shape of `length` edges with at most `orders_max` edges of order.
std::vector<EdgeKind> random_shape(RandomStream& random, std::uint32_t length, std::uint32_t orders_max, Workload workload);

/// `host` with the transactions of `guest` among its own; both keep the order of their events.
PlannedHistory merged(RandomStream& random, const PlannedHistory& host, const PlannedHistory& guest);

}  // namespace faultline::transactions
