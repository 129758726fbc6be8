// Any bytes as events in JSON without a header.
#include "any_history.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return faultline::formats::fuzz_history(faultline::formats::Format::json, data, size);
}
