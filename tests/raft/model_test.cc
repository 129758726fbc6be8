// The model test: hundreds of clusters of 3 to 7 cores in bad weather, all of Raft's promises checked after every step; and the proof that
// these checks see something: each mistake of the museum that lives in the core is found by the same hunt.
#include <catch2/catch.hpp>

#include "chaos.h"

using namespace faultline;
using namespace faultline::raft;
using namespace faultline::raft::testing;

namespace {

void add(ChaosResult& total, const ChaosResult& result) {
  total.steps += result.steps;
  total.committed += result.committed;
  total.leaders += result.leaders;
  total.crashes += result.crashes;
  total.wipes += result.wipes;
  total.voter_changes += result.voter_changes;
  total.snapshots += result.snapshots;
  total.reads += result.reads;
  total.transfers += result.transfers;
  total.judged_progress += result.judged_progress;
}

struct Hunt {
  Exhibit exhibit;
  std::uint64_t seeds;
  Rule expected;
  ChaosOptions options;
};

/// Only what a user would suffer counts: two leaders, lost entries, a cluster that stands still.
std::optional<std::uint64_t> first_seed(const Hunt& hunt, bool planted) {
  for (std::uint64_t seed = 1; seed <= hunt.seeds; ++seed) {
    ChaosOptions options = hunt.options;
    options.seed = seed;
    options.outcomes_only = true;
    if (planted) options.exhibits = {hunt.exhibit};
    const ChaosResult result = run_chaos(options);
    if (result.violation && result.violation->rule == hunt.expected) return seed;
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("model: no seed breaks a promise of figure 3 of the paper, and the healed majority goes on") {
  ChaosResult total;
  constexpr std::uint64_t seeds = 400;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    ChaosOptions options;
    options.seed = seed;
    const ChaosResult result = run_chaos(options);
    INFO("seed " << seed);
    if (result.violation) FAIL(to_string(result.violation->rule) << ": " << result.violation->what);
    add(total, result);
  }
  // The test must not become empty without anybody noticing.
  CHECK(total.steps > 500'000);
  CHECK(total.committed > 10'000);
  CHECK(total.leaders > 1'000);
  CHECK(total.crashes > 5'000);
  CHECK(total.wipes > 500);
  CHECK(total.voter_changes > 200);
  CHECK(total.snapshots > 2'000);
  CHECK(total.reads > 500);
  CHECK(total.transfers > 200);
  CHECK(total.judged_progress > seeds * 9 / 10);
}

TEST_CASE("model: each mistake of the museum is found, and the same hunt without it finds nothing") {
  const ChaosOptions fixed_voters{.churn = true, .voters = 5, .members_change = false, .wipes = false};
  const ChaosOptions changing_voters{.churn = true, .voters = 4, .members_change = true, .wipes = false};
  const std::vector<Hunt> hunts{
      {Exhibit::raft_figure_8, 1000, Rule::leader_completeness, fixed_voters},
      {Exhibit::raft_single_server_change, 1000, Rule::leader_completeness, changing_voters},
      {Exhibit::raft_vote_not_persisted, 1000, Rule::election_safety, fixed_voters},
      {Exhibit::redpanda_17731, 1000, Rule::leader_completeness, fixed_voters},
      {Exhibit::kafka_15489, 1000, Rule::progress, ChaosOptions()},
  };
  for (const Hunt& hunt : hunts) {
    INFO(card_of(hunt.exhibit).name);
    const std::optional<std::uint64_t> seed = first_seed(hunt, true);
    REQUIRE(seed.has_value());
    Hunt control = hunt;
    control.seeds = *seed;
    CHECK_FALSE(first_seed(control, false).has_value());
  }
}
