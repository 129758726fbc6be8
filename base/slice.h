// Slice: shared ownership of a run of bytes; Buffer: sole ownership of bytes that are still being filled.
//
// A produce request is received into one Buffer, frozen, cut into Slices, and those same bytes go to the disk and to consumers;
// nothing is copied on the way. A disk write keeps its Slices alive until the device is done with them, which may be after the
// caller gave up. The count is atomic, since the last owner may be the file thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"

namespace faultline {

namespace detail {

struct SliceBlock {
  std::atomic<std::uint32_t> references;
  std::size_t capacity;

  std::uint8_t* bytes() { return reinterpret_cast<std::uint8_t*>(this + 1); }

  static SliceBlock* allocate(std::size_t capacity);
  void retain() { references.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }

 private:
  void destroy();
};

}  // namespace detail

class Slice {
 public:
  Slice() = default;
  Slice(const Slice& other) : block_(other.block_), data_(other.data_), size_(other.size_) {
    if (block_ != nullptr) block_->retain();
  }
  Slice(Slice&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  Slice& operator=(Slice other) noexcept {
    std::swap(block_, other.block_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Slice() {
    if (block_ != nullptr) block_->release();
  }

  static Slice copy_of(Bytes bytes);
  static Slice copy_of(std::string_view text) { return copy_of(as_bytes(text)); }

  const std::uint8_t* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Bytes bytes() const { return {data_, size_}; }
  operator Bytes() const { return bytes(); }  // NOLINT(google-explicit-constructor): a Slice is bytes
  std::uint8_t operator[](std::size_t index) const { return data_[index]; }

  /// The part [offset, offset + count), sharing the bytes. Requires: it lies inside.
  Slice part(std::size_t offset, std::size_t count) const {
    ENSURE(offset <= size_);
    ENSURE(count <= size_ - offset);
    Slice result(*this);
    result.data_ += offset;
    result.size_ = count;
    return result;
  }
  Slice from(std::size_t offset) const {
    ENSURE(offset <= size_);
    return part(offset, size_ - offset);
  }

  /// The same bytes, to be changed in place. Requires: nobody else reads them while the caller does; the leader stamps offset
  /// and epoch into a freshly received batch this way.
  MutableBytes writable() const { return {const_cast<std::uint8_t*>(data_), size_}; }

 private:
  friend class Buffer;
  Slice(detail::SliceBlock* block, const std::uint8_t* data, std::size_t size) : block_(block), data_(data), size_(size) {}

  detail::SliceBlock* block_ = nullptr;
  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

class Buffer {
 public:
  Buffer() = default;
  /// `size` bytes, not initialised.
  explicit Buffer(std::size_t size) : block_(detail::SliceBlock::allocate(size)), size_(size) {}
  Buffer(Buffer&& other) noexcept : block_(std::exchange(other.block_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(block_, other.block_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Buffer() {
    if (block_ != nullptr) block_->release();
  }

  std::uint8_t* data() { return block_ == nullptr ? nullptr : block_->bytes(); }
  std::size_t size() const { return size_; }
  MutableBytes bytes() { return {data(), size_}; }

  /// Gives the first `count` bytes away as an immutable Slice. Requires: count <= size().
  Slice freeze(std::size_t count) && {
    ENSURE(count <= size_);
    size_ = 0;
    detail::SliceBlock* block = std::exchange(block_, nullptr);
    return block == nullptr ? Slice() : Slice(block, block->bytes(), count);
  }
  Slice freeze() && {
    const std::size_t count = size_;
    return std::move(*this).freeze(count);
  }

 private:
  detail::SliceBlock* block_ = nullptr;
  std::size_t size_ = 0;
};

/// How many bytes `slices` hold together.
std::size_t total_size(std::span<const Slice> slices);

/// One Slice with the bytes of all, copied.
Slice concatenate(std::span<const Slice> slices);

}  // namespace faultline
