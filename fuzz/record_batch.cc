// Any bytes as record batches, one after the other, as they lie in a segment; or, if the first byte is odd, as one batch whose length,
// magic and checksum are made right first, without which the records would hardly ever be reached. What a broker accepts must be
// readable and stay whole when stamped.
#include <algorithm>

#include "base/check.h"
#include "base/crc32c.h"
#include "broker/protocol/produced_batch.h"

namespace {

using namespace faultline;
using namespace faultline::protocol;

constexpr std::size_t decompressed_bytes_max = 1 << 20;

void check_batch(const BatchView& batch) {
  const Result<std::vector<Record>> records = read_records(batch, decompressed_bytes_max);
  if (records.has_value()) ENSURE(static_cast<std::int64_t>(records->size()) == std::max(batch.count(), 0));
  const Result<ProducedBatch> produced = check_produced(batch.bytes(), {.decompressed_bytes_max = decompressed_bytes_max});
  if (produced.has_error()) {
    ENSURE(produce_error_code(produced.error().code) != ErrorCode::unknown_server_error);
    return;
  }
  ENSURE(records.has_value());
  produced->batch.stamp(1'000'000, 7);
  produced->batch.set_timestamps(TimestampType::log_append_time, 12345);
  ENSURE(batch.crc_matches());
  ENSURE(read_records(batch, decompressed_bytes_max).value().front().timestamp == 12345);
}

void mend(const Slice& bytes) {
  std::uint8_t* to = bytes.writable().data();
  store_be(to + 8, static_cast<std::int32_t>(bytes.size() - batch_prefix_bytes));
  to[16] = 2;
  store_be(to + 17, crc32c(bytes.bytes().subspan(21)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Slice bytes = Slice::copy_of(Bytes(data + 1, size - 1));
  if ((data[0] & 1) != 0 && bytes.size() >= batch_header_bytes) mend(bytes);
  BatchIterator batches(bytes);
  while (true) {
    const Result<std::optional<BatchView>> batch = batches.next();
    if (batch.has_error() || !batch->has_value()) return 0;
    check_batch(**batch);
  }
}
