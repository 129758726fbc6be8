#include "sim/file.h"

namespace faultline::sim {

Result<Slice> SimFile::read_at(std::uint64_t offset, std::size_t count, Time deadline) {
  if (disk_.refused()) return Error(Errc::cancelled);
  const std::uint32_t slot = disk_.submit({.kind = SimDisk::Kind::read, .inode = inode_, .offset = offset, .count = count},
                                          disk_.options_.read_time, count);
  Result<> done = disk_.await(slot, deadline);
  if (!done) return done.error();
  Slice data = std::move(disk_.operations_[slot].data);
  disk_.release(slot);
  return data;
}

Result<> SimFile::write_at(std::uint64_t offset, std::span<const Slice> pieces, Time deadline) {
  if (disk_.refused()) return Error(Errc::cancelled);
  if (!writable_) return Error(Errc::invalid_argument, inode_->path + " is open for reading only");
  const std::uint64_t count = total_size(pieces);
  if (count == 0) return {};
  return disk_.run(
      {.kind = SimDisk::Kind::write, .inode = inode_, .pieces = {pieces.begin(), pieces.end()}, .offset = offset, .count = count},
      disk_.options_.write_time, deadline);
}

Result<> SimFile::sync(Time deadline) {
  if (disk_.refused()) return Error(Errc::cancelled);
  Result<> done = disk_.run({.kind = SimDisk::Kind::sync, .inode = inode_, .version = inode_->cache.version()},
                            disk_.options_.sync_time, deadline);
  if (!done && !(done.error() == Errc::io_error)) return done;
  // Whoever had the file open when a sync failed is told once, whichever descriptor asked for it (errseq_t, Linux 4.16).
  if (failures_seen_ != inode_->failed_syncs) {
    failures_seen_ = inode_->failed_syncs;
    return Error(Errc::io_error, inode_->path + ": an earlier write-back failed", true);
  }
  return done;
}

Result<> SimFile::truncate(std::uint64_t size, Time deadline) {
  if (disk_.refused()) return Error(Errc::cancelled);
  if (!writable_) return Error(Errc::invalid_argument, inode_->path + " is open for reading only");
  return disk_.run({.kind = SimDisk::Kind::truncate, .inode = inode_, .offset = size}, disk_.options_.metadata_time, deadline);
}

Result<std::uint64_t> SimFile::size() {
  if (disk_.refused()) return Error(Errc::cancelled);
  return inode_->cache.size();
}

}  // namespace faultline::sim
