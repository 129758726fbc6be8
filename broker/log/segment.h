// Segment: one file of a partition's log, batches back to back, named after the offset of its first.
//
// A segment knows how far its file is written and how far it is synced; it decides nothing. Only the last segment of a log grows.
// Bytes that come back from the disk are never believed: each batch must carry the offset that is expected at its place (a
// misdirected write shows here) and the right checksum (bit rot shows here), or the read answers `corrupt`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "broker/log/batch_walker.h"
#include "broker/log/sparse_index.h"
#include "broker/log/tail_cache.h"
#include "runtime/disk.h"

namespace faultline {

/// "00000000000000000042.log": twenty digits, so that names sort as numbers.
std::string segment_file_name(std::int64_t base_offset);
/// The base offset in such a name, or -1.
std::int64_t parse_segment_file_name(std::string_view name);

/// What a removed segment's name ends in until its file is removed.
inline constexpr std::string_view deleted_suffix = ".deleted";

class Segment {
 public:
  Segment(std::string_view directory, std::int64_t base_offset, std::uint64_t index_interval_bytes, Time now);

  // Constant after construction.
  const std::int64_t base_offset;
  const std::string path;

  // Volatile.
  std::int64_t next_offset;          // of what is written
  std::uint64_t written_bytes = 0;   // of whole batches in the file
  std::uint64_t synced_bytes = 0;    // of these, covered by a successful sync
  std::uint64_t assigned_bytes = 0;  // written, being written and waiting
  bool name_durable = false;
  Time first_append;  // monotonic, so at the earliest when this incarnation opened the log
  Time last_append;
  SparseIndex index;

  /// Tells of a batch whose write has completed.
  void add(const BatchHeader& header);

  /// Opens the file for reading and writing, made if need be and emptied if it was there. Requires: nothing is written yet.
  Result<> create(Disk& disk, DiskPatience patience);
  /// The open file, to read from; opens it if it is not: for reading only, which a disk that refuses all changes still allows.
  /// Errors: as Disk::open.
  Result<std::shared_ptr<File>> file(Disk& disk, DiskPatience patience);
  /// The same, to change it.
  Result<std::shared_ptr<File>> writable_file(Disk& disk, DiskPatience patience);
  bool is_open() const { return file_ != nullptr; }
  /// It will not grow any more: thins the index and lets go of the file; a read that is under way keeps it.
  void seal();

  /// Whole batches from the one that holds `offset` on.
  /// Requires: base_offset <= offset < next_offset.
  /// Errors: corrupt (a batch is not what it must be; nothing of it is given); else as File::read_at.
  Result<ReadResult> read(Disk& disk, DiskPatience patience, std::int64_t offset, const ReadLimits& limits);

  /// The base offset of the first batch that ends after `from` and whose newest timestamp is at least `timestamp`; next_offset if
  /// there is none. Errors: as find.
  Result<std::int64_t> batch_at_timestamp(Disk& disk, DiskPatience patience, std::int64_t timestamp, std::int64_t from);
  /// The first batch with the greatest timestamp among those that end after `from` and at or before `to`.
  struct Newest {
    std::int64_t timestamp = SparseIndex::no_timestamp;
    std::int64_t batch_offset = 0;
  };
  Result<Newest> newest_batch(Disk& disk, DiskPatience patience, std::int64_t from, std::int64_t to);
  /// Cuts the file so that `offset`, or the start of the batch that holds it, is the end, and indexes again what is left. No sync.
  /// Requires: base_offset <= offset < next_offset.
  Result<> cut(Disk& disk, DiskPatience patience, std::int64_t offset);

  /// Whether what helps to find batches speaks of bytes that are there.
  bool knows_its_bytes() const {
    return index.ends_below(written_bytes) && (read_on_offset_ < 0 || read_on_position_ <= written_bytes);
  }

  /// Where the batch that holds `offset` starts, and its header. Errors: corrupt; else as File::read_at.
  struct Place {
    std::uint64_t position = 0;
    BatchHeader header;
  };
  Result<Place> find(Disk& disk, DiskPatience patience, std::int64_t offset);

 private:
  template <class Visit>
  Result<> walk(Disk& disk, DiskPatience patience, std::uint64_t position, std::int64_t expected, Visit&& visit);
  Error corrupt_at(std::uint64_t position, std::string_view what) const;

  std::shared_ptr<File> file_;  // shared with reads under way, which outlive a deletion
  bool writable_ = false;
  std::uint64_t cuts_ = 0;
  // Where the last read from the file ended: a consumer that reads on starts there without a search.
  std::int64_t read_on_offset_ = -1;
  std::uint64_t read_on_position_ = 0;
};

}  // namespace faultline
