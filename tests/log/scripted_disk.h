// A disk in memory that does exactly what a test tells it: fail the next call of a kind, hold syncs back, lose what is not synced.
// The simulator's disk (sim/) draws its faults; here a test names them.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/disk.h"
#include "runtime/sync.h"

namespace faultline::testing {

enum class DiskCall { open, read, write, sync, truncate, rename, remove, sync_dir };

class ScriptedDisk : public Disk {
 public:
  struct Inode {
    std::vector<std::uint8_t> cached;   // what reads see
    std::vector<std::uint8_t> durable;  // what a power cut leaves
    std::size_t dropped_from = 0;       // what a failed sync gave up, and no later one writes
    std::size_t dropped_to = 0;
  };
  using InodePtr = std::shared_ptr<Inode>;

  /// The next call of this kind fails with `code`; a write then writes its first `partial_bytes`.
  void fail_next(DiskCall call, Errc code, std::size_t partial_bytes = 0) {
    failing_ = {call, code};
    partial_bytes_ = partial_bytes;
  }
  /// Files can grow by only this many more bytes; a truncation gives nothing back.
  std::optional<std::size_t> space_left;
  /// The fsync trap: after a failed sync the pages count as clean, though they are not on the disk.
  bool drops_after_failed_sync = false;
  /// While it is reset, syncs wait.
  Event syncs_pass;
  /// After so many syncs it is reset.
  std::optional<int> syncs_left;
  int syncs = 0;
  int reads = 0;
  std::size_t largest_write_pieces = 0;

  ScriptedDisk() { syncs_pass.set(); }

  /// Power loss: names and contents become what was synced.
  void lose_power() {
    names_ = durable_names_;
    for (auto& [path, inode] : names_) inode->cached = inode->durable;
  }
  std::vector<std::uint8_t>& bytes_of(const std::string& path) { return names_.at(path)->cached; }
  bool exists(const std::string& path) const { return names_.contains(path); }
  /// Makes everything durable as it is now: the ground a test starts from.
  void settle() {
    durable_names_ = names_;
    for (auto& [path, inode] : names_) inode->durable = inode->cached;
  }
  std::vector<std::string> paths() const {
    std::vector<std::string> all;
    for (const auto& [path, inode] : names_) all.push_back(path);
    return all;
  }

  Result<std::unique_ptr<File>> open(std::string_view path, OpenMode mode, Time) override {
    TRY(maybe_fail(DiskCall::open));
    const auto found = names_.find(std::string(path));
    if (found == names_.end()) {
      if (mode == OpenMode::read || mode == OpenMode::write) return Error(Errc::not_found, std::string(path));
      if (!directories_.contains(std::string(parent_path(path)))) return Error(Errc::not_found, std::string(parent_path(path)));
      names_[std::string(path)] = std::make_shared<Inode>();
    } else if (mode == OpenMode::create_new) {
      return Error(Errc::already_exists, std::string(path));
    }
    return std::unique_ptr<File>(new ScriptedFile(*this, names_.at(std::string(path))));
  }
  Result<> rename(std::string_view from, std::string_view to, Time) override {
    TRY(maybe_fail(DiskCall::rename));
    if (directories_.contains(std::string(from))) return rename_directory(std::string(from), std::string(to));
    const auto found = names_.find(std::string(from));
    if (found == names_.end()) return Error(Errc::not_found, std::string(from));
    names_[std::string(to)] = found->second;
    names_.erase(std::string(from));
    return {};
  }
  Result<> remove(std::string_view path, Time) override {
    TRY(maybe_fail(DiskCall::remove));
    if (names_.erase(std::string(path)) == 0) return Error(Errc::not_found, std::string(path));
    return {};
  }
  Result<> create_directory(std::string_view path, Time) override {
    if (!directories_.insert(std::string(path)).second) return Error(Errc::already_exists, std::string(path));
    return {};
  }
  Result<> remove_directory(std::string_view path, Time) override {
    if (directories_.erase(std::string(path)) == 0) return Error(Errc::not_found, std::string(path));
    return {};
  }
  Result<std::vector<DirectoryEntry>> list(std::string_view path, Time) override {
    if (!directories_.contains(std::string(path))) return Error(Errc::not_found, std::string(path));
    std::vector<DirectoryEntry> entries;
    for (const auto& [name, inode] : names_) {
      if (parent_path(name) == path) entries.push_back({leaf(name), false});
    }
    for (const std::string& name : directories_) {
      if (!name.empty() && parent_path(name) == path) entries.push_back({leaf(name), true});
    }
    std::sort(entries.begin(), entries.end());
    return entries;
  }
  Result<> sync_dir(std::string_view path, Time) override {
    TRY(maybe_fail(DiskCall::sync_dir));
    std::erase_if(durable_names_, [&](const auto& entry) { return parent_path(entry.first) == path; });
    for (const auto& [name, inode] : names_) {
      if (parent_path(name) == path) durable_names_[name] = inode;
    }
    return {};
  }
  Result<std::unique_ptr<DirectoryLock>> lock() override {
    if (!lock_.expired()) return Error(Errc::locked);
    auto token = std::make_shared<int>(0);
    lock_ = token;
    struct Held : DirectoryLock {
      explicit Held(std::shared_ptr<int> shared) : token(std::move(shared)) {}
      std::shared_ptr<int> token;
    };
    return std::unique_ptr<DirectoryLock>(new Held(token));
  }

 private:
  class ScriptedFile : public File {
   public:
    ScriptedFile(ScriptedDisk& disk, InodePtr inode) : disk_(disk), inode_(std::move(inode)) {}
    Result<Slice> read_at(std::uint64_t offset, std::size_t count, Time) override {
      ++disk_.reads;
      TRY(disk_.maybe_fail(DiskCall::read));
      const auto& bytes = inode_->cached;
      const std::size_t from = std::min<std::size_t>(offset, bytes.size());
      return Slice::copy_of(Bytes(bytes).subspan(from, std::min(count, bytes.size() - from)));
    }
    Result<> write_at(std::uint64_t offset, std::span<const Slice> pieces, Time) override {
      disk_.largest_write_pieces = std::max(disk_.largest_write_pieces, pieces.size());
      const Slice all = concatenate(pieces);
      std::size_t count = all.size();
      Result<> outcome = disk_.maybe_fail(DiskCall::write);
      if (!outcome) count = std::min(count, disk_.partial_bytes_);
      if (disk_.space_left.has_value()) {
        const std::size_t present = inode_->cached.size();
        if (offset + count > present + *disk_.space_left) {
          count = present + *disk_.space_left - offset;
          outcome = Error(Errc::no_space, {}, true);
        }
        if (offset + count > present) *disk_.space_left -= offset + count - present;
      }
      if (inode_->cached.size() < offset + count) inode_->cached.resize(offset + count);
      std::copy_n(all.data(), count, inode_->cached.begin() + static_cast<std::ptrdiff_t>(offset));
      return outcome;
    }
    Result<> sync(Time) override {
      const std::vector<std::uint8_t> covered = inode_->cached;
      TRY(disk_.syncs_pass.wait());
      if (disk_.syncs_left && --*disk_.syncs_left == 0) disk_.syncs_pass.reset();
      const std::size_t synced = inode_->durable.size();
      const Result<> outcome = disk_.maybe_fail(DiskCall::sync);
      if (!outcome) {
        if (disk_.drops_after_failed_sync)
          std::tie(inode_->dropped_from, inode_->dropped_to) = std::tuple(synced, covered.size());
        return outcome;
      }
      ++disk_.syncs;
      inode_->durable = covered;
      const auto at = [&](std::size_t offset) {
        return inode_->durable.begin() + static_cast<std::ptrdiff_t>(std::min(offset, covered.size()));
      };
      std::fill(at(inode_->dropped_from), at(inode_->dropped_to), std::uint8_t{0});
      return {};
    }
    Result<> truncate(std::uint64_t size, Time) override {
      TRY(disk_.maybe_fail(DiskCall::truncate));
      inode_->cached.resize(size);
      return {};
    }
    Result<std::uint64_t> size() override { return inode_->cached.size(); }

   private:
    ScriptedDisk& disk_;
    InodePtr inode_;
  };

  Result<> maybe_fail(DiskCall call) {
    if (!failing_.has_value() || failing_->first != call) return {};
    const Errc code = failing_->second;
    failing_.reset();
    return Error(code, {}, true);
  }
  static std::string leaf(const std::string& path) {
    return path.substr(path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1);
  }
  Result<> rename_directory(const std::string& from, const std::string& to) {
    directories_.erase(from);
    directories_.insert(to);
    std::map<std::string, InodePtr> moved;
    for (const auto& [name, inode] : names_) moved[name.starts_with(from + "/") ? to + name.substr(from.size()) : name] = inode;
    names_ = std::move(moved);
    return {};
  }

  std::map<std::string, InodePtr> names_;
  std::map<std::string, InodePtr> durable_names_;
  std::set<std::string> directories_{""};
  std::optional<std::pair<DiskCall, Errc>> failing_;
  std::size_t partial_bytes_ = 0;
  std::weak_ptr<int> lock_;
};

}  // namespace faultline::testing
