// What happens to a data directory before its first use: it gets its identity and the first entry of the quorum's log, if it is
// that of a first voter. `faultline format`, and a broker that finds an empty directory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "broker/protocol/uuid.h"
#include "broker/raft/types.h"
#include "runtime/env.h"

namespace faultline {

struct StorageFormat {
  std::int32_t node_id = 0;
  std::string cluster_id;
  protocol::Uuid directory_id;
  raft::VoterSet voters;  // the first of a new cluster, the same on each of them; empty: an observer, that joins one
};

/// Durable when it returns; what a crash leaves half done counts as never formatted. Suspends.
/// Errors: already_exists (it has an identity); invalid_argument; as the disk.
Result<> format_storage(Env& env, const StorageFormat& format, Duration disk_timeout);

/// The node and its directory as the quorum names them.
raft::ReplicaKey replica_key(std::int32_t node, const protocol::Uuid& directory);

/// "ID@HOST:PORT:DIRECTORY-ID,...", as Kafka's --initial-controllers. Errors: invalid_argument, with the part that is wrong.
Result<raft::VoterSet> parse_voters(std::string_view text);
/// One of them. Errors: the same.
Result<raft::Voter> parse_voter(std::string_view text);

}  // namespace faultline
