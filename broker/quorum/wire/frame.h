// Frames of the quorum: one message each, no answers. A reply is a message of its own, and the core copes with lost ones.
//
//   frame = length:int32 key:int16 version:int16 message
//
// The first eight bytes are those of a Kafka request, so one listener can take both: our keys begin at 10000, where Kafka has none. The
// messages are tables (messages.h), always in the flexible form. docs/formats/quorum.md
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/slice.h"
#include "broker/raft/messages.h"

namespace faultline::quorum {

/// The key of the first kind of message; the others follow.
inline constexpr std::int16_t first_key = 10000;

/// A message, and which cluster its sender believes to be in.
struct ClusterMessage {
  std::string cluster_id;
  raft::Message message;
  std::string leader_endpoint = {};  // "host:port" of the leader that the message names; empty if the sender does not know
};

/// A whole frame, length included, in the newest version. Commands and snapshot chunks are shared, not copied.
std::vector<Slice> message_frame(const std::string& cluster_id, const raft::Message& message,
                                 const std::string& leader_endpoint = {});

/// Whether a frame holds a message of the quorum; all others have Kafka's keys. `frame`: what follows the length.
bool is_message_frame(const Slice& frame);

/// Reads what message_frame wrote. `frame`: what follows the length; commands and snapshot chunks are parts of it.
///
/// Returns: a message that keeps what the core takes for granted: consecutive entries in terms that never fall, no node twice among
///          voters, nothing negative.
/// Errors:  unsupported (a key or version that this build does not know), truncated, malformed, too_large.
Result<ClusterMessage> decode_message(const Slice& frame);

}  // namespace faultline::quorum
