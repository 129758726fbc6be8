// On which brokers the replicas of a new partition go.
//
// Replicas of a partition lie on distinct brokers, and on as many racks as there are before a rack gets a second one. First replicas
// (the preferred leaders) go round all racks, and within a rack round its brokers, from a random start, so that leadership and
// load spread evenly where racks are of equal size.
#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "broker/metadata/image.h"
#include "broker/protocol/outcome.h"

namespace faultline::controller {

/// The replicas of `partitions` new partitions, those to lead first.
/// Errors: INVALID_REPLICATION_FACTOR, if fewer than `replication` brokers are active.
Outcome<std::vector<std::vector<metadata::BrokerId>>> place_replicas(const metadata::ClusterImage& image, std::int32_t partitions,
                                                                     std::int32_t replication, RandomStream& random);

}  // namespace faultline::controller
