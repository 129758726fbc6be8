// Ring<T>: a queue in one growing power-of-two array, and ByteRing, the same for bytes in bulk. Neither allocates once it has
// reached its working size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"

namespace faultline::sim {

template <class T>
class Ring {
 public:
  bool empty() const { return head_ == tail_; }
  std::size_t size() const { return tail_ - head_; }
  T& front() { return items_[head_ & mask()]; }
  /// The item `index` places behind the front.
  T& at(std::size_t index) { return items_[(head_ + index) & mask()]; }
  T& back() { return items_[(tail_ - 1) & mask()]; }
  void push(const T& item) {
    if (size() == items_.size()) grow();
    items_[tail_++ & mask()] = item;
  }
  void pop() { ++head_; }
  void clear() { head_ = tail_ = 0; }

 private:
  std::size_t mask() const { return items_.size() - 1; }
  void grow() {
    std::vector<T> larger(items_.empty() ? 8 : items_.size() * 2);
    const std::size_t count = size();
    for (std::size_t i = 0; i < count; ++i) larger[i] = items_[(head_ + i) & mask()];
    items_ = std::move(larger);
    head_ = 0;
    tail_ = count;
  }

  std::vector<T> items_;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
};

class ByteRing {
 public:
  std::size_t size() const { return static_cast<std::size_t>(tail_ - head_); }

  void append(Bytes bytes) {
    if (capacity_ - size() < bytes.size()) grow(size() + bytes.size());
    const std::size_t at = tail_ & (capacity_ - 1);
    const std::size_t first = bytes.size() < capacity_ - at ? bytes.size() : capacity_ - at;
    std::memcpy(bytes_.get() + at, bytes.data(), first);
    if (first < bytes.size()) std::memcpy(bytes_.get(), bytes.data() + first, bytes.size() - first);
    tail_ += bytes.size();
  }

  /// Moves the oldest bytes out. Requires: into.size() <= size().
  void take(MutableBytes into) {
    ENSURE(into.size() <= size());
    const std::size_t at = head_ & (capacity_ - 1);
    const std::size_t first = into.size() < capacity_ - at ? into.size() : capacity_ - at;
    std::memcpy(into.data(), bytes_.get() + at, first);
    if (first < into.size()) std::memcpy(into.data() + first, bytes_.get(), into.size() - first);
    head_ += into.size();
    if (head_ == tail_) head_ = tail_ = 0;  // stay in the warm part of the array
  }

  /// Forgets the newest bytes. Requires: count <= size().
  void drop_newest(std::size_t count) { tail_ -= count; }
  void release() {
    bytes_.reset();
    capacity_ = 0;
    head_ = tail_ = 0;
  }

 private:
  static constexpr std::size_t first_capacity = 256;

  void grow(std::size_t wanted) {
    std::size_t capacity = capacity_ == 0 ? first_capacity : capacity_;
    while (capacity < wanted) capacity *= 2;
    std::unique_ptr<std::uint8_t[]> larger(new std::uint8_t[capacity]);
    const std::size_t count = size();
    if (count > 0) take(MutableBytes(larger.get(), count));
    bytes_ = std::move(larger);
    capacity_ = capacity;
    head_ = 0;
    tail_ = count;
  }

  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t capacity_ = 0;  // zero or a power of two
  std::uint64_t head_ = 0;
  std::uint64_t tail_ = 0;
};

}  // namespace faultline::sim
