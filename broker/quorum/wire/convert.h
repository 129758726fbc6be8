// Between the core's messages and those of the wire. What comes from the wire is checked for everything that the core takes for
// granted, so that no peer can make a node's own promises fail.
#pragma once

#include "base/result.h"
#include "broker/quorum/wire/messages.h"
#include "broker/raft/messages.h"

namespace faultline::quorum::wire {

/// A directory's id as the protocol writes it, and back.
Uuid uuid_of(const raft::DirectoryId& directory);
raft::DirectoryId directory_of(const Uuid& id);

Envelope to_wire(const std::string& cluster_id, const raft::Message& message);

// The bodies. The envelope is left for the caller to fill in.
VoteRequest to_wire(const raft::VoteRequest& body);
VoteReply to_wire(const raft::VoteReply& body);
AppendRequest to_wire(const raft::AppendRequest& body);
AppendAccepted to_wire(const raft::AppendAccepted& body);
AppendRejected to_wire(const raft::AppendRejected& body);
SnapshotChunk to_wire(const raft::SnapshotChunk& body);
SnapshotProgress to_wire(const raft::SnapshotProgress& body);
TimeoutNow to_wire(const raft::TimeoutNow& body);
Observe to_wire(const raft::Observe& body);
LeaderHint to_wire(const raft::LeaderHint& body);

/// Checks sender, receiver and term. Returns: the message without its body. Errors: malformed.
Result<raft::Message> from_wire(const Envelope& envelope);

// Errors: malformed; the detail says which promise is not kept.
Result<raft::VoteRequest> from_wire(const VoteRequest& message);
Result<raft::VoteReply> from_wire(const VoteReply& message);
Result<raft::AppendRequest> from_wire(const AppendRequest& message);
Result<raft::AppendAccepted> from_wire(const AppendAccepted& message);
Result<raft::AppendRejected> from_wire(const AppendRejected& message);
Result<raft::SnapshotChunk> from_wire(const SnapshotChunk& message);
Result<raft::SnapshotProgress> from_wire(const SnapshotProgress& message);
Result<raft::TimeoutNow> from_wire(const TimeoutNow& message);
Result<raft::Observe> from_wire(const Observe& message);
Result<raft::LeaderHint> from_wire(const LeaderHint& message);

}  // namespace faultline::quorum::wire
