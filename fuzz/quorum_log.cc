// Any bytes as the files of the quorum's store: read, or refused as corrupt. What was read of a log can be read again, and is all of it.
#include "base/check.h"
#include "broker/quorum/store/files.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace faultline;
  using namespace faultline::quorum;
  const Slice file = Slice::copy_of(Bytes(data, size));
  const Result<DecodedLog> log = decode_log(file, raft::Index());
  if (log.has_error()) {
    ENSURE(log.error() == Errc::corrupt);
  } else {
    ENSURE(log->end_bytes <= size);
    const Result<DecodedLog> again = decode_log(file.part(0, log->end_bytes), raft::Index());
    ENSURE(again.has_value());
    ENSURE(again->end_bytes == log->end_bytes);
    ENSURE(again->entries.size() == log->entries.size());
  }
  const Result<raft::HardState> vote = decode_vote(file.bytes());
  if (vote.has_error()) ENSURE(vote.error() == Errc::corrupt);
  const Result<raft::SnapshotMeta> snapshot = decode_snapshot(file);
  if (snapshot.has_error()) ENSURE(snapshot.error() == Errc::corrupt);
  return 0;
}
