#include "runtime/disk.h"

namespace faultline {

std::string_view parent_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

Result<> create_directories(Disk& disk, std::string_view path, Time deadline) {
  if (path.empty()) return {};
  Result<> made = disk.create_directory(path, deadline);
  if (!made && made.error() == Errc::not_found) {
    TRY(create_directories(disk, parent_path(path), deadline));
    made = disk.create_directory(path, deadline);
  }
  if (!made && !(made.error() == Errc::already_exists)) return made;
  // Also when it existed: an earlier run may have crashed between making it and syncing its name.
  return disk.sync_dir(parent_path(path), deadline);
}

Result<> remove_tree(Disk& disk, std::string_view path, Time deadline) {
  for (const DirectoryEntry& entry : TRY(disk.list(path, deadline))) {
    const std::string child = std::string(path) + "/" + entry.name;
    if (entry.is_directory) {
      TRY(remove_tree(disk, child, deadline));
    } else {
      TRY(disk.remove(child, deadline));
    }
  }
  return disk.remove_directory(path, deadline);
}

Result<Slice> read_whole(Disk& disk, std::string_view path, std::size_t limit, Time deadline) {
  const std::unique_ptr<File> file = TRY(disk.open(path, OpenMode::read, deadline));
  const std::uint64_t size = TRY(file->size());
  if (size > limit) return Error(Errc::too_large, std::string(path) + " holds " + std::to_string(size) + " bytes");
  return file->read_at(0, static_cast<std::size_t>(size), deadline);
}

Result<> replace_file(Disk& disk, std::string_view path, const Slice& content, Time deadline) {
  const std::string temporary = std::string(path) + ".tmp";
  {
    const std::unique_ptr<File> file = TRY(disk.open(temporary, OpenMode::create, deadline));
    TRY(file->truncate(0, deadline));
    TRY(file->write_at(0, std::span<const Slice>(&content, 1), deadline));
    TRY(file->sync(deadline));
  }
  TRY(disk.rename(temporary, path, deadline));
  return disk.sync_dir(parent_path(path), deadline);
}

}  // namespace faultline
