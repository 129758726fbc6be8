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
  Result<std::unique_ptr<File>> file = disk_.open(file_name, OpenMode::write, deadline);
  if (!file) return file.error();
  // Emptied first: to make the removal of the name durable may itself take room. And both are made durable, since before that a
  // file system does not use the room again.
  TRY((*file)->truncate(0, deadline));
  TRY((*file)->sync(deadline));
  file->reset();
  TRY(disk_.remove(file_name, deadline));
  return disk_.sync_dir("", deadline);
}

}  // namespace faultline
