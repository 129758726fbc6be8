#include "broker/quorum/store/files.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/crc32c.h"
#include "broker/log/text_checkpoint.h"
#include "broker/protocol/endian.h"
#include "broker/protocol/frame.h"
#include "broker/quorum/wire/frame.h"

namespace faultline::quorum {

namespace {

using protocol::frame_length_bytes;
using protocol::load_be;
using protocol::store_be;

constexpr std::size_t crc_bytes = 4;
constexpr std::size_t record_head_bytes = crc_bytes + frame_length_bytes;

/// crc32c:uint32 frame, the checksum being that of the frame.
Slice sealed(const raft::ReplicaKey& self, raft::Term term, raft::MessageBody body) {
  std::vector<Slice> parts = message_frame({}, {self, self, term, std::move(body)});
  const Slice frame = concatenate(parts);
  Buffer crc(crc_bytes);
  store_be<std::uint32_t>(crc.data(), crc32c(frame.bytes()));
  const std::vector<Slice> pieces{std::move(crc).freeze(), frame};
  return concatenate(pieces);
}

/// The body of the sealed frame at the start of `bytes`, and its size with the seal.
Result<std::pair<raft::MessageBody, std::size_t>> unsealed(const Slice& bytes) {
  if (bytes.size() < record_head_bytes) return Error(Errc::truncated, "a record's head is cut off");
  const auto length = load_be<std::int32_t>(bytes.data() + crc_bytes);
  if (length <= 0) return Error(Errc::corrupt, "a record without a length");
  const std::size_t size = record_head_bytes + static_cast<std::size_t>(length);
  if (bytes.size() < size) return Error(Errc::truncated, "a record is cut off");
  const Slice frame = bytes.part(crc_bytes, size - crc_bytes);
  if (load_be<std::uint32_t>(bytes.data()) != crc32c(frame.bytes())) return Error(Errc::corrupt, "a record's checksum is wrong");
  Result<ClusterMessage> message = decode_message(frame.from(frame_length_bytes));
  if (!message) return Error(Errc::corrupt, message.error().detail);
  return std::pair(std::move(message->message.body), size);
}

/// Whether a record behind `from` says that `index` was durable when it was written.
bool was_durable(const Slice& file, std::size_t from, raft::Index index) {
  for (std::size_t at = from + 1; at + record_head_bytes <= file.size(); ++at) {
    const Result<DecodedRecord> decoded = decode_record(file.from(at));
    if (decoded && decoded->record.durable >= index) return true;
  }
  return false;
}

std::int64_t as_signed(std::uint64_t bits) { return static_cast<std::int64_t>(bits); }

}  // namespace

Slice encode_record(const raft::ReplicaKey& self, raft::Term term, const LogRecord& record) {
  ENSURE(!record.entries.empty());
  return sealed(
      self, term,
      raft::AppendRequest{.previous = record.previous, .entries = record.entries, .commit = record.durable, .read_round = 0});
}

Result<DecodedRecord> decode_record(const Slice& bytes) {
  auto [body, size] = TRY(unsealed(bytes));
  auto* append = std::get_if<raft::AppendRequest>(&body);
  if (append == nullptr || append->entries.empty()) return Error(Errc::corrupt, "a record that is no append");
  return DecodedRecord{{append->previous, std::move(append->entries), append->commit}, size};
}

Result<DecodedLog> decode_log(const Slice& file, raft::Index snapshot_end) {
  DecodedLog log;
  raft::Index end = snapshot_end;
  while (log.end_bytes < file.size()) {
    Result<DecodedRecord> decoded = decode_record(file.from(log.end_bytes));
    const bool follows = decoded && (log.entries.empty() || decoded->record.previous == log.entries.back().at);
    if (!follows) {
      if (was_durable(file, log.end_bytes, raft::next_after(end))) {
        return Error(Errc::corrupt, fmt::format("the log is damaged behind entry {}, at byte {}", end.value(), log.end_bytes));
      }
      break;
    }
    std::ranges::move(decoded->record.entries, std::back_inserter(log.entries));
    end = log.entries.back().at.index;
    log.records.emplace_back(log.end_bytes, end);
    log.end_bytes += decoded->size_bytes;
  }
  return log;
}

Slice encode_vote(const raft::HardState& state) {
  std::string text = fmt::format("term {}\n", state.term.value());
  if (state.vote) {
    text += fmt::format("vote {} {} {}\n", state.vote->node.value(), as_signed(state.vote->directory.high),
                        as_signed(state.vote->directory.low));
  }
  return seal_checkpoint(text);
}

Result<raft::HardState> decode_vote(Bytes file) {
  const CheckpointLines lines = TRY(open_checkpoint(file));
  raft::HardState state;
  bool has_term = false;
  for (const CheckpointLine& line : lines) {
    const std::vector<std::int64_t>& numbers = line.numbers;
    if (line.key == "term" && numbers.size() == 1) {
      if (numbers[0] < 0 || numbers[0] > std::numeric_limits<std::int32_t>::max())
        return Error(Errc::corrupt, "vote: no such term");
      state.term = raft::Term(static_cast<std::int32_t>(numbers[0]));
      has_term = true;
    } else if (line.key == "vote" && numbers.size() == 3) {
      state.vote = raft::ReplicaKey{raft::NodeId(static_cast<std::int32_t>(numbers[0])),
                                    {static_cast<std::uint64_t>(numbers[1]), static_cast<std::uint64_t>(numbers[2])}};
    } else {
      return Error(Errc::corrupt, "vote: unknown line " + line.key);
    }
  }
  if (!has_term) return Error(Errc::corrupt, "vote: no term");
  return state;
}

Slice encode_snapshot_end(const raft::ReplicaKey& self, const raft::SnapshotMeta& snapshot, std::uint32_t data_crc) {
  const Slice meta = sealed(self, snapshot.last.term,
                            raft::SnapshotChunk{.snapshot = snapshot, .offset = 0, .data = {}, .read_round = data_crc});
  Buffer size(sizeof(std::uint32_t));
  store_be<std::uint32_t>(size.data(), static_cast<std::uint32_t>(meta.size()));
  const std::vector<Slice> pieces{meta, std::move(size).freeze()};
  return concatenate(pieces);
}

Result<raft::SnapshotMeta> decode_snapshot(const Slice& file) {
  constexpr std::size_t size_bytes = sizeof(std::uint32_t);
  if (file.size() < size_bytes) return Error(Errc::corrupt, "snapshot: too short");
  const std::size_t meta_bytes = load_be<std::uint32_t>(file.data() + file.size() - size_bytes);
  if (meta_bytes > file.size() - size_bytes) return Error(Errc::corrupt, "snapshot: too short");
  const Slice data = file.part(0, file.size() - size_bytes - meta_bytes);
  const auto meta = unsealed(file.part(data.size(), meta_bytes));
  if (!meta) return Error(Errc::corrupt, "snapshot: " + meta.error().detail);
  const auto* chunk = std::get_if<raft::SnapshotChunk>(&meta->first);
  if (chunk == nullptr || meta->second != meta_bytes || chunk->snapshot.size_bytes != data.size() ||
      chunk->read_round != crc32c(data.bytes())) {
    return Error(Errc::corrupt, "snapshot: wrong size or checksum");
  }
  return chunk->snapshot;
}

}  // namespace faultline::quorum
