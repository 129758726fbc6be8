// Levels of features, and who may join a cluster that has them.
#include "cluster_fixture.h"

namespace faultline::controller::testing {
namespace {

using Updates = std::vector<FeatureUpdate>;

ControllerConfig two_features() {
  ControllerConfig config = test_config();
  config.features = {{"metadata.version", 1, 3}, {"striping", 0, 2}};
  return config;
}

void join(Cluster& cluster, BrokerId id, std::vector<metadata::FeatureRange> features) {
  Registration request = cluster.registration(id);
  request.features = std::move(features);
  REQUIRE(cluster.submit(request).has_value());
}

TEST_CASE("controller: a new cluster has every feature at its highest level, and a later controller leaves them alone") {
  Cluster cluster(two_features());
  cluster.commit();
  CHECK(cluster.image().features() == metadata::FeatureLevels{{"metadata.version", 3}, {"striping", 2}});
  REQUIRE(cluster.controller.update_features(Updates{{"striping", 0, LevelChange::down}}, false).has_value());
  cluster.commit();
  cluster.controller.lead(cluster.now, cluster.replayed);
  CHECK(cluster.image().features() == metadata::FeatureLevels{{"metadata.version", 3}});
  CHECK(cluster.controller.take_records().empty());
}

TEST_CASE("controller: levels rise and fall as they are told to, and are kept in snapshots") {
  Cluster cluster(two_features());
  const auto update = [&](Updates updates, bool validate_only = false) {
    const Outcome<> result = cluster.controller.update_features(updates, validate_only);
    cluster.commit();
    return result ? ErrorCode::none : result.error().code;
  };
  CHECK(update({{"metadata.version", 2, LevelChange::up}}) == ErrorCode::invalid_update_version);
  CHECK(update({{"metadata.version", 2, LevelChange::down}}, true) == ErrorCode::none);
  CHECK(cluster.image().features().at("metadata.version") == 3);
  CHECK(update({{"metadata.version", 2, LevelChange::down}}) == ErrorCode::none);
  CHECK(cluster.image().features().at("metadata.version") == 2);
  CHECK(update({{"metadata.version", 3, LevelChange::down}}) == ErrorCode::invalid_update_version);
  CHECK(update({{"metadata.version", 4, LevelChange::up}}) == ErrorCode::invalid_update_version);
  CHECK(update({{"metadata.version", 0, LevelChange::down}}) == ErrorCode::invalid_update_version);
  CHECK(update({{"no.such", 1, LevelChange::up}}) == ErrorCode::invalid_update_version);
  CHECK(update({{"striping", 1, LevelChange::down}, {"striping", 2, LevelChange::up}}) == ErrorCode::invalid_request);
  CHECK(update({{"metadata.version", 3, LevelChange::up}, {"no.such", 1, LevelChange::up}}) == ErrorCode::invalid_update_version);
  CHECK(cluster.image().features().at("metadata.version") == 2);  // all or none
  CHECK(metadata::ClusterImage::from_snapshot(cluster.image().snapshot())->features() == cluster.image().features());
}

TEST_CASE("controller: a level is not raised over the head of a broker, nor may one join that does not know it") {
  Cluster cluster(two_features());
  REQUIRE(cluster.controller
              .update_features(Updates{{"metadata.version", 1, LevelChange::down}, {"striping", 0, LevelChange::down}}, false)
              .has_value());
  cluster.commit();
  join(cluster, 1, {{"metadata.version", 1, 2}});
  const auto raise = [&](const std::string& name, std::int16_t level) {
    const Outcome<> result = cluster.controller.update_features(Updates{{name, level, LevelChange::up}}, false);
    cluster.commit();
    return result ? ErrorCode::none : result.error().code;
  };
  CHECK(raise("metadata.version", 3) == ErrorCode::invalid_update_version);
  CHECK(raise("striping", 1) == ErrorCode::invalid_update_version);
  CHECK(raise("metadata.version", 2) == ErrorCode::none);
  Registration old = cluster.registration(2);
  old.features = {{"metadata.version", 1, 1}};
  CHECK(cluster.submit(old).error().code == ErrorCode::unsupported_version);
  old.features = {};
  CHECK(cluster.submit(old).error().code == ErrorCode::unsupported_version);
  CHECK(cluster.image().broker(2) == nullptr);
}

}  // namespace
}  // namespace faultline::controller::testing
