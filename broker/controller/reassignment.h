// Moving a partition to other brokers (KIP-455): first the new replicas are added and catch up, then the old ones go.
//
// While it is under way `replicas` holds both, the wanted ones first. It is done when all that are being added are in the ISR, and
// what is left of the ISR without those that go is as large as the minimum asks.
#pragma once

#include <cstdint>
#include <vector>

#include "broker/controller/election.h"

namespace faultline::controller {

bool reassigning(const PartitionRecord& partition);
/// The replicas without those that a move under way would add: where a move that is taken back ends.
std::vector<BrokerId> replicas_before_move(const PartitionRecord& partition);

/// Makes `change` also finish the move, if with it (its ISR, replicas, adding, removing) nothing is missing any more.
void complete_reassignment(const PartitionRecord& partition, std::int32_t min_insync_replicas, PartitionChange& change);

}  // namespace faultline::controller
