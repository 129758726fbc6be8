// Brokers that come and go, as the controllers see it: sessions, fencing, going down in order, logs that may lack something.
#include <algorithm>

#include "cluster.h"

namespace faultline::control::testing {
namespace {

using Ids = std::vector<BrokerId>;

TEST_CASE("control: a silent broker is fenced and loses its leaderships, also if the controller that heard it last is gone") {
  Cluster cluster({.controllers = 3, .brokers = 2, .controller = controller_config()});
  cluster.settle();
  Cluster::Process& other = cluster.process(12);
  cluster.topic(other, "a", {11, 12});
  CHECK(cluster.partition("a").leader == 11);
  cluster.process(11).silent = true;
  cluster.world().run_for(2s);
  CHECK(cluster.image().active(11));
  cluster.world().crash(cluster.active()->sim);
  REQUIRE(cluster.run_until([&] { return cluster.active() != nullptr; }, 10s));
  cluster.world().run_for(2500ms);
  CHECK(cluster.image().active(11));  // a whole session from the new controller's first moment
  cluster.world().run_for(1s);
  CHECK_FALSE(cluster.image().active(11));
  CHECK(cluster.partition("a").leader == 12);
  CHECK(cluster.partition("a").leader_epoch == 1);
  cluster.process(11).silent = false;
  REQUIRE(cluster.run_until([&] { return cluster.image().active(11); }, 10s));
  CHECK(cluster.partition("a").leader == 12);
}

TEST_CASE("control: a broker goes down in order when everybody knows that it leads nothing any more") {
  Cluster cluster({.controllers = 1, .brokers = 2, .controller = controller_config()});
  cluster.settle();
  Cluster::Process& going = cluster.process(11);
  cluster.topic(going, "a", {11, 12});
  going.shut_down = true;
  REQUIRE(cluster.run_until([&] { return going.heartbeat.should_shut_down; }, 10s));
  CHECK(cluster.image().broker(11)->fenced);
  CHECK(cluster.partition("a").leader == 12);
  CHECK(cluster.process(12).log->image().topic("a")->partitions.front().leader == 12);

  protocol::UnregisterBrokerRequest unregister{12};
  CHECK(cluster.ask(going, unregister).error_code == ErrorCode::invalid_request);
  unregister.broker_id = 13;
  CHECK(cluster.ask(going, unregister).error_code == ErrorCode::broker_id_not_registered);
  cluster.world().kill(going.sim);
  unregister.broker_id = 11;
  CHECK(cluster.ask(cluster.process(12), unregister).error_code == ErrorCode::none);
  CHECK(cluster.image().broker(11) == nullptr);
}

TEST_CASE("control: a broker whose directory has failed is fenced at once") {
  Cluster cluster({.controllers = 1, .brokers = 2, .controller = controller_config()});
  cluster.settle();
  cluster.topic(cluster.process(12), "a", {11, 12});
  cluster.process(11).offline = {Uuid::of(1, 11)};
  REQUIRE(cluster.run_until([&] { return !cluster.image().active(11); }, 1s));
  CHECK(cluster.partition("a").leader == 12);
}

TEST_CASE("control: a broker that starts again is let in at once, with a new epoch") {
  Cluster cluster({.controllers = 3, .brokers = 2, .controller = controller_config()});
  cluster.settle();
  cluster.topic(cluster.process(12), "a", {11, 12});
  const std::int64_t before = cluster.process(11).broker_epoch;
  cluster.world().kill(cluster.process(11).sim);
  cluster.world().restart(cluster.process(11).sim, 10ms);
  cluster.world().run_for(20ms);
  REQUIRE(cluster.run_until([&] { return cluster.image().active(11) && cluster.process(11).broker_epoch > before; }, 2s));
  CHECK(cluster.partition("a").leader == 12);
}

TEST_CASE("control: when every log may lack something, the longest of all is found by heartbeats and elected") {
  controller::ControllerConfig config = controller_config();
  config.default_min_insync_replicas = 2;  // the one that is fenced first may have everything, too
  Cluster cluster({.controllers = 1, .brokers = 3, .controller = config});
  cluster.settle();
  const Uuid id = cluster.topic(cluster.process(13), "a", {11, 12});
  for (const BrokerId broker : {11, 12}) cluster.world().kill(cluster.process(broker).sim);
  REQUIRE(cluster.run_until([&] { return cluster.partition("a").leader == metadata::no_broker; }, 10s));
  for (const BrokerId broker : {11, 12}) {
    cluster.process(broker).damaged = {{id, 0}};
    cluster.world().restart(cluster.process(broker).sim, 0ns);
  }
  REQUIRE(cluster.run_until([&] { return cluster.partition("a").leader != metadata::no_broker; }, 20s));
  CHECK(cluster.partition("a").leader == 12);  // the fixture's logs end at the number of their broker
  CHECK(cluster.partition("a").recovering);
}

}  // namespace
}  // namespace faultline::control::testing
