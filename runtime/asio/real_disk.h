// Files of the machine, below one data directory.
//
// Four lanes (file_lane.h), so that no kind of work waits for another: changes, in the order they were asked for; syncs, grouped
// by file; reads that miss the page cache; and slow farewells, since removing a large file can take a millisecond a megabyte. A
// read that the page cache can answer is answered at once, without a thread, and so is a small write, which the page cache takes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "runtime/asio/file_lane.h"
#include "runtime/disk.h"

namespace faultline {

struct DiskLanes {
  // One thread for changes: a write that timed out cannot be overtaken by a later one to the same place. Reads get as many as keep a
  // device's queue busy. Syncs get more: each log's is one of its own, and where one takes milliseconds, it is waiting that it does.
  // Farewells get two, so that one huge file does not hold up the rest.
  DiskLanes(Completions& completions_of_all, Duration delay_of_syncs)
      : sync_delay(delay_of_syncs),
        completions(completions_of_all),
        changes(completions, 1),
        syncs(completions, 16),
        reads(completions, 4),
        farewells(completions, 2) {}
  // Requires: no fiber is left.
  ~DiskLanes() {
    changes.stop();
    syncs.stop();
    reads.stop();
    completions.deliver();  // tasks that nobody waits for any more, and with them the last descriptors, which are closed now
    farewells.stop();
  }

  const Duration sync_delay;  // what a sync sleeps before it begins, on its thread of the lane
  Completions& completions;
  FileLane changes;
  FileLane syncs;
  FileLane reads;
  FileLane farewells;
};

/// A descriptor that is closed when its last user, a File or a task in a lane, has gone. Closing may free a removed file's blocks,
/// so it is a farewell.
class Descriptor {
 public:
  Descriptor(int number, std::string path, FileLane& farewells)
      : number_(number), path_(std::move(path)), farewells_(farewells) {}
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }
  const std::string& path() const { return path_; }

  /// A change of this file that a lane has taken: none may overtake it. On the reactor's thread only, where tasks are made and destroyed.
  class Change {
   public:
    explicit Change(std::shared_ptr<Descriptor> of) : of_(std::move(of)) { ++of_->changes_; }
    ~Change() {
      if (of_ != nullptr) --of_->changes_;
    }
    Change(Change&&) = default;
    Change(const Change&) = delete;
    Change& operator=(Change&&) = delete;

    const Descriptor& file() const { return *of_; }

   private:
    std::shared_ptr<Descriptor> of_;
  };
  bool has_changes() const { return changes_ > 0; }

 private:
  const int number_;
  const std::string path_;
  FileLane& farewells_;
  int changes_ = 0;
};

class RealDisk final : public Disk {
 public:
  /// `directory` "" makes a disk whose calls all fail with `unsupported`.
  static Result<std::unique_ptr<RealDisk>> open(const std::string& directory, DiskLanes& lanes);
  ~RealDisk() override;

  Result<std::unique_ptr<File>> open(std::string_view path, OpenMode mode, Time deadline) override;
  Result<> rename(std::string_view from, std::string_view to, Time deadline) override;
  Result<> remove(std::string_view path, Time deadline) override;
  Result<> create_directory(std::string_view path, Time deadline) override;
  Result<> remove_directory(std::string_view path, Time deadline) override;
  Result<std::vector<DirectoryEntry>> list(std::string_view path, Time deadline) override;
  Result<> sync_dir(std::string_view path, Time deadline) override;
  Result<std::unique_ptr<DirectoryLock>> lock() override;

 private:
  RealDisk(int root, DiskLanes& lanes) : root_(root), lanes_(lanes) {}
  /// Refuses what leads out of the data directory. Errors: invalid_argument, unsupported.
  Result<std::string> checked(std::string_view path, bool may_be_root = false) const;

  const int root_;  // descriptor of the data directory
  DiskLanes& lanes_;
};

}  // namespace faultline
