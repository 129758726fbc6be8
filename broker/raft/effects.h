// What a step wants done. See core.h for the driver's side of the contract.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/raft/messages.h"
#include "broker/raft/types.h"

namespace faultline::raft {

/// Bytes of a snapshot that is on its way here. Needs no sync of its own.
struct ChunkWrite {
  SnapshotMeta snapshot;
  std::uint64_t offset = 0;  // 0: begin a new file, dropping an unfinished one
  Slice data;
};

/// Changes of what is on the disk, to be made in the order of these fields. `sequence` grows by one with each non-empty set.
struct Writes {
  std::uint64_t sequence = 0;  // 0: nothing needs to become durable
  std::optional<HardState> hard_state;
  std::optional<ChunkWrite> chunk;
  std::optional<SnapshotMeta> install;  // the received one is whole: sync it, then give it its name
  std::optional<Position> reset_log;    // the log is empty now, and goes on behind this position
  std::optional<Index> truncate_to;     // entries behind this one go
  std::vector<Entry> append;
  std::optional<Index> discard_to;  // entries up to this one may go, once all of the above is durable
};

/// A chunk that the driver reads from its snapshot file and sends. A failed read is no answer: the core will ask again.
struct ChunkToSend {
  Message message;  // SnapshotChunk without data
  std::size_t size_bytes = 0;
};

enum class Refusal : std::uint8_t {
  none,
  not_leader,
  transferring,        // leadership is being handed over
  change_in_progress,  // the last change of voters is not committed
  term_not_committed,  // no entry of this term is committed yet
  not_caught_up,       // the new voter does not follow closely, or is not heard of
  already_voter,
  not_a_voter,
  last_voter,  // a quorum of none could never elect
};

std::string_view to_string(Refusal refusal);

/// What became of Propose, AddVoter, RemoveVoter, TransferLeadership.
struct ProposalOutcome {
  Refusal refusal = Refusal::none;
  Position
      first;  // of the new entries, if there are any; committed if and only if an entry with this term is applied at this index
  Position last;
};

struct ReadOutcome {
  std::uint64_t id = 0;
  std::optional<Index> index;  // apply up to here, then read; nothing: not the leader, ask another
};

struct Effects {
  Writes writes;                      // begin these first; do not wait
  std::vector<Message> send;          // may leave at once: what must wait for the disk is sent by a later step
  std::vector<ChunkToSend> chunks;    // the same
  std::optional<SnapshotMeta> reset;  // replace the state machine's state by this snapshot ...
  std::vector<Entry> apply;           // ... and then apply these, which are committed
  std::optional<ProposalOutcome> proposal;
  std::vector<ReadOutcome> reads;
  /// A promise of the protocol is broken (a committed entry would have to go). The core must not be stepped again.
  std::optional<std::string> fatal;
};

}  // namespace faultline::raft
