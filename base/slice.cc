#include "base/slice.h"

#include <cstring>
#include <new>

namespace faultline {
namespace detail {

SliceBlock* SliceBlock::allocate(std::size_t capacity) {
  void* memory = ::operator new(sizeof(SliceBlock) + capacity);
  return new (memory) SliceBlock{1, capacity};
}

void SliceBlock::destroy() {
  this->~SliceBlock();
  ::operator delete(this);
}

}  // namespace detail

Slice Slice::copy_of(Bytes bytes) {
  Buffer buffer(bytes.size());
  if (!bytes.empty()) std::memcpy(buffer.data(), bytes.data(), bytes.size());
  return std::move(buffer).freeze();
}

std::size_t total_size(std::span<const Slice> slices) {
  std::size_t total = 0;
  for (const Slice& slice : slices) total += slice.size();
  return total;
}

Slice concatenate(std::span<const Slice> slices) {
  Buffer buffer(total_size(slices));
  std::size_t at = 0;
  for (const Slice& slice : slices) {
    if (!slice.empty()) std::memcpy(buffer.data() + at, slice.data(), slice.size());
    at += slice.size();
  }
  return std::move(buffer).freeze();
}

}  // namespace faultline
