// Any bytes as reads and writes of sessions.
#include "any_history.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return faultline::formats::fuzz_history(faultline::formats::Format::sessions, data, size);
}
