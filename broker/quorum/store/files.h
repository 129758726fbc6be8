// The bytes of a quorum's files: records of its log, its vote, the end of a snapshot. Pure; the grammar is in docs/formats/quorum-store.md.
//
// A record of the log is what one step appended, in the frame of an append: so it is read with the checks that a peer's messages get.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/slice.h"
#include "broker/raft/types.h"

namespace faultline::quorum {

struct LogRecord {
  raft::Position previous;
  std::vector<raft::Entry> entries;
  raft::Index durable;  // what was durable when the record was written
};

/// Requires: entries is not empty. `self`, `term`: of the writer; the term is not below an entry's.
Slice encode_record(const raft::ReplicaKey& self, raft::Term term, const LogRecord& record);

struct DecodedRecord {
  LogRecord record;
  std::size_t size_bytes = 0;
};

/// The record at the start of `bytes`. Errors: truncated, corrupt.
Result<DecodedRecord> decode_record(const Slice& bytes);

struct DecodedLog {
  std::vector<raft::Entry> entries;
  std::vector<std::pair<std::size_t, raft::Index>> records;  // where each begins, and its last entry
  std::size_t end_bytes = 0;                                 // what follows is torn
};

/// All records. A tail that cannot be read and was never durable is left out.
/// Errors: corrupt: what cannot be read was durable, as a record behind it says.
Result<DecodedLog> decode_log(const Slice& file, raft::Index snapshot_end);

Slice encode_vote(const raft::HardState& state);
Result<raft::HardState> decode_vote(Bytes file);

/// What is put behind a snapshot's data.
Slice encode_snapshot_end(const raft::ReplicaKey& self, const raft::SnapshotMeta& snapshot, std::uint32_t data_crc);
/// Checks a whole snapshot file. Errors: corrupt.
Result<raft::SnapshotMeta> decode_snapshot(const Slice& file);

}  // namespace faultline::quorum
