#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace faultline {
namespace {

struct Context {
  CheckContextPrinter printer = nullptr;
  void* state = nullptr;
};

constinit thread_local Context context;

}  // namespace

void set_check_context(CheckContextPrinter printer, void* state) noexcept { context = {printer, state}; }

void check_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "ENSURE failed: %s\n  at %s:%d\n", expression, file, line);
  if (context.printer != nullptr) context.printer(context.state);
  std::fflush(stderr);
  std::abort();
}

}  // namespace faultline
