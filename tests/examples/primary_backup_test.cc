// The example system on trial: the trial finds the planted mistake, says what led to it, and has nothing to say against the system
// without it.
#include <catch2/catch.hpp>

#include "examples/primary_backup/trial.h"

using primary_backup::try_seed;
using primary_backup::Verdict;

TEST_CASE("example: a primary that answers only with its backup loses nothing, over 100 seeds") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const Verdict verdict = try_seed(seed, {});
    INFO(verdict.explanation);
    REQUIRE(verdict.lost.empty());
    REQUIRE(verdict.answered > 10);
  }
}

TEST_CASE("example: a primary that goes on alone is found out, and the report names the fault that did it") {
  int found = 0;
  std::string explanation;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const Verdict verdict = try_seed(seed, {.answer_without_backup = true});
    found += !verdict.lost.empty();
    if (explanation.empty()) explanation = verdict.explanation;
    if (seed == 1) REQUIRE(try_seed(seed, {.answer_without_backup = true}).hash == verdict.hash);
  }
  INFO(explanation);
  REQUIRE(found >= 3);
  REQUIRE(explanation.find("was answered at") != std::string::npos);
  REQUIRE(explanation.find("during: ") != std::string::npos);
}
