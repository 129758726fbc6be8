// The disk as a node sees it, with exactly the promises that real file systems keep after a power cut.
//
//   data    what write_at() wrote may be lost, torn or kept until a sync() that was *issued after the write completed* succeeds.
//   names   a created, renamed or removed name may be undone until sync_dir() of its directory succeeds.
//   rename  replaces the target atomically: afterwards the name means the old file or the new one, never neither. The new file's
//           data is only as durable as its own syncs.
//   sync    that failed has told the truth once: the same call may succeed later without the data being on the disk. Whoever sees
//           it fail must stop trusting the file (the fsync trap).
//   deadline a call that timed out may still take effect later; its Slices stay alive until then.
//
// Paths are relative to the node's data directory, separated by '/', without "." or "..". Destroying a File closes it, without a sync.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/slice.h"
#include "base/time.h"

namespace faultline {

enum class OpenMode : std::uint8_t {
  read,        // must exist
  write,       // read and write; must exist
  create,      // read and write; made if it does not exist
  create_new,  // read and write; must not exist
};

struct DirectoryEntry {
  std::string name;
  bool is_directory = false;

  auto operator<=>(const DirectoryEntry&) const = default;
};

class File {
 public:
  virtual ~File() = default;

  /// Reads up to `count` bytes from `offset`; fewer only at the end of the file, where it may be none.
  /// Errors: io_error, timed_out, cancelled.
  virtual Result<Slice> read_at(std::uint64_t offset, std::size_t count, Time deadline) = 0;

  /// Writes all pieces, in order, from `offset`; a gap before it reads as zeros.
  /// Errors: no_space, io_error, read_only (any part may have been written); timed_out (may be written later); cancelled.
  virtual Result<> write_at(std::uint64_t offset, std::span<const Slice> pieces, Time deadline) = 0;

  /// Makes all writes and truncations of this file durable that completed before this call. Not its name: see Disk::sync_dir.
  /// Errors: io_error, no_space, timed_out: see the fsync trap above; cancelled.
  virtual Result<> sync(Time deadline) = 0;

  /// Cuts or extends (with zeros) the file. Errors: as write_at.
  virtual Result<> truncate(std::uint64_t size, Time deadline) = 0;

  /// The present size, durable or not. Errors: io_error, cancelled.
  virtual Result<std::uint64_t> size() = 0;
};

/// Held as long as it lives; given up when the process ends, however it ends.
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
};

class Disk {
 public:
  virtual ~Disk() = default;

  /// Errors: not_found, already_exists, no_space, io_error, read_only, timed_out, cancelled.
  virtual Result<std::unique_ptr<File>> open(std::string_view path, OpenMode mode, Time deadline) = 0;
  /// Replaces `to` if it exists. Errors: not_found, no_space, io_error, read_only, timed_out, cancelled.
  virtual Result<> rename(std::string_view from, std::string_view to, Time deadline) = 0;
  /// Removes a file; open handles go on working. May take long for large files. Errors: not_found, io_error, read_only, timed_out, cancelled.
  virtual Result<> remove(std::string_view path, Time deadline) = 0;
  /// Errors: not_found (the parent), already_exists, no_space, io_error, read_only, timed_out, cancelled.
  virtual Result<> create_directory(std::string_view path, Time deadline) = 0;
  /// Errors: not_found, directory_not_empty, io_error, read_only, timed_out, cancelled.
  virtual Result<> remove_directory(std::string_view path, Time deadline) = 0;
  /// The entries of a directory ("" is the root), sorted by name. Errors: not_found, not_a_directory, io_error, timed_out, cancelled.
  virtual Result<std::vector<DirectoryEntry>> list(std::string_view path, Time deadline) = 0;
  /// Makes the names in a directory durable as they are now. Errors: not_found, io_error, no_space, timed_out, cancelled.
  virtual Result<> sync_dir(std::string_view path, Time deadline) = 0;
  /// Takes the data directory for this process alone. Errors: locked, io_error, cancelled.
  virtual Result<std::unique_ptr<DirectoryLock>> lock() = 0;
};

/// Creates `path` and its missing parents, and makes their names durable. Errors: as create_directory, but for already_exists.
Result<> create_directories(Disk& disk, std::string_view path, Time deadline);

/// Removes a directory and all in it. Errors: as remove.
Result<> remove_tree(Disk& disk, std::string_view path, Time deadline);

/// The whole file. Errors: as open and read_at; too_large if it holds more than `limit` bytes.
Result<Slice> read_whole(Disk& disk, std::string_view path, std::size_t limit, Time deadline);

/// Replaces the file at `path` with `content` so that after a power cut it holds the old or the new content, whole: write
/// path + ".tmp", sync, rename, sync the directory. Durable when it returns. Errors: as write_at, sync, rename, sync_dir.
Result<> replace_file(Disk& disk, std::string_view path, const Slice& content, Time deadline);

/// The directory part of `path`, "" for the root.
std::string_view parent_path(std::string_view path);

}  // namespace faultline
