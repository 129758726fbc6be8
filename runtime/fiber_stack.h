// Pooled, guard-paged stacks for fibers.
//
// Stacks are carved from slabs: one mapping for many stacks, each with an inaccessible page below it, so that ten thousand fibers
// stay far from the kernel's limit on mappings and a fork copies few of them. The guard is MADV_GUARD_INSTALL where the kernel
// has it (6.13), which needs no mapping of its own, and mprotect elsewhere. A stack keeps the pages it has touched until it is
// trimmed; the pool keeps some warm and trims the rest.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace faultline {

/// One stack: [low, high), growing down from `high`. The page below `low` is the guard.
struct FiberStack {
  std::byte* low = nullptr;
  std::byte* high = nullptr;

  std::size_t size() const { return static_cast<std::size_t>(high - low); }
};

/// Gives the pages of [stack.low, sp) back to the kernel; they read as zeros when touched again. `sp` lies inside the stack.
void trim_stack(const FiberStack& stack, const std::byte* sp);

class FiberStackPool {
 public:
  explicit FiberStackPool(std::size_t usable_bytes = default_bytes);
  ~FiberStackPool();
  FiberStackPool(const FiberStackPool&) = delete;
  FiberStackPool& operator=(const FiberStackPool&) = delete;

  /// A stack, recycled if there is one. Stops the program when the kernel refuses memory: there is no way on.
  FiberStack take();
  /// Requires: nothing runs on it any more.
  void give_back(FiberStack stack);

  /// Address space per stack. Only touched pages cost memory; sanitizers put much larger frames on it.
  static constexpr std::size_t default_bytes = 256 * 1024;

 private:
  void map_slab();

  // Constant after construction.
  const std::size_t usable_bytes_;
  // Volatile.
  std::vector<FiberStack> free_;
  std::vector<std::byte*> slabs_;
};

}  // namespace faultline
