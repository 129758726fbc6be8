// Registration, heartbeats, fencing, going down in order.
#include "cluster_fixture.h"

namespace faultline::controller::testing {
namespace {

TEST_CASE("controller: a broker is fenced until it has replayed its own registration") {
  Cluster cluster;
  REQUIRE(cluster.submit(cluster.registration(1)).has_value());
  const BrokerEpoch epoch = cluster.epochs[1];
  CHECK(cluster.image().broker(1)->fenced);
  Outcome<HeartbeatAnswer> answer = cluster.controller.heartbeat(cluster.now, {1, epoch, epoch, false, false});
  REQUIRE(answer.has_value());
  CHECK_FALSE(answer->caught_up);
  CHECK(answer->fenced);
  answer = cluster.controller.heartbeat(cluster.now, {1, epoch, epoch + 1, false, false});
  CHECK(answer->caught_up);
  CHECK_FALSE(answer->fenced);
}

TEST_CASE("controller: registering again with the same incarnation keeps the epoch, another one gets a greater one") {
  Cluster cluster;
  Registration request = cluster.registration(1);
  const BrokerEpoch epoch = *cluster.submit(request);
  REQUIRE_FALSE(cluster.beat(1)->fenced);
  request.endpoints[0].port = 9999;
  CHECK(*cluster.submit(request) == epoch);
  CHECK_FALSE(cluster.image().broker(1)->fenced);
  CHECK(cluster.image().broker(1)->endpoints[0].port == 9999);
  Registration elsewhere = cluster.registration(1);
  elsewhere.directories = {Uuid::of(2, 77)};
  CHECK(cluster.submit(elsewhere).error().code == ErrorCode::duplicate_broker_registration);
  cluster.fall_silent(1);
  CHECK(*cluster.submit(cluster.registration(1)) > epoch);
  CHECK(cluster.controller.heartbeat(cluster.now, {1, epoch, 100, false, false}).error().code == ErrorCode::stale_broker_epoch);
}

TEST_CASE("controller: a broker that is started again on its own disk need not wait until its session ends") {
  Cluster cluster;
  for (const BrokerId id : {1, 2}) cluster.join(id);
  const PartitionName orders = cluster.topic("orders", {1, 2});
  const BrokerEpoch before = cluster.epochs[1];
  CHECK(*cluster.submit(cluster.registration(1)) > before);
  CHECK(cluster.image().broker(1)->fenced);
  CHECK(cluster.at(orders).leader == 2);
  CHECK(cluster.at(orders).leader_epoch == 1);
}

TEST_CASE("controller: a broker of another cluster, or with another's directory, is refused") {
  Cluster cluster;
  cluster.join(1);
  Registration request = cluster.registration(2);
  request.cluster_id = "another";
  CHECK(cluster.submit(request).error().code == ErrorCode::inconsistent_cluster_id);
  request = cluster.registration(2);
  request.directories = {Uuid::of(2, 1)};
  CHECK(cluster.submit(request).error().code == ErrorCode::invalid_registration);
  request.directories = {};
  CHECK(cluster.submit(request).error().code == ErrorCode::invalid_registration);
}

TEST_CASE("controller: who is silent for a session is fenced, and its partitions get other leaders in new epochs") {
  Cluster cluster;
  for (const BrokerId id : {1, 2, 3}) cluster.join(id);
  const PartitionName orders = cluster.topic("orders", {1, 2, 3});
  CHECK(cluster.at(orders).leader == 1);
  CHECK(cluster.controller.next_deadline() <= cluster.now + cluster.config.session_timeout);
  cluster.fall_silent(1);
  CHECK(cluster.at(orders).leader == 2);
  CHECK(cluster.at(orders).leader_epoch == 1);
  CHECK(cluster.at(orders).isr == Ids{2, 3});
  CHECK(cluster.at(orders).elr.empty());  // two are enough for the default minimum
}

TEST_CASE("controller: a new controller gives everybody a whole session") {
  Cluster cluster;
  cluster.join(1);
  cluster.now += cluster.config.session_timeout - 1ms;
  cluster.controller.lead(cluster.now, cluster.replayed);
  cluster.now += cluster.config.session_timeout - 1ms;
  cluster.controller.tick(cluster.now);
  CHECK_FALSE(cluster.image().broker(1)->fenced);
  cluster.now += 1ms;
  cluster.controller.tick(cluster.now);
  CHECK(cluster.image().broker(1)->fenced);
}

TEST_CASE("controller: the session of a broker that was the controller as well goes on, but half of one is left to it at least") {
  Cluster cluster;
  for (const BrokerId id : {1, 2}) cluster.join(id);
  const Duration session = cluster.config.session_timeout;
  const Duration silent = GENERATE_COPY(as<Duration>(), session / 4, session);
  cluster.now += silent;
  cluster.controller.lead(cluster.now, cluster.replayed, LastController{.node = 1, .heard = cluster.now - silent});
  cluster.now += session - std::min(silent, session / 2) - 1ms;
  cluster.controller.tick(cluster.now);
  CHECK_FALSE(cluster.image().broker(1)->fenced);
  cluster.now += 1ms;
  cluster.controller.tick(cluster.now);
  CHECK(cluster.image().broker(1)->fenced);
  CHECK_FALSE(cluster.image().broker(2)->fenced);
}

TEST_CASE("controller: a new incarnation leads nothing that the one before it led") {
  Cluster cluster;
  cluster.join(1);
  const PartitionName orders = cluster.topic("orders", {1});
  cluster.now += cluster.config.session_timeout;  // its session is over, but nobody has looked yet
  REQUIRE(cluster.submit(cluster.registration(1)).has_value());
  CHECK(cluster.at(orders).leader == no_broker);
  CHECK(cluster.at(orders).leader_epoch == 1);
  CHECK(cluster.at(orders).elr == Ids{1});  // it has everything, as its directory is the same
  REQUIRE_FALSE(cluster.beat(1)->fenced);
  CHECK(cluster.at(orders).leader == 1);
  CHECK(cluster.at(orders).leader_epoch == 2);
}

TEST_CASE("controller: a broker that goes down in order leaves when everybody knows that it leads nothing") {
  Cluster cluster;
  for (const BrokerId id : {1, 2}) cluster.join(id);
  const PartitionName orders = cluster.topic("orders", {1, 2});
  CHECK_FALSE(cluster.beat(1, true)->may_shut_down);
  CHECK(cluster.at(orders).leader == 2);
  CHECK(cluster.at(orders).isr == Ids{2});
  CHECK_FALSE(cluster.beat(1, true)->may_shut_down);  // the other has not been heard since
  REQUIRE(cluster.beat(2).has_value());
  const Outcome<HeartbeatAnswer> last = cluster.beat(1, true);
  CHECK(last->may_shut_down);
  CHECK(last->fenced);
  CHECK(cluster.image().broker(1)->fenced);
}

TEST_CASE("controller: only a fenced broker is unregistered") {
  Cluster cluster;
  cluster.join(1);
  CHECK(cluster.controller.unregister_broker(1).error().code == ErrorCode::invalid_request);
  CHECK(cluster.controller.unregister_broker(7).error().code == ErrorCode::broker_id_not_registered);
  cluster.fall_silent(1);
  CHECK(cluster.controller.unregister_broker(1).has_value());
  cluster.commit();
  CHECK(cluster.image().broker(1) == nullptr);
}

TEST_CASE("controller: producer ids are given away once, to registered brokers") {
  Cluster cluster;
  cluster.join(1);
  const Outcome<ProducerIdBlock> first = cluster.controller.allocate_producer_ids(1, cluster.epochs[1]);
  const Outcome<ProducerIdBlock> second = cluster.controller.allocate_producer_ids(1, cluster.epochs[1]);
  CHECK(second->first == first->first + first->count);
  CHECK(cluster.controller.allocate_producer_ids(1, cluster.epochs[1] + 1).error().code == ErrorCode::stale_broker_epoch);
}

}  // namespace
}  // namespace faultline::controller::testing
