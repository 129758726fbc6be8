// An open file of a simulated disk.
#pragma once

#include <memory>

#include "sim/disk.h"

namespace faultline::sim {

class SimFile final : public File {
 public:
  SimFile(SimDisk& disk, std::shared_ptr<Inode> inode, bool writable)
      : disk_(disk), inode_(std::move(inode)), writable_(writable), failures_seen_(inode_->failed_syncs) {}

  Result<Slice> read_at(std::uint64_t offset, std::size_t count, Time deadline) override;
  Result<> write_at(std::uint64_t offset, std::span<const Slice> pieces, Time deadline) override;
  Result<> sync(Time deadline) override;
  Result<> truncate(std::uint64_t size, Time deadline) override;
  Result<std::uint64_t> size() override;

 private:
  SimDisk& disk_;
  const std::shared_ptr<Inode> inode_;
  const bool writable_;
  std::uint64_t failures_seen_;  // of inode_->failed_syncs: each open file is told once
};

class SimLock final : public DirectoryLock {
 public:
  SimLock(SimDisk& disk, std::uint64_t serial) : disk_(disk), serial_(serial) {}
  ~SimLock() override {
    if (disk_.lock_serial_ == serial_) disk_.locked_ = false;
  }

 private:
  SimDisk& disk_;
  const std::uint64_t serial_;
};

}  // namespace faultline::sim
