// Which replica a consumer should read from (KIP-392): one in its own rack, if there is one that has what it asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "broker/replication/partition_state.h"

namespace faultline::replication {

struct ReplicaView {
  BrokerId id = no_broker;
  std::string_view rack;
  std::int64_t log_start = 0;
  std::int64_t log_end = 0;
  Time caught_up_at;
};

/// `in_sync` are the members of the committed ISR with the leader first.
/// Returns: nothing if the consumer should stay with the leader.
std::optional<BrokerId> preferred_read_replica(std::string_view client_rack, std::int64_t fetch_offset,
                                               const std::vector<ReplicaView>& in_sync);

}  // namespace faultline::replication
