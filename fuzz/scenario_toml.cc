// Scenario files come from anyone: whatever the bytes, reading ends in a scenario or in problems, and what was read without a
// problem is written and read back equal.
#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "scenarios/scenario_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace faultline;
  const scenarios::ReadScenario first = scenarios::read_scenario(as_text({data, size}), "fuzz");
  if (!first.problems.empty()) return 0;
  const scenarios::ReadScenario second = scenarios::read_scenario(scenarios::write_scenario(first.scenario), "fuzz");
  ENSURE(second.problems.empty());
  ENSURE(second.scenario == first.scenario);
  return 0;
}
