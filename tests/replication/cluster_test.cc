// The cores together, in the cluster of cluster_model.h: right with the rules as they are, wrong with any one of them broken.
#include <catch2/catch.hpp>

#include "cluster_model.h"

using namespace faultline;
using namespace faultline::replication;

namespace {

constexpr std::uint64_t right_seeds = 5000;
constexpr std::uint64_t exhibit_seeds = 5000;

model::Options options_for(std::uint64_t seed) {
  model::Options options;
  options.replicas = static_cast<BrokerId>(3 + seed % 3);
  options.min_insync_replicas = seed % 2 == 0 ? 2 : 1;
  return options;
}

/// The first seed that fails with the exhibit on, and how. Empty if none does.
std::string found(Exhibit exhibit) {
  for (std::uint64_t seed = 1; seed <= exhibit_seeds; ++seed) {
    model::Options options = options_for(seed);
    options.exhibits.insert(exhibit);
    std::string failure = model::Cluster(seed, options).run();
    if (!failure.empty()) return failure;
  }
  return {};
}

}  // namespace

TEST_CASE("replication: nothing acknowledged is lost and no logs part, whatever the network and the processes do") {
  for (std::uint64_t seed = 1; seed <= right_seeds; ++seed) {
    INFO("seed " << seed);
    const std::string failure = model::Cluster(seed, options_for(seed)).run();
    REQUIRE(failure == "");
  }
}

TEST_CASE("replication: the model finds the exhibits") {
  for (const Exhibit exhibit : {Exhibit::kip_101, Exhibit::kip_279, Exhibit::kafka_7415, Exhibit::kafka_7786, Exhibit::kafka_8400,
                                Exhibit::kafka_12751, Exhibit::epoch_led_twice}) {
    INFO(card_of(exhibit).name);
    CHECK(found(exhibit) != "");
  }
}
