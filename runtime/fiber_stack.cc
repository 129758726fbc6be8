#include "runtime/fiber_stack.h"

#include <sys/mman.h>

#include <cstdint>

#include "base/check.h"

namespace faultline {
namespace {

constexpr std::size_t page_bytes = 4096;
constexpr std::size_t stacks_per_slab = 64;
// Linux 6.13; Debian's headers are older than the kernels that this runs on.
constexpr int madv_guard_install = 102;
// The pool is a stack itself: the lowest ones rest longest. What is given back on top of this many is trimmed.
constexpr std::size_t warm_stacks = 256;

void install_guard(std::byte* page) {
  if (madvise(page, page_bytes, madv_guard_install) == 0) return;
  ENSURE(mprotect(page, page_bytes, PROT_NONE) == 0);
}

}  // namespace

void trim_stack(const FiberStack& stack, const std::byte* sp) {
  const auto address = reinterpret_cast<std::uintptr_t>(sp) & ~(page_bytes - 1);
  const auto low = reinterpret_cast<std::uintptr_t>(stack.low);
  if (address > low) madvise(stack.low, address - low, MADV_DONTNEED);
}

FiberStackPool::FiberStackPool(std::size_t usable_bytes) : usable_bytes_(usable_bytes) { ENSURE(usable_bytes % page_bytes == 0); }

FiberStackPool::~FiberStackPool() {
  for (std::byte* slab : slabs_) munmap(slab, (usable_bytes_ + page_bytes) * stacks_per_slab);
}

FiberStack FiberStackPool::take() {
  if (free_.empty()) map_slab();
  const FiberStack stack = free_.back();
  free_.pop_back();
  return stack;
}

void FiberStackPool::give_back(FiberStack stack) {
  if (free_.size() >= warm_stacks) trim_stack(stack, stack.high);
  free_.push_back(stack);
}

void FiberStackPool::map_slab() {
  const std::size_t stride = usable_bytes_ + page_bytes;
  void* memory =
      mmap(nullptr, stride * stacks_per_slab, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ENSURE(memory != MAP_FAILED);
  auto* slab = static_cast<std::byte*>(memory);
  madvise(slab, stride * stacks_per_slab, MADV_NOHUGEPAGE);  // a huge page would make every idle fiber cost 2 MiB
  slabs_.push_back(slab);
  for (std::size_t i = stacks_per_slab; i-- > 0;) {
    std::byte* guard = slab + i * stride;
    install_guard(guard);
    free_.push_back({guard + page_bytes, guard + stride});
  }
}

}  // namespace faultline
