// Any bytes as what a crash left of a segment: the first byte says how much of it the recovery point vouches for. Either the log is
// refused, or what is served afterwards is a prefix of the file, batch by batch, and an append goes on behind it.
#include <algorithm>
#include <memory>

#include "base/check.h"
#include "broker/log/partition_log.h"
#include "log_fixture.h"

namespace {

using namespace faultline;
using namespace faultline::testing;

constexpr const char* segment = "t-0/00000000000000000000.log";

void put(ScriptedDisk& disk, const char* path, Bytes bytes) {
  (void)disk.open(path, OpenMode::create, no_deadline);
  disk.bytes_of(path).assign(bytes.begin(), bytes.end());
}

void check_prefix(LogFixture& node, Bytes file) {
  std::size_t at = 0;
  for (std::int64_t offset = node.log->log_start(); offset < node.log->log_end();) {
    const Result<ReadResult> result = node.read(offset);
    if (!result) {
      // Below the recovery point only headers were walked: a wrong checksum there shows now.
      ENSURE(result.error() == Errc::corrupt);
      return;
    }
    for (const Slice& batch : result->batches) {
      ENSURE(file.size() - at >= batch.size());
      ENSURE(std::ranges::equal(batch.bytes(), file.subspan(at, batch.size())));
      ENSURE(batch_checksum_matches(batch));
      at += batch.size();
    }
    offset = result->next_offset;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const Bytes file(data + 1, size - 1);
  LogFixture node;
  node.config.tail_cache_bytes = 0;
  (void)node.disk.create_directory("t-0", no_deadline);
  put(node.disk, segment, file);
  put(node.disk, "t-0/log-checkpoint", LogCheckpoint{0, data[0] % 8, data[0] % 5, false}.encode());
  if (const Result<> opened = node.open(LogOpen::existing); !opened) {
    ENSURE(opened.error() == Errc::corrupt);
    return 0;
  }
  check_prefix(node, file);
  const std::int64_t end = node.log->log_end();
  ENSURE(node.append_stable(make_batch(), node.log->latest_epoch().value_or(0)).has_value());
  ENSURE(node.log->log_end() == end + 1);
  node.crash();
  ENSURE(node.open(LogOpen::existing).has_value());
  ENSURE(node.log->log_end() == end + 1);
  return 0;
}
