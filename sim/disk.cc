#include "sim/disk.h"

#include <algorithm>

#include "sim/file.h"
#include "sim/internet.h"

namespace faultline::sim {
namespace {

constexpr std::size_t longest_name = 255;  // of Linux's file systems

/// Whether `path` names something inside the data directory: "a/b/c", without "." and "..".
bool is_valid(std::string_view path) {
  for (;;) {
    const std::size_t slash = path.find('/');
    const std::string_view name = path.substr(0, slash);
    if (name.empty() || name == "." || name == ".." || name.size() > longest_name) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

Error invalid(std::string_view path) { return Error(Errc::invalid_argument, "path '" + std::string(path) + "'"); }

}  // namespace

SimDisk::Random::Random(const RandomSource& source)
    : time(source.stream("time")),
      stall(source.stream("stall")),
      read_error(source.stream("read_error")),
      write_error(source.stream("write_error")),
      sync_error(source.stream("sync_error")),
      sync_dir_error(source.stream("sync_dir_error")),
      metadata_error(source.stream("metadata_error")),
      lying_sync(source.stream("lying_sync")),
      lost_write(source.stream("lost_write")),
      misdirected_write(source.stream("misdirected_write")),
      latent_error(source.stream("latent_error")),
      no_space(source.stream("no_space")),
      kill(source.stream("kill")),
      eviction(source.stream("eviction")),
      power_loss(source.stream("power_loss")),
      rot(source.stream("rot")) {}

SimDisk::SimDisk(Kernel& kernel, const Host& host, const DiskOptions& options, const DamageFilter& may_damage)
    : kernel_(kernel),
      host_(host),
      may_damage_(may_damage),
      longest_calm_(std::max({options.read_time.max, options.write_time.max, options.sync_time.max, options.metadata_time.max})),
      options_(options),
      random_(kernel.random.child("disk").child(host.node_name)),
      names_(std::make_unique<Names>(*used_)) {}

bool SimDisk::refused() const {
  const Fiber* fiber = Fiber::current();
  return host_.severed || (fiber != nullptr && fiber->cancelled());
}

std::uint32_t SimDisk::submit(Operation operation, const Delay& time, std::uint64_t bytes) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(operations_.size()));
    operations_.emplace_back();
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  operation.in_use = true;
  operation.waited_for = true;
  operation.waiter = Fiber::current();
  operations_[slot] = std::move(operation);
  Duration takes = time.draw(random_.time) * slowness_;
  if (fails(options_.stall, random_.stall)) {
    const Duration late = options_.stall_time.draw(random_.stall);
    takes += late;
    kernel_.fault(FaultKind::disk_stall, host_.id, no_node, kernel_.now + late);
  }
  Time starts = std::max(kernel_.now, stalled_until_);
  if (options_.bytes_per_second > 0) {
    __extension__ using Wide = unsigned __int128;
    const auto busy = static_cast<std::int64_t>(static_cast<Wide>(bytes) * 1'000'000'000u / options_.bytes_per_second);
    starts = std::max(starts, free_at_) + Duration(busy);
    free_at_ = starts;
  }
  kernel_.at(starts + takes, EventKind::disk, host_.id.value(), slot);
  return slot;
}

Result<> SimDisk::await(std::uint32_t slot, Time deadline) {
  const bool patient = deadline - kernel_.now >= longest_calm_;
  const Wake wake = park(deadline);
  Operation& operation = operations_[slot];
  if (wake == Wake::ready) {
    if (operation.error.code == Errc::none) return {};
    Error error = std::move(operation.error);
    release(slot);
    return error;
  }
  operation.waiter = nullptr;
  operation.waited_for = false;
  if (operation.done) release(slot);
  if (wake == Wake::cancelled) return Error(Errc::cancelled);
  return Error(Errc::timed_out, {}, patient);
}

Result<> SimDisk::run(Operation operation, const Delay& time, Time deadline) {
  const std::uint64_t bytes = operation.count;
  const std::uint32_t slot = submit(std::move(operation), time, bytes);
  Result<> done = await(slot, deadline);
  if (done) release(slot);
  return done;
}

void SimDisk::release(std::uint32_t slot) {
  operations_[slot] = Operation{};
  free_slots_.push_back(slot);
}

void SimDisk::on_done(std::uint32_t slot) {
  Operation& operation = operations_[slot];
  if (kernel_.now < stalled_until_ && !operation.dead) {
    kernel_.at(stalled_until_, EventKind::disk, host_.id.value(), slot);
    return;
  }
  if (!operation.dead) perform(operation);
  operation.done = true;
  if (!operation.waited_for) {
    release(slot);
  } else {
    wake(*operation.waiter);
  }
}

Result<std::unique_ptr<File>> SimDisk::open(std::string_view path, OpenMode mode, Time deadline) {
  if (refused()) return Error(Errc::cancelled);
  if (!is_valid(path)) return invalid(path);
  const std::uint32_t slot = submit({.kind = Kind::open, .mode = mode, .path = std::string(path)}, options_.metadata_time, 0);
  Result<> done = await(slot, deadline);
  if (!done) return done.error();
  std::unique_ptr<File> file = std::make_unique<SimFile>(*this, operations_[slot].inode, mode != OpenMode::read);
  release(slot);
  return file;
}

Result<> SimDisk::rename(std::string_view from, std::string_view to, Time deadline) {
  if (refused()) return Error(Errc::cancelled);
  if (!is_valid(from)) return invalid(from);
  if (!is_valid(to)) return invalid(to);
  return run({.kind = Kind::rename, .path = std::string(from), .other_path = std::string(to)}, options_.metadata_time, deadline);
}

Result<> SimDisk::remove(std::string_view path, Time deadline) {
  if (refused()) return Error(Errc::cancelled);
  if (!is_valid(path)) return invalid(path);
  return run({.kind = Kind::remove, .path = std::string(path)}, options_.metadata_time, deadline);
}

Result<> SimDisk::create_directory(std::string_view path, Time deadline) {
  if (refused()) return Error(Errc::cancelled);
  if (!is_valid(path)) return invalid(path);
  return run({.kind = Kind::create_directory, .path = std::string(path)}, options_.metadata_time, deadline);
}

Result<> SimDisk::remove_directory(std::string_view path, Time deadline) {
  if (refused()) return Error(Errc::cancelled);
  if (!is_valid(path)) return invalid(path);
  return run({.kind = Kind::remove_directory, .path = std::string(path)}, options_.metadata_time, deadline);
}

Result<std::vector<DirectoryEntry>> SimDisk::list(std::string_view path, Time deadline) {
  if (refused()) return Error(Errc::cancelled);
  if (!path.empty() && !is_valid(path)) return invalid(path);
  const std::uint32_t slot = submit({.kind = Kind::list, .path = std::string(path)}, options_.metadata_time, 0);
  Result<> done = await(slot, deadline);
  if (!done) return done.error();
  std::vector<DirectoryEntry> entries = std::move(operations_[slot].entries);
  release(slot);
  return entries;
}

Result<> SimDisk::sync_dir(std::string_view path, Time deadline) {
  if (refused()) return Error(Errc::cancelled);
  if (!path.empty() && !is_valid(path)) return invalid(path);
  return run({.kind = Kind::sync_dir, .path = std::string(path), .version = names_->version()}, options_.sync_time, deadline);
}

Result<std::unique_ptr<DirectoryLock>> SimDisk::lock() {
  if (refused()) return Error(Errc::cancelled);
  if (locked_) return Error(Errc::locked);
  locked_ = true;
  return std::unique_ptr<DirectoryLock>(std::make_unique<SimLock>(*this, ++lock_serial_));
}

void SimDisk::process_ended() {
  for (Operation& operation : operations_) {
    if (!operation.in_use || operation.dead || !operation.waited_for) continue;
    operation.waited_for = false;
    operation.waiter = nullptr;
    if (operation.done) operation.dead = true;
    interrupt(operation);
  }
  for (std::uint32_t slot = 0; slot < operations_.size(); ++slot) {
    if (operations_[slot].in_use && operations_[slot].done) release(slot);
  }
  locked_ = false;
  ++lock_serial_;
}

/// Nobody waits for it any more: it happens wholly, in part, or not.
void SimDisk::interrupt(Operation& operation) {
  if (operation.done) return;
  const std::uint64_t draw = random_.kill.below(3);
  if (draw == 0) operation.dead = true;
  if (draw == 1 && operation.kind == Kind::write) {
    operation.count = random_.kill.below(operation.count + 1);
    if (operation.count == 0) operation.dead = true;
  }
}

void SimDisk::power_lost() {
  RandomChoices choices(random_.power_loss);
  power_lost(choices);
}

void SimDisk::power_lost(Choices& choices) {
  process_ended();
  for (Operation& operation : operations_) {
    if (!operation.in_use || operation.done) continue;
    // What was on its way into the page cache is as if it had just been written, or had not been.
    const bool harmless = operation.kind == Kind::write || operation.kind == Kind::truncate || operation.kind == Kind::rename;
    if (!operation.dead && harmless) perform(operation);
    operation.dead = true;
  }
  PageCache::Loss total;
  const std::size_t lost_names = names_->power_loss(choices, [&](Inode& inode) {
    const PageCache::Loss loss = inode.cache.power_loss(choices);
    inode.failed_syncs = 0;
    inode.overcommitted = false;
    kernel_.record(host_.id, TraceKind::power_loss, inode.id, loss.pages);
    total.pages += loss.pages;
    total.torn += loss.torn;
    if (loss.length) kernel_.faults.count(FaultKind::lost_length);
  });
  for (std::size_t i = 0; i < lost_names; ++i) kernel_.faults.count(FaultKind::lost_name);
  for (std::size_t i = 0; i < total.pages; ++i) kernel_.faults.count(FaultKind::lost_page);
  for (std::size_t i = 0; i < total.torn; ++i) kernel_.faults.count(FaultKind::torn_page);
  set_read_only(false);
}

void SimDisk::process_starts() {
  // A process is not gone, and does not give up its lock, before the kernel is done with what it had submitted: nothing of it may
  // land in files that the next process has taken over.
  for (Operation& operation : operations_) {
    if (!operation.in_use || operation.done || operation.dead) continue;
    perform(operation);
    operation.dead = true;
  }
  for (const std::shared_ptr<Inode>& file : names_->files()) {
    file->cache.evict([&](std::uint32_t) { return random_.eviction.below(2) == 0; });
  }
}

void SimDisk::wipe() {
  for (Operation& operation : operations_) operation.dead = operation.dead || operation.in_use;
  names_ = std::make_unique<Names>(*used_);
  set_read_only(false);
}

bool SimDisk::rot(std::string_view path) {
  std::vector<std::shared_ptr<Inode>> files = names_->files();
  std::erase_if(files, [&](const auto& file) { return file->path.find(path) == std::string::npos || file->cache.size() == 0; });
  if (files.empty()) return false;
  Inode& inode = *files[random_.rot.below(files.size())];
  const std::uint64_t offset = random_.rot.below(inode.cache.size());
  const auto page = static_cast<std::uint32_t>(offset / page_bytes);
  const auto bit = static_cast<unsigned>(random_.rot.below(8));
  if (!inode.cache.is_clean(page) || !damage_allowed(inode, page) || !inode.cache.flip_bit(offset, bit)) return false;
  kernel_.fault(FaultKind::bit_rot, host_.id, no_node, kernel_.now, inode.path + " at byte " + std::to_string(offset));
  return true;
}

std::uint64_t SimDisk::free_bytes() const {
  if (options_.capacity_bytes == 0) return UINT64_MAX;
  return options_.capacity_bytes > *used_ ? options_.capacity_bytes - *used_ : 0;
}

bool SimDisk::damage_allowed(const Inode& inode, std::uint32_t page) const {
  return may_damage_ == nullptr || may_damage_(host_.id, inode.path, std::uint64_t{page} * page_bytes);
}

}  // namespace faultline::sim
