// One open file; see real_disk.h for the lanes.
#pragma once

#include <memory>
#include <utility>

#include "runtime/asio/real_disk.h"
#include "runtime/disk.h"

namespace faultline {

class RealFile final : public File {
 public:
  RealFile(std::shared_ptr<Descriptor> descriptor, DiskLanes& lanes) : descriptor_(std::move(descriptor)), lanes_(lanes) {}

  Result<Slice> read_at(std::uint64_t offset, std::size_t count, Time deadline) override;
  Result<> write_at(std::uint64_t offset, std::span<const Slice> pieces, Time deadline) override;
  Result<> sync(Time deadline) override;
  Result<> truncate(std::uint64_t size, Time deadline) override;
  Result<std::uint64_t> size() override;

 private:
  // Shared with the tasks that this file has in the lanes, which may outlive it.
  const std::shared_ptr<Descriptor> descriptor_;
  DiskLanes& lanes_;
};

}  // namespace faultline
