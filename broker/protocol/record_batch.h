// Record batches, version 2: the unit that is produced, stored, replicated and fetched. docs/formats/record_batch.md has the
// layout.
//
// A batch is never rebuilt on its way through the broker. BatchView reads the header in place; what the leader assigns (base
// offset, its epoch) lies outside the checksum and is stamped into the received bytes, and a topic that wants its own timestamps
// costs one rewrite of the checksum. Records are only looked at to check them, or by a client.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "base/slice.h"
#include "broker/protocol/compression.h"
#include "broker/protocol/endian.h"

namespace faultline::protocol {

/// Base offset and length: what has to be read to know how long a batch is.
inline constexpr std::size_t batch_prefix_bytes = 12;
/// Everything before the records.
inline constexpr std::size_t batch_header_bytes = 61;

inline constexpr std::int64_t no_timestamp = -1;
inline constexpr std::int64_t no_producer_id = -1;

/// `a` + `b`, wrapping: offsets and timestamps come from outside, and a nonsensical one must not be undefined behaviour.
constexpr std::int64_t wrapping_sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

enum class TimestampType : std::uint8_t { create_time, log_append_time };

/// One whole batch; shares its bytes.
class BatchView {
 public:
  /// The batch at the front of `bytes`, which may go on behind it.
  ///
  /// Checks only that it is whole and of version 2; not the checksum, not the records.
  /// Errors: truncated if `bytes` ends inside it; malformed if its length cannot be; unsupported for another version ("magic").
  static Result<BatchView> parse(const Slice& bytes);

  /// Header included.
  std::size_t size() const { return bytes_.size(); }
  const Slice& bytes() const { return bytes_; }
  /// The records as they are stored, compressed or not.
  Slice records() const { return bytes_.from(batch_header_bytes); }

  std::int64_t base_offset() const { return at<std::int64_t>(0); }
  std::int32_t partition_leader_epoch() const { return at<std::int32_t>(12); }
  std::uint32_t crc() const { return at<std::uint32_t>(17); }
  std::uint16_t attributes() const { return at<std::uint16_t>(21); }
  std::int32_t last_offset_delta() const { return at<std::int32_t>(23); }
  /// Of the first record, or the delete horizon if has_delete_horizon().
  std::int64_t base_timestamp() const { return at<std::int64_t>(27); }
  std::int64_t max_timestamp() const { return at<std::int64_t>(35); }
  std::int64_t producer_id() const { return at<std::int64_t>(43); }
  std::int16_t producer_epoch() const { return at<std::int16_t>(51); }
  std::int32_t base_sequence() const { return at<std::int32_t>(53); }
  std::int32_t count() const { return at<std::int32_t>(57); }

  std::int64_t last_offset() const { return wrapping_sum(base_offset(), last_offset_delta()); }
  std::int64_t next_offset() const { return wrapping_sum(last_offset(), 1); }
  /// The sequence number of the last record; they wrap after INT32_MAX. Requires: has_producer_id().
  std::int32_t last_sequence() const;

  Codec codec() const { return static_cast<Codec>(attributes() & 7); }
  TimestampType timestamp_type() const {
    return (attributes() & 8) != 0 ? TimestampType::log_append_time : TimestampType::create_time;
  }
  bool is_transactional() const { return (attributes() & 16) != 0; }
  bool is_control() const { return (attributes() & 32) != 0; }
  bool has_delete_horizon() const { return (attributes() & 64) != 0; }
  bool has_producer_id() const { return producer_id() != no_producer_id; }

  /// Whether the checksum over everything from the attributes on is right.
  bool crc_matches() const { return crc() == computed_crc(); }

  // What the leader writes before it appends. Requires: nobody else reads these bytes yet.

  /// Assigns offset and epoch; both lie outside the checksum.
  void stamp(std::int64_t base_offset, std::int32_t leader_epoch) const;
  /// Sets type and greatest timestamp, and the checksum if that changed anything. With log_append_time, `max_timestamp` becomes
  /// the timestamp of every record.
  void set_timestamps(TimestampType type, std::int64_t max_timestamp) const;

 private:
  explicit BatchView(Slice bytes) : bytes_(std::move(bytes)) {}

  template <class T>
  T at(std::size_t offset) const {
    return load_be<T>(bytes_.data() + offset);
  }
  std::uint32_t computed_crc() const;

  Slice bytes_;
};

/// The size that the batch at the front of `bytes` claims, header included.
///
/// Errors: truncated if fewer than batch_prefix_bytes are there; malformed if no batch can be that long.
Result<std::size_t> claimed_batch_size(Bytes bytes);

/// Walks over batches that lie one after the other, as in a segment, a fetch answer or a produce request.
class BatchIterator {
 public:
  explicit BatchIterator(Slice bytes) : rest_(std::move(bytes)) {}

  /// The next whole batch; nothing at the end and where a last batch is cut off, as fetch answers do.
  ///
  /// Errors: as BatchView::parse, but truncated.
  Result<std::optional<BatchView>> next();

  /// What has not been returned yet: empty, or a cut batch once next() has returned nothing.
  const Slice& rest() const { return rest_; }

 private:
  Slice rest_;
};

}  // namespace faultline::protocol
