#include "broker/log/resync.h"

#include <algorithm>

namespace faultline {

namespace {
constexpr std::uint64_t looked_at_bytes_max = 16 << 20;
// Batches further ahead than this would not fit in what is looked at, at a byte for each offset.
constexpr std::int64_t offsets_ahead_max = looked_at_bytes_max;
}  // namespace

Result<bool> has_later_batch(File& file, DiskPatience patience, std::uint64_t from, std::uint64_t to, std::int64_t next_offset) {
  const std::uint64_t count = std::min(to - from, looked_at_bytes_max);
  const Slice bytes = TRY(file.read_at(from, static_cast<std::size_t>(count), patience.deadline()));
  for (std::size_t at = 1; at + batch_header_bytes <= bytes.size(); ++at) {
    const Result<BatchHeader> header = read_batch_header(bytes.bytes().subspan(at));
    if (!header || header->bytes > bytes.size() - at) continue;
    if (header->base_offset < next_offset || header->base_offset - next_offset > offsets_ahead_max) continue;
    if (batch_checksum_matches(bytes.bytes().subspan(at, header->bytes))) return true;
  }
  return false;
}

}  // namespace faultline
