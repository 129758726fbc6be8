// What AddressSanitizer and ThreadSanitizer must be told about a stack switch; nothing at all in a plain build.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "runtime/fiber_stack.h"

#if defined(__SANITIZE_ADDRESS__)
#define FAULTLINE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FAULTLINE_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define FAULTLINE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FAULTLINE_TSAN 1
#endif
#endif

#if defined(FAULTLINE_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#elif defined(FAULTLINE_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

// `fiber` and `loop` are the word that each side keeps for its sanitizer: AddressSanitizer's fake stack or ThreadSanitizer's fiber.
namespace faultline::sanitizer {

#if defined(FAULTLINE_ASAN)

inline void create(void*&, std::string_view) {}
inline void destroy(void*) {}
inline void enter_fiber(void*& loop, void*, const void* bottom, std::size_t bytes) {
  __sanitizer_start_switch_fiber(&loop, bottom, bytes);
}
inline void entered_fiber(void* fiber, const void*& loop_bottom, std::size_t& loop_bytes) {
  __sanitizer_finish_switch_fiber(fiber, &loop_bottom, &loop_bytes);
}
inline void leave_fiber(void*& fiber, void*, const void* loop_bottom, std::size_t loop_bytes) {
  __sanitizer_start_switch_fiber(&fiber, loop_bottom, loop_bytes);
}
inline void leave_fiber_for_good(void*, const void* loop_bottom, std::size_t loop_bytes) {
  __sanitizer_start_switch_fiber(nullptr, loop_bottom, loop_bytes);
}
inline void back_in_loop(void* loop) { __sanitizer_finish_switch_fiber(loop, nullptr, nullptr); }
// A dropped fiber leaves poisoned redzones behind; the next tenant of the stack must not trip over them.
inline void forget_stack(const void* bottom, std::size_t bytes) { __asan_unpoison_memory_region(bottom, bytes); }

#elif defined(FAULTLINE_TSAN)

inline void create(void*& fiber, std::string_view name) {
  fiber = __tsan_create_fiber(0);
  __tsan_set_fiber_name(fiber, std::string(name).c_str());
}
inline void destroy(void* fiber) { __tsan_destroy_fiber(fiber); }
inline void enter_fiber(void*& loop, void* fiber, const void*, std::size_t) {
  loop = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(fiber, 0);
}
inline void entered_fiber(void*, const void*&, std::size_t&) {}
inline void leave_fiber(void*, void* loop, const void*, std::size_t) { __tsan_switch_to_fiber(loop, 0); }
inline void leave_fiber_for_good(void* loop, const void*, std::size_t) { __tsan_switch_to_fiber(loop, 0); }
inline void back_in_loop(void*) {}
inline void forget_stack(const void*, std::size_t) {}

#else

inline void create(void*&, std::string_view) {}
inline void destroy(void*) {}
inline void enter_fiber(void*&, void*, const void*, std::size_t) {}
inline void entered_fiber(void*, const void*&, std::size_t&) {}
inline void leave_fiber(void*, void*, const void*, std::size_t) {}
inline void leave_fiber_for_good(void*, const void*, std::size_t) {}
inline void back_in_loop(void*) {}
inline void forget_stack(const void*, std::size_t) {}

#endif

/// Trims below the stack pointer of a parked fiber. `sp` comes from the saved context, which lies at the very end of its stack use.
inline void trim(const FiberStack& stack, const std::byte* sp) {
  constexpr std::size_t red_zone_bytes = 128;  // System V ABI: a leaf may use this much below its stack pointer
  if (sp - red_zone_bytes > stack.low) trim_stack(stack, sp - red_zone_bytes);
}

}  // namespace faultline::sanitizer
