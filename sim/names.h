// The directory tree, as the kernel caches it and as the disk holds it.
//
// Each change of names (create, remove, rename) is atomic and touches one or two names. Changes that touch a common name reach the
// disk in order; others do in any order, or never, until sync_dir() of a directory they touch. What a power cut leaves is thus
// any set of changes that is closed under "came before and touched the same name". A rename is one change: the target means the
// old file or the new one, never neither.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runtime/disk.h"
#include "sim/choices.h"
#include "sim/page_cache.h"

namespace faultline::sim {

/// A file or a directory. Kept alive by names in the cache, names on the disk, and open handles.
struct Inode {
  Inode(std::uint64_t inode_id, bool directory, std::string first_path, std::uint64_t& used)
      : id(inode_id), is_directory(directory), path(std::move(first_path)), cache(used) {}

  using Entries = std::map<std::string, std::shared_ptr<Inode>, std::less<>>;

  const std::uint64_t id;
  const bool is_directory;
  std::string path;  // the last one it had, for reports
  PageCache cache;   // of a file
  Entries entries;   // of a directory, as the kernel sees it
  Entries durable;   // of a directory, on the disk
  std::uint64_t failed_syncs = 0;
  bool overcommitted = false;  // it was written when the disk was full, and the next sync will say so
};

class Names {
 public:
  explicit Names(std::uint64_t& used) : used_(used), root_(std::make_shared<Inode>(0, true, "", used)) {}

  /// Errors: not_found, not_a_directory (something on the way is a file).
  Result<std::shared_ptr<Inode>> find(std::string_view path) const;
  Result<std::shared_ptr<Inode>> create(std::string_view path, bool directory);
  Result<> rename(std::string_view from, std::string_view to);
  Result<> remove(std::string_view path, bool directory);

  /// The number of the newest change.
  std::uint64_t version() const { return version_; }
  /// Makes the changes up to `version` durable that touch `directory`, and those they build on.
  void settle(const Inode& directory, std::uint64_t version);
  /// Whether settle() would make a new name durable.
  bool adds_to(const Inode& directory, std::uint64_t version) const;
  /// Decides what is left of the names, and then of the content of each file that is left. `visit(inode)` sees each of those.
  /// Returns: how many changes of names were lost.
  template <class Visit>
  std::size_t power_loss(Choices& choices, Visit&& visit);
  /// Every file that has a name.
  std::vector<std::shared_ptr<Inode>> files() const;

 private:
  struct Edit {
    std::shared_ptr<Inode> directory;
    std::string name;
    std::shared_ptr<Inode> becomes;  // null: no such name
  };
  struct Change {
    std::uint64_t version;
    std::vector<Edit> edits;

    bool touches_names_of(const Change& other) const;
  };

  struct Place {
    std::shared_ptr<Inode> directory;
    std::string name;
  };
  Result<Place> place_of(std::string_view path) const;
  void change(std::vector<Edit> edits);
  static void make_durable(const Change& change);
  static std::shared_ptr<Inode> removed_by(const Change& change);
  std::size_t decide(Choices& choices);
  static void collect(const std::shared_ptr<Inode>& directory, std::vector<std::shared_ptr<Inode>>& files);
  void restore(const std::shared_ptr<Inode>& directory);

  std::uint64_t& used_;
  std::uint64_t version_ = 0;
  std::uint64_t next_inode_ = 1;
  std::shared_ptr<Inode> root_;
  std::vector<Change> pending_;  // not durable, oldest first
};

template <class Visit>
std::size_t Names::power_loss(Choices& choices, Visit&& visit) {
  const std::size_t lost = decide(choices);
  restore(root_);
  for (const std::shared_ptr<Inode>& file : files()) visit(*file);
  return lost;
}

}  // namespace faultline::sim
