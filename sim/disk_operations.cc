// What each disk operation does when its time has come, and how it fails.
#include <algorithm>

#include "sim/disk.h"
#include "sim/hash.h"
#include "sim/internet.h"

namespace faultline::sim {

void SimDisk::fail(Operation& operation, Errc code, FaultKind kind, std::string_view detail) {
  operation.error = Error(code, std::string(detail), true);
  kernel_.record(host_.id, TraceKind::disk_failed, operation.inode == nullptr ? 0 : operation.inode->id,
                 static_cast<std::uint64_t>(code));
  kernel_.fault(kind, host_.id, no_node, kernel_.now, std::string(detail));
}

/// The file system's journal is broken: as Linux does it, it can be read from now on, and nothing else.
void SimDisk::names_fail(Operation& operation, FaultKind kind) {
  read_only_ = true;
  names_stuck_ = true;
  fail(operation, Errc::io_error, kind, operation.inode == nullptr ? operation.path : operation.inode->path);
}

void SimDisk::perform(Operation& operation) {
  switch (operation.kind) {
    case Kind::open: return perform_open(operation);
    case Kind::read: return perform_read(operation);
    case Kind::write: return perform_write(operation);
    case Kind::truncate: return perform_truncate(operation);
    case Kind::sync: return perform_sync(operation);
    default: return perform_names(operation);
  }
}

void SimDisk::perform_open(Operation& operation) {
  kernel_.record(host_.id, TraceKind::disk_open, static_cast<std::uint64_t>(operation.mode), hash_text(operation.path));
  Result<std::shared_ptr<Inode>> found = names_->find(operation.path);
  if (!found && found.error() == Errc::not_found && operation.mode >= OpenMode::create) {
    if (read_only_) return fail(operation, Errc::read_only, FaultKind::metadata_error, operation.path);
    if (free_bytes() == 0) return fail(operation, Errc::no_space, FaultKind::no_space, operation.path);
    if (fails(options_.metadata_error, random_.metadata_error)) return names_fail(operation, FaultKind::metadata_error);
    found = names_->create(operation.path, false);
  } else if (found && operation.mode == OpenMode::create_new) {
    found = Error(Errc::already_exists, operation.path);
  } else if (found && (*found)->is_directory) {
    found = Error(Errc::invalid_argument, operation.path + " is a directory");
  } else if (found && read_only_ && operation.mode != OpenMode::read) {
    return fail(operation, Errc::read_only, FaultKind::metadata_error, operation.path);
  }
  if (found) {
    operation.inode = *found;
  } else {
    operation.error = found.error();
  }
}

void SimDisk::perform_read(Operation& operation) {
  const PageCache& cache = operation.inode->cache;
  const std::uint64_t in_file = operation.offset < cache.size() ? std::min(operation.count, cache.size() - operation.offset) : 0;
  kernel_.record(host_.id, TraceKind::disk_read, operation.inode->id, operation.offset);
  if (fails(options_.read_error, random_.read_error))
    return fail(operation, Errc::io_error, FaultKind::read_error, operation.inode->path);
  if (cache.is_unreadable(operation.offset, in_file)) {
    return fail(operation, Errc::io_error, FaultKind::latent_error, operation.inode->path + " has an unreadable sector");
  }
  operation.data = cache.read(operation.offset, static_cast<std::size_t>(in_file));
}

void SimDisk::perform_write(Operation& operation) {
  Inode& inode = *operation.inode;
  std::uint64_t hash = operation.count;
  for (const Slice& piece : operation.pieces) hash = hash_bytes(piece, hash);
  kernel_.record(host_.id, TraceKind::disk_write, inode.id, operation.offset ^ hash);
  if (read_only_) return fail(operation, Errc::read_only, FaultKind::metadata_error, inode.path);
  std::uint64_t limit = operation.count;
  const bool ordered = inode.path.find(failing_write_) != std::string::npos;
  if (ordered || fails(options_.write_error, random_.write_error)) {
    if (ordered) failing_write_ = nothing;
    limit = random_.write_error.below(limit + 1);
    fail(operation, Errc::io_error, FaultKind::write_error, inode.path);
  }
  const std::uint64_t end = operation.offset + limit;
  const std::uint64_t growth = end > inode.cache.size() ? end - inode.cache.size() : 0;
  if (growth > free_bytes()) {
    if (fails(options_.late_no_space, random_.no_space)) {
      inode.overcommitted = true;
    } else {
      const std::uint64_t missing = growth - free_bytes();
      limit = missing < limit ? limit - missing : 0;
      fail(operation, Errc::no_space, FaultKind::no_space, inode.path);
    }
  }
  const std::uint64_t last = operation.offset + (operation.count > 0 ? operation.count - 1 : 0);
  const bool partial = operation.offset % page_bytes != 0 || (last + 1) % page_bytes != 0;
  if (partial && (inode.cache.is_unreadable(operation.offset, 1) || inode.cache.is_unreadable(last, 1))) {
    return fail(operation, Errc::io_error, FaultKind::latent_error, inode.path + " has an unreadable sector");
  }
  if (limit > 0) inode.cache.write(operation.offset, operation.pieces, limit);
}

void SimDisk::perform_truncate(Operation& operation) {
  Inode& inode = *operation.inode;
  kernel_.record(host_.id, TraceKind::disk_truncate, inode.id, operation.offset);
  if (read_only_) return fail(operation, Errc::read_only, FaultKind::metadata_error, inode.path);
  if (fails(options_.metadata_error, random_.metadata_error)) return names_fail(operation, FaultKind::metadata_error);
  const std::uint64_t size = inode.cache.size();
  if (operation.offset > size && operation.offset - size > free_bytes())
    return fail(operation, Errc::no_space, FaultKind::no_space, inode.path);
  inode.cache.truncate(operation.offset);
}

void SimDisk::perform_sync(Operation& operation) {
  Inode& inode = *operation.inode;
  kernel_.record(host_.id, TraceKind::disk_sync, inode.id, operation.version);
  const bool ordered = inode.path.find(failing_sync_) != std::string::npos;
  if (ordered || fails(options_.sync_error, random_.sync_error)) {
    if (ordered) failing_sync_ = nothing;
    for (const std::uint32_t page : inode.cache.dirty_pages(operation.version)) inode.cache.lose_page(page, operation.version);
    ++inode.failed_syncs;
    return fail(operation, Errc::io_error, FaultKind::sync_error, inode.path);
  }
  if (inode.overcommitted && options_.capacity_bytes != 0 && *used_ > options_.capacity_bytes) {
    return fail(operation, Errc::no_space, FaultKind::no_space, inode.path);
  }
  inode.overcommitted = false;
  if (fails(options_.lying_sync, random_.lying_sync) && damage_allowed(inode, 0)) {
    kernel_.fault(FaultKind::lying_sync, host_.id, no_node, kernel_.now, inode.path);
    return;
  }
  write_back(inode, operation.version);
}

void SimDisk::write_back(Inode& inode, std::uint64_t version) {
  PageCache& cache = inode.cache;
  for (const std::uint32_t page : cache.dirty_pages(version)) {
    const std::string where = inode.path + " page " + std::to_string(page);
    if (fails(options_.lost_write, random_.lost_write) && damage_allowed(inode, page)) {
      cache.lose_page(page, version);
      kernel_.fault(FaultKind::lost_write, host_.id, no_node, kernel_.now, where);
      continue;
    }
    if (fails(options_.misdirected_write, random_.misdirected_write)) {
      const auto victim = static_cast<std::uint32_t>(random_.misdirected_write.below(cache.page_count()));
      if (damage_allowed(inode, page) && damage_allowed(inode, victim) && cache.misdirect(page, victim)) {
        cache.lose_page(page, version);
        kernel_.fault(FaultKind::misdirected_write, host_.id, no_node, kernel_.now, where + " to page " + std::to_string(victim));
        continue;
      }
    }
    cache.settle_page(page, version);
    if (fails(options_.latent_error, random_.latent_error) && damage_allowed(inode, page)) {
      cache.make_unreadable(page);
      kernel_.fault(FaultKind::latent_error, host_.id, no_node, no_deadline, where);
    }
  }
  cache.settle_size(version);
  cache.sweep();
}

void SimDisk::perform_names(Operation& operation) {
  kernel_.record(host_.id, TraceKind::disk_names, static_cast<std::uint64_t>(operation.kind),
                 hash_text(operation.path, hash_text(operation.other_path)));
  if (operation.kind == Kind::list) {
    const Result<std::shared_ptr<Inode>> found = names_->find(operation.path);
    if (!found) {
      operation.error = found.error();
    } else if (!(*found)->is_directory) {
      operation.error = Error(Errc::not_a_directory, operation.path);
    } else {
      for (const auto& [name, inode] : (*found)->entries) operation.entries.push_back({name, inode->is_directory});
    }
    return;
  }
  if (operation.kind == Kind::sync_dir) return perform_sync_dir(operation);
  if (read_only_) return fail(operation, Errc::read_only, FaultKind::metadata_error, operation.path);
  if (fails(options_.metadata_error, random_.metadata_error)) return names_fail(operation, FaultKind::metadata_error);
  const bool needs_space = operation.kind == Kind::create_directory || operation.kind == Kind::rename;
  if (needs_space && free_bytes() == 0 && random_.no_space.below(2) == 0) {
    return fail(operation, Errc::no_space, FaultKind::no_space, operation.path);
  }
  Result<> done;
  switch (operation.kind) {
    case Kind::rename: done = names_->rename(operation.path, operation.other_path); break;
    case Kind::remove: done = names_->remove(operation.path, false); break;
    case Kind::remove_directory: done = names_->remove(operation.path, true); break;
    default:
      if (const auto made = names_->create(operation.path, true); !made) done = made.error();
  }
  if (!done) operation.error = done.error();
}

void SimDisk::perform_sync_dir(Operation& operation) {
  const Result<std::shared_ptr<Inode>> found = names_->find(operation.path);
  if (!found) {
    operation.error = found.error();
    return;
  }
  if (names_stuck_) return fail(operation, Errc::io_error, FaultKind::metadata_error, operation.path);
  if (fails(options_.metadata_error, random_.metadata_error)) return names_fail(operation, FaultKind::metadata_error);
  const bool ordered = operation.path == failing_sync_dir_;
  if (ordered || fails(options_.sync_dir_error, random_.sync_dir_error)) {
    if (ordered) failing_sync_dir_ = nothing;
    return names_fail(operation, FaultKind::sync_error);
  }
  // A new name may need a block of the directory that was not there yet; to drop one takes none.
  if (free_bytes() == 0 && names_->adds_to(**found, operation.version) && random_.no_space.below(2) == 0) {
    return fail(operation, Errc::no_space, FaultKind::no_space, operation.path);
  }
  names_->settle(**found, operation.version);
}

}  // namespace faultline::sim
