// A node's disk: operations take time and can fail, stall, lie, and outlive whoever asked for them.
//
// An operation takes effect when its time is up, not when it is submitted. A caller who times out, is cancelled or is killed leaves
// its operation to the kernel: it may still happen. What the operations do is in page_cache.h (content) and names.h (names).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/disk.h"
#include "runtime/fiber.h"
#include "sim/kernel.h"
#include "sim/names.h"

namespace faultline::sim {

struct Host;

/// Asked before data is destroyed behind the back of the system: return false to spare it. The offset is that of a page.
using DamageFilter = std::function<bool(NodeId node, std::string_view path, std::uint64_t offset)>;

class SimDisk final : public Disk {
 public:
  SimDisk(Kernel& kernel, const Host& host, const DiskOptions& options, const DamageFilter& may_damage);

  // --- for the node ---
  Result<std::unique_ptr<File>> open(std::string_view path, OpenMode mode, Time deadline) override;
  Result<> rename(std::string_view from, std::string_view to, Time deadline) override;
  Result<> remove(std::string_view path, Time deadline) override;
  Result<> create_directory(std::string_view path, Time deadline) override;
  Result<> remove_directory(std::string_view path, Time deadline) override;
  Result<std::vector<DirectoryEntry>> list(std::string_view path, Time deadline) override;
  Result<> sync_dir(std::string_view path, Time deadline) override;
  Result<std::unique_ptr<DirectoryLock>> lock() override;

  // --- for the world ---
  DiskOptions& options() { return options_; }
  void set_slowness(std::uint32_t factor) { slowness_ = factor; }
  /// Nothing completes before `until`.
  void stall_until(Time until) { stalled_until_ = until; }
  /// The next sync of a file whose path contains `path` fails.
  void fail_next_sync(std::string path) { failing_sync_ = std::move(path); }
  /// The next sync of the directory `path` ("" is the root) fails, and the disk is read-only from then on.
  void fail_next_sync_dir(std::string path) { failing_sync_dir_ = std::move(path); }
  /// A disk that can be written again has its journal back: what was not durable may become so.
  void set_read_only(bool read_only) {
    read_only_ = read_only;
    if (!read_only) names_stuck_ = false;
  }
  /// The next write of a file whose path contains `path` stops after any part of it.
  void fail_next_write(std::string path) { failing_write_ = std::move(path); }
  /// Flips a random bit of a random page at rest, in a file whose path contains `path`. Returns: whether there was one to flip.
  bool rot(std::string_view path);
  void process_ended();
  void power_lost();
  /// Decides what a power cut leaves, by `choices`; for tests that want every outcome.
  void power_lost(Choices& choices);
  /// A new process starts: the page cache may have been emptied meanwhile.
  void process_starts();
  /// An empty disk.
  void wipe();
  std::uint64_t used_bytes() const { return *used_; }
  void on_done(std::uint32_t slot);

 private:
  friend class SimFile;
  friend class SimLock;

  enum class Kind : std::uint8_t {
    open,
    read,
    write,
    sync,
    truncate,
    rename,
    remove,
    create_directory,
    remove_directory,
    list,
    sync_dir
  };

  struct Operation {
    Kind kind = Kind::read;
    bool in_use = false;
    bool done = false;
    bool dead = false;  // power was lost: it has no effect
    Fiber* waiter = nullptr;
    bool waited_for = false;
    std::shared_ptr<Inode> inode{};
    OpenMode mode = OpenMode::read;
    std::string path{};
    std::string other_path{};
    std::vector<Slice> pieces{};
    std::uint64_t offset = 0;
    std::uint64_t count = 0;
    std::uint64_t version = 0;  // what a sync covers
    Error error{};
    Slice data{};
    std::vector<DirectoryEntry> entries{};
  };

  struct Random {
    explicit Random(const RandomSource& source);
    RandomStream time, stall, read_error, write_error, sync_error, sync_dir_error, metadata_error, lying_sync, lost_write,
        misdirected_write, latent_error, no_space, kill, eviction, power_loss, rot;
  };

  bool refused() const;
  std::uint32_t submit(Operation operation, const Delay& time, std::uint64_t bytes);
  /// Waits for an operation and returns its error; the slot is the caller's until release().
  Result<> await(std::uint32_t slot, Time deadline);
  Result<> run(Operation operation, const Delay& time, Time deadline);
  void release(std::uint32_t slot);
  void perform(Operation& operation);
  void perform_open(Operation& operation);
  void perform_read(Operation& operation);
  void perform_write(Operation& operation);
  void perform_truncate(Operation& operation);
  void perform_sync(Operation& operation);
  void perform_names(Operation& operation);
  void perform_sync_dir(Operation& operation);
  void names_fail(Operation& operation, FaultKind kind);
  void write_back(Inode& inode, std::uint64_t version);
  void fail(Operation& operation, Errc code, FaultKind kind, std::string_view detail);
  bool fails(Ratio ratio, RandomStream& random) { return ratio.numerator != 0 && random.chance(ratio); }
  std::uint64_t free_bytes() const;
  bool damage_allowed(const Inode& inode, std::uint32_t page) const;
  void interrupt(Operation& operation);

  // Constant after construction.
  Kernel& kernel_;
  const Host& host_;
  const DamageFilter& may_damage_;
  const Duration longest_calm_;  // what an operation takes at most while nothing is done to the disk
  // Volatile.
  DiskOptions options_;
  Random random_;
  std::unique_ptr<std::uint64_t> used_ = std::make_unique<std::uint64_t>(0);
  std::unique_ptr<Names> names_;
  std::vector<Operation> operations_;
  std::vector<std::uint32_t> free_slots_;
  Time stalled_until_{};
  Time free_at_{};  // when the device is idle; only with limited bandwidth
  std::uint32_t slowness_ = 1;
  std::string failing_sync_ = nothing;
  std::string failing_sync_dir_ = nothing;
  std::string failing_write_ = nothing;
  bool read_only_ = false;
  bool names_stuck_ = false;  // a change of names failed: no other becomes durable before a power cut or set_read_only(false)
  bool locked_ = false;
  std::uint64_t lock_serial_ = 0;

  static constexpr const char* nothing = "\n";  // no path contains it
};

}  // namespace faultline::sim
