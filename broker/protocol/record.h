// The records inside a batch: reading them one by one, for clients, checkers and time lookups.
//
// Source: docs/formats/record_batch.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/slice.h"
#include "broker/protocol/record_batch.h"

namespace faultline::protocol {

/// How far a batch may grow when decompressed, unless the caller knows better. Producers bound a batch to about a mebibyte before
/// they compress it.
inline constexpr std::size_t decompressed_bytes_max_default = std::size_t{64} << 20;

struct RecordHeader {
  std::string key;
  std::optional<Slice> value;
};

struct Record {
  std::int64_t offset = 0;
  std::int64_t timestamp = no_timestamp;
  std::optional<Slice> key;
  std::optional<Slice> value;
  std::vector<RecordHeader> headers;
};

/// A record as it lies in memory. Offsets and timestamps are relative to the batch.
struct RawRecord {
  std::int64_t timestamp_delta = 0;
  std::int32_t offset_delta = 0;
  std::optional<Bytes> key;
  std::optional<Bytes> value;
  std::int32_t header_count = 0;
  Bytes headers;  // not looked into; read_raw_header takes them one by one
};

struct RawHeader {
  Bytes key;
  std::optional<Bytes> value;
};

/// Takes a record from the front of `bytes`. Returns: whether there was one, with all of its lengths inside it.
bool read_raw_record(Bytes& bytes, RawRecord& record);

/// Takes a header from the front of `bytes`. Returns: whether there was one.
bool read_raw_header(Bytes& bytes, RawHeader& header);

class RecordIterator {
 public:
  /// Decompresses at once. The records share the batch's bytes, or the decompressed ones.
  ///
  /// Errors: as decompress().
  static Result<RecordIterator> open(const BatchView& batch, std::size_t decompressed_bytes_max = decompressed_bytes_max_default);

  /// The next record; nothing after the last.
  ///
  /// Errors: malformed, also when the batch holds more or less than it counts. No further calls after an error.
  Result<std::optional<Record>> next();

 private:
  RecordIterator(BatchView batch, Slice records)
      : batch_(std::move(batch)), records_(std::move(records)), rest_(records_.bytes()) {}

  Slice share(Bytes bytes) const { return records_.part(static_cast<std::size_t>(bytes.data() - records_.data()), bytes.size()); }

  BatchView batch_;
  Slice records_;
  Bytes rest_;
  std::int32_t returned_ = 0;
};

/// All records of a batch. Errors: as RecordIterator.
Result<std::vector<Record>> read_records(const BatchView& batch,
                                         std::size_t decompressed_bytes_max = decompressed_bytes_max_default);

}  // namespace faultline::protocol
