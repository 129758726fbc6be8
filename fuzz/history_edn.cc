// Any bytes as a Jepsen history in EDN.
#include "any_history.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return faultline::formats::fuzz_history(faultline::formats::Format::edn, data, size);
}
