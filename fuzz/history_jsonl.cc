// Any bytes as a history: it is refused with a place in the file, or it is judged, and written out and read back unchanged.
#include "checkers/formats/history_jsonl.h"

#include "base/check.h"
#include "checkers/log_checker.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace faultline;
  using namespace faultline::checkers;
  using namespace faultline::formats;
  const auto history = read_history(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz");
  if (!history) {
    ENSURE(history.error().detail.starts_with("fuzz:"));
    return 0;
  }
  check_log(*history, LogRules::idempotent());
  const std::string text = write_history(*history);
  const auto again = read_history(text, "again");
  ENSURE(again.has_value());
  ENSURE(write_history(*again) == text);
  return 0;
}
