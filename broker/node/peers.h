// Peers: how the replicas of a broker reach the others. Functions, so that replication can be tried without connections.
#pragma once

#include <functional>

#include "base/result.h"
#include "base/time.h"
#include "broker/protocol/alter_partition.h"
#include "broker/protocol/fetch.h"
#include "broker/replication/partition_state.h"

namespace faultline {

/// Both suspend. Errors: whatever keeps the answer from coming; it is then unknown whether the request was seen.
struct Peers {
  /// Fetch version 17, to the broker with that id. One call at a time for each leader.
  std::function<Result<protocol::FetchResponse>(replication::BrokerId leader, const protocol::FetchRequest&, Time deadline)>
      fetch;
  /// To the active controller. One call at a time. Sets `repeated` if it had to be sent more than once: a copy may still be carried out.
  std::function<Result<protocol::AlterPartitionResponse>(const protocol::AlterPartitionRequest&, Time deadline, bool& repeated)>
      alter_partition;
};

}  // namespace faultline
