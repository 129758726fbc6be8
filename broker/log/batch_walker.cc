#include "broker/log/batch_walker.h"

#include <algorithm>

namespace faultline {

namespace {
constexpr std::size_t run_bytes = 128 << 10;
}  // namespace

// Makes `count` bytes from position_ available in run_.
Result<> BatchWalker::fill(std::size_t count) {
  const bool inside = position_ >= run_position_ && position_ + count <= run_position_ + run_.size();
  if (inside) return {};
  const std::uint64_t wanted = std::min<std::uint64_t>(std::max(count, run_bytes), end_ - position_);
  run_ = TRY(file_.read_at(position_, static_cast<std::size_t>(wanted), patience_.deadline()));
  run_position_ = position_;
  if (run_.size() < count) return Error(Errc::corrupt, "the file is shorter than it was");
  return {};
}

Result<std::optional<BatchHeader>> BatchWalker::next(Depth depth) {
  if (position_ >= end_) return std::optional<BatchHeader>();
  if (end_ - position_ < batch_header_bytes) return Error(Errc::corrupt, "the file ends inside a batch header");
  TRY(fill(batch_header_bytes));
  const std::size_t skip = static_cast<std::size_t>(position_ - run_position_);
  const BatchHeader header = TRY(read_batch_header(run_.bytes().subspan(skip)));
  if (header.bytes > end_ - position_) return Error(Errc::corrupt, "the file ends inside a batch");
  if (depth == Depth::checksums) {
    TRY(fill(header.bytes));
    batch_ = run_.part(static_cast<std::size_t>(position_ - run_position_), header.bytes);
    if (!batch_checksum_matches(batch_)) return Error(Errc::corrupt, "wrong checksum");
  }
  position_ += header.bytes;
  return std::optional<BatchHeader>(header);
}

}  // namespace faultline
