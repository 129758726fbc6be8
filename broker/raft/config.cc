// What a configuration must obey for elections to work at all.
#include "broker/raft/config.h"

namespace faultline::raft {

Result<> Config::validate() const {
  if (heartbeat_interval <= Duration::zero()) return Error(Errc::invalid_argument, "heartbeat_interval must be positive");
  // With fewer than two heartbeats in a timeout, one lost message would be an election.
  if (election_timeout < 2 * heartbeat_interval) {
    return Error(Errc::invalid_argument, "election_timeout must be at least twice heartbeat_interval");
  }
  if (max_append_bytes == 0) return Error(Errc::invalid_argument, "max_append_bytes must be positive");
  if (max_inflight_appends == 0) return Error(Errc::invalid_argument, "max_inflight_appends must be positive");
  if (snapshot_chunk_bytes == 0) return Error(Errc::invalid_argument, "snapshot_chunk_bytes must be positive");
  return {};
}

}  // namespace faultline::raft
