// ENSURE: a promise about our own state, always on, in every build. (Not named CHECK, which is Catch2's.)
//
// Bytes from a peer or a disk are data and are judged with Result (base/result.h); a ENSURE that fails means that this program
// is wrong, and the only safe thing left is to stop. Write one condition per ENSURE, so that the message names the one that broke.
// Whoever knows more than the line number (the simulator: node, virtual time, seed) installs a context printer.
#pragma once

namespace faultline {

/// Prints what the process knows about the moment of failure, on stderr. Must not allocate much and must not throw.
using CheckContextPrinter = void (*)(void* state);

/// Installs `printer` for the calling thread and returns nothing; pass nullptr to remove it.
void set_check_context(CheckContextPrinter printer, void* state) noexcept;

[[noreturn]] void check_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace faultline

#define ENSURE(condition)                                        \
  do {                                                           \
    if (!(condition)) [[unlikely]]                               \
      ::faultline::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
