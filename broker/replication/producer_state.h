// ProducerStates: what one partition remembers of its idempotent producers (KIP-98, KIP-360).
//
// A producer numbers its records per partition and sends each batch until it is answered. The partition remembers the last five batches
// of each producer, so that a batch which comes again is answered like the first time instead of being appended again, and a gap is
// refused instead of being closed over.
//
//   (epoch, first, last) of a remembered batch    a duplicate: answered with the original's offsets
//   an epoch below the producer's                 INVALID_PRODUCER_EPOCH: a zombie, or a batch given up long ago
//   a new epoch, or nothing but a marker of it    starts at sequence 0
//   the same epoch                                goes on behind the last sequence, which wraps after INT32_MAX
//   an unknown producer                           accepted at any sequence: its state may have expired with its batches
//
// The state is a function of the log: it changes with an append and is taken back with it, and it is rebuilt from the batches. Followers
// take over what the leader has accepted, without judging it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "base/exhibit.h"
#include "base/time.h"

namespace faultline::replication {

using ProducerId = std::int64_t;

/// How many batches of a producer are remembered: as many as a client may have on their way at once.
inline constexpr std::size_t remembered_batches = 5;

/// What a batch's header says of its producer.
struct ProducerBatch {
  ProducerId producer_id = -1;
  std::int16_t epoch = -1;
  std::int32_t first_sequence = -1;
  std::int32_t last_sequence = -1;
  std::int64_t base_offset = 0;
  std::int64_t last_offset = 0;
  std::int64_t timestamp_ms = -1;
  bool transactional = false;
  bool marker = false;  // a control batch: it ends a transaction and has no sequence
};

struct RememberedBatch {
  std::int32_t first_sequence = 0;
  std::int32_t last_sequence = 0;
  std::int64_t base_offset = 0;
  std::int64_t last_offset = 0;
  std::int64_t timestamp_ms = -1;  // as stored: the append time, where the topic wants that

  bool operator==(const RememberedBatch&) const = default;
};

class ProducerEntry {
 public:
  std::int16_t epoch = -1;
  std::int64_t last_offset = -1;                  // of its newest batch, markers included
  std::optional<std::int64_t> transaction_start;  // an open transaction's first offset

  /// Oldest first.
  std::span<const RememberedBatch> batches() const { return std::span(batches_).first(count_); }
  void remember(const RememberedBatch& batch);
  void forget_batches() { count_ = 0; }

  bool operator==(const ProducerEntry& other) const;

 private:
  std::array<RememberedBatch, remembered_batches> batches_;
  std::size_t count_ = 0;
};

struct AcceptBatch {};
struct DuplicateBatch {
  RememberedBatch original;
};
enum class ProducerRefusal : std::uint8_t { invalid_producer_epoch, out_of_order_sequence };
using ProducerVerdict = std::variant<AcceptBatch, DuplicateBatch, ProducerRefusal>;

using ProducerEntries = std::map<ProducerId, ProducerEntry>;

class ProducerStates {
 public:
  /// What a client's batch is, before it is appended. Changes nothing.
  ProducerVerdict judge(const ProducerBatch& batch, const Exhibits& exhibits = {}) const;

  /// A batch has been appended, by a client or by replication, or was found in the log. Requires: batch.producer_id >= 0.
  void appended(const ProducerBatch& batch, Time now);

  /// Nothing below `offset` will be taken back but by a truncation.
  void settle(std::int64_t offset);

  /// Everything from `end` on has been taken back, or cut off.
  /// Returns: the producers of which too little is left to say what they had before. They are forgotten, and must be read back from the
  ///          log. None if `end` is at or above what was settled.
  std::vector<ProducerId> take_back(std::int64_t end);

  /// Forgets producers that have been idle for `age`; never one with an open transaction. The age is by the clock that does not
  /// step, from the last append or from when the state was loaded.
  void expire(Time now, Duration age);

  const ProducerEntries& entries() const { return entries_; }
  /// The entries as they were when the log ended at `offset`. Requires: offset is at or above what was settled.
  ProducerEntries entries_at(std::int64_t offset) const;
  void restore(ProducerEntries entries, Time now);
  /// One that had to be read back.
  void put(ProducerId id, const ProducerEntry& entry, Time now);

 private:
  struct Undo {
    std::int64_t base_offset;
    ProducerId producer_id;
    std::optional<ProducerEntry> before;
  };

  ProducerEntries entries_;
  std::map<ProducerId, Time> last_seen_;  // of each entry
  std::deque<Undo> undo_;                 // offsets grow
};

}  // namespace faultline::replication
