#include "runtime/asio/real_file.h"

#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>
#include <vector>

#include "runtime/asio/posix_error.h"

namespace faultline {
namespace {

// More than this is not copied on the reactor, even out of the page cache: it would be felt by everybody else.
constexpr std::size_t largest_immediate_read = 256 * 1024;
// More than this is not copied into the page cache by the reactor. So much takes it a few microseconds, which is less than a trip of the
// task to a thread and back costs it; all of it together is what small batches at a high rate cost.
constexpr std::size_t largest_immediate_write = 16 * 1024;
constexpr std::size_t vectors_at_once = 256;  // IOV_MAX is 1024

// A read of `count` bytes that ends early, at the end of the file mostly, should not pin the memory it was given.
Slice finish(Buffer buffer, std::size_t filled) {
  if (filled < buffer.size() / 2) return Slice::copy_of(buffer.bytes().first(filled));
  return std::move(buffer).freeze(filled);
}

enum class Progress { complete, would_block };

/// Reads what is in the page cache. `filled` grows up to buffer.size(), or the end of the file.
Progress read_cached(int descriptor, std::uint64_t offset, Buffer& buffer, std::size_t& filled) {
  while (filled < buffer.size()) {
    const iovec vector{buffer.data() + filled, buffer.size() - filled};
    const ssize_t count = preadv2(descriptor, &vector, 1, static_cast<off_t>(offset + filled), RWF_NOWAIT);
    if (count == 0) return Progress::complete;
    if (count < 0) return Progress::would_block;  // or an error, which the blocking read will meet again and report
    filled += static_cast<std::size_t>(count);
  }
  return Progress::complete;
}

Result<Slice> read_rest(const Descriptor& descriptor, std::uint64_t offset, Buffer buffer, std::size_t filled) {
  while (filled < buffer.size()) {
    const ssize_t count =
        pread(descriptor.number(), buffer.data() + filled, buffer.size() - filled, static_cast<off_t>(offset + filled));
    if (count == 0) break;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_error(errno, "read", descriptor.path());
    filled += static_cast<std::size_t>(count);
  }
  return finish(std::move(buffer), filled);
}

Result<> write_pieces(const Descriptor& descriptor, std::uint64_t offset, std::span<const Slice> pieces) {
  std::array<iovec, vectors_at_once> vectors;
  std::size_t index = 0;
  std::size_t skip = 0;  // bytes of pieces[index] already written
  for (;;) {
    std::size_t count = 0;
    for (std::size_t i = index; i < pieces.size() && count < vectors.size(); ++i) {
      const Slice piece = i == index ? pieces[i].from(skip) : pieces[i];
      if (!piece.empty()) vectors[count++] = {const_cast<std::uint8_t*>(piece.data()), piece.size()};
    }
    if (count == 0) return {};
    const ssize_t result = pwritev(descriptor.number(), vectors.data(), static_cast<int>(count), static_cast<off_t>(offset));
    if (result < 0 && errno == EINTR) continue;
    if (result < 0) return file_error(errno, "write", descriptor.path());
    if (result == 0) return file_error(EIO, "write", descriptor.path());
    auto written = static_cast<std::size_t>(result);
    offset += written;
    while (index < pieces.size() && written >= pieces[index].size() - skip) {
      written -= pieces[index].size() - skip;
      skip = 0;
      ++index;
    }
    skip += written;
  }
}

}  // namespace

Result<Slice> RealFile::read_at(std::uint64_t offset, std::size_t count, Time deadline) {
  ENSURE(Fiber::current() != nullptr);
  if (Fiber::current()->cancelled()) return Error(Errc::cancelled);
  // Not more than the file can hold, so that a careless count costs no memory. A small one is not worth asking the file's size.
  if (count > largest_immediate_read) {
    const std::uint64_t present = TRY(size());
    if (offset >= present) return Slice();
    count = static_cast<std::size_t>(std::min<std::uint64_t>(count, present - offset));
  }
  Buffer buffer(count);
  std::size_t filled = 0;
  if (buffer.size() <= largest_immediate_read &&
      read_cached(descriptor_->number(), offset, buffer, filled) == Progress::complete) {
    return finish(std::move(buffer), filled);
  }
  return perform(lanes_.reads, deadline, [descriptor = descriptor_, offset, buffer = std::move(buffer), filled]() mutable {
    return read_rest(*descriptor, offset, std::move(buffer), filled);
  });
}

Result<> RealFile::write_at(std::uint64_t offset, std::span<const Slice> pieces, Time deadline) {
  ENSURE(Fiber::current() != nullptr);
  if (Fiber::current()->cancelled()) return Error(Errc::cancelled);
  std::size_t bytes = 0;
  for (const Slice& piece : pieces) bytes += piece.size();
  if (bytes <= largest_immediate_write && !descriptor_->has_changes()) return write_pieces(*descriptor_, offset, pieces);
  std::vector<Slice> kept(pieces.begin(), pieces.end());
  return perform(lanes_.changes, deadline, [change = Descriptor::Change(descriptor_), offset, kept = std::move(kept)] {
    return write_pieces(change.file(), offset, kept);
  });
}

Result<> RealFile::sync(Time deadline) {
  // fdatasync() leaves out only what is not needed to read the data back, such as the time of the last change.
  const auto work = [descriptor = descriptor_, delay = lanes_.sync_delay]() -> Result<> {
    if (delay > Duration::zero()) std::this_thread::sleep_for(delay);
    if (fdatasync(descriptor->number()) != 0) return file_error(errno, "sync", descriptor->path());
    return {};
  };
  return perform(lanes_.syncs, deadline, work, descriptor_.get());
}

Result<> RealFile::truncate(std::uint64_t size, Time deadline) {
  return perform(lanes_.changes, deadline, [change = Descriptor::Change(descriptor_), size]() -> Result<> {
    while (ftruncate(change.file().number(), static_cast<off_t>(size)) != 0) {
      if (errno != EINTR) return file_error(errno, "truncate", change.file().path());
    }
    return {};
  });
}

Result<std::uint64_t> RealFile::size() {
  ENSURE(Fiber::current() != nullptr);
  if (Fiber::current()->cancelled()) return Error(Errc::cancelled);
  struct stat status{};
  if (fstat(descriptor_->number(), &status) != 0) return file_error(errno, "stat", descriptor_->path());
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace faultline
