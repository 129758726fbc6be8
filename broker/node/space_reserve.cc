#include "broker/node/space_reserve.h"

#include <vector>

#include "base/slice.h"

namespace faultline {
namespace {

constexpr std::string_view file_name = "reserve";
constexpr std::size_t block_bytes = 64 * 1024;

}  // namespace

Result<> SpaceReserve::hold(std::uint64_t bytes, Time deadline) {
  if (held_bytes_ >= bytes) return {};
  const std::unique_ptr<File> file = TRY(disk_.open(file_name, OpenMode::create, deadline));
  std::uint64_t size = TRY(file->size());
  if (size < bytes) {
    // Written, not only extended: a hole would reserve nothing.
    const Slice block = Slice::copy_of(std::vector<std::uint8_t>(block_bytes));
    for (; size < bytes; size += block.size()) {
      TRY(file->write_at(size, std::span<const Slice>(&block, 1), deadline));
    }
    TRY(file->sync(deadline));
    TRY(disk_.sync_dir("", deadline));
  }
  held_bytes_ = size;
  return {};
}

Result<> SpaceReserve::release(Time deadline) {
  held_bytes_ = 0;
  const Result<> removed = disk_.remove(file_name, deadline);
  if (!removed && !(removed.error() == Errc::not_found)) return removed;
  // What a name is gone from may only be used again when that is durable.
  return disk_.sync_dir("", deadline);
}

}  // namespace faultline
