// Who is asked, and who votes.
#include <algorithm>

#include "broker/quorum/wire/convert.h"
#include "cluster.h"

namespace faultline::control::testing {
namespace {

TEST_CASE("control: who is not the controller says so, to every request and for every part of it") {
  Cluster cluster({.controllers = 3, .brokers = 1, .controller = controller_config()});
  cluster.settle();
  const auto follower =
      std::ranges::find_if(cluster.processes(), [&](const Cluster::Process& p) { return p.controls && &p != cluster.active(); });
  cluster.on(*follower, [](Cluster::Process& self) {
    ControllerService& service = *self.service;
    const auto refused = [&](const auto& request) { return is_not_controller(service.handle(request)); };
    CHECK_FALSE(service.active());
    CHECK(refused(protocol::BrokerRegistrationRequest{}));
    CHECK(refused(protocol::BrokerHeartbeatRequest{}));
    CHECK(refused(protocol::AlterPartitionRequest{}));
    CHECK(refused(protocol::AllocateProducerIdsRequest{}));
    CHECK(refused(protocol::UnregisterBrokerRequest{}));
    CHECK(refused(protocol::ElectLeadersRequest{}));
    CHECK(refused(protocol::AlterPartitionReassignmentsRequest{}));
    CHECK(refused(protocol::ListPartitionReassignmentsRequest{}));
    CHECK(refused(protocol::UpdateFeaturesRequest{}));
    CHECK(refused(protocol::DescribeQuorumRequest{}));
    CHECK(refused(protocol::RemoveRaftVoterRequest{}));
    protocol::AddRaftVoterRequest add;
    add.voter_directory_id = Uuid::of(1, 1);
    add.listeners = {{"CONTROLLER", "n9", 9093}};
    CHECK(refused(add));
    protocol::CreateTopicsRequest create;
    create.topics.push_back({"a", 1, 1, {}, {}});
    CHECK(refused(create));
    protocol::CreatePartitionsRequest grow;
    grow.topics.push_back({"a", 2, std::nullopt});
    CHECK(refused(grow));
    protocol::DeleteTopicsRequest remove;
    remove.topic_names = {"a"};
    CHECK(refused(remove));
    protocol::AlterConfigsRequest replace;
    replace.resources.push_back({2, "a", {}});
    CHECK(refused(replace));
    protocol::IncrementalAlterConfigsRequest alter;
    alter.resources.push_back({2, "a", {}});
    CHECK(refused(alter));
  });
}

TEST_CASE("control: a broker finds the new controller by itself, and so does a controller that is none any more") {
  Cluster cluster({.controllers = 3, .brokers = 1, .controller = controller_config()});
  cluster.settle();
  Cluster::Process& broker = cluster.process(11);
  for (int round = 0; round < 3; ++round) {
    Cluster::Process& old = *cluster.active();
    cluster.world().kill(old.sim);
    const Time asked = cluster.world().now();
    cluster.topic(broker, "t" + std::to_string(round), {11});
    CHECK(cluster.world().now() - asked < 3s);
    cluster.world().restart(old.sim, 0ns);
    cluster.world().run_for(100ms);
    cluster.topic(old, "u" + std::to_string(round), {11});
  }
  CHECK(cluster.image().topics().size() == 6);
}

TEST_CASE("control: whoever asks learns that there was more than one attempt, of which another may be carried out as well") {
  Cluster cluster({.controllers = 3, .brokers = 1, .controller = controller_config()});
  cluster.settle();
  const auto repeated = [&] {
    bool said = false;
    cluster.on(cluster.process(11), [&](Cluster::Process& self) {
      const Time deadline = after(self.env->clock.now(), 20s);
      CHECK(self.channel->call(protocol::AlterPartitionRequest{}, deadline, &said).has_value());
    });
    return said;
  };
  CHECK_FALSE(repeated());
  cluster.world().kill(cluster.active()->sim);
  CHECK(repeated());
}

TEST_CASE("control: with KAFKA-14154 put back, a broker that knows of a new controller goes on asking the old one") {
  const bool wrong = GENERATE(false, true);
  const Exhibits exhibits = wrong ? Exhibits{Exhibit::kafka_14154} : Exhibits();
  Cluster cluster({.controllers = 3, .brokers = 1, .controller = controller_config(), .exhibits = exhibits});
  cluster.settle();
  Cluster::Process& broker = cluster.process(11);
  Cluster::Process& old = *cluster.active();
  std::vector<sim::NodeId> voters;
  for (const Cluster::Process& process : cluster.processes()) {
    if (process.controls && &process != &old) voters.push_back(process.sim);
  }
  cluster.world().freeze_clock(old.sim);  // else it would notice that nobody answers
  cluster.world().partition({old.sim}, voters);
  const auto leader = [&] { return broker.node->core().leader(); };
  REQUIRE(cluster.run_until([&] { return leader() && *leader() != old.key; }, 10s));
  CHECK(old.service->active());
  protocol::DescribeClusterRequest who;
  who.endpoint_type = 2;  // a controller says whom it takes for the active one
  const BrokerId said = cluster.ask(broker, who).controller_id;
  CHECK(said == (wrong ? old.id() : leader()->node.value()));
}

TEST_CASE("control: nobody to be found is an error when time is over, and a closed channel is one at once") {
  Cluster cluster({.controllers = 3, .brokers = 1, .controller = controller_config()});
  cluster.settle();
  for (const BrokerId id : {1, 2, 3}) cluster.world().kill(cluster.process(id).sim);
  cluster.on(cluster.process(11), [](Cluster::Process& self) {
    const Time deadline = after(self.env->clock.now(), 5s);
    const auto answer = self.channel->call(protocol::CreateTopicsRequest{}, deadline);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error() == Errc::timed_out);
    CHECK(self.env->clock.now() <= deadline);
    self.channel->close();
    CHECK(self.channel->call(protocol::CreateTopicsRequest{}, no_deadline).error() == Errc::closed);
  });
}

TEST_CASE("control: leadership is handed over with the controller's role, and kept if nobody takes it") {
  Cluster cluster({.controllers = 3, .brokers = 1, .controller = controller_config()});
  cluster.settle();
  Cluster::Process& old = *cluster.active();
  Cluster::Process& next = cluster.process(old.id() % 3 + 1);
  cluster.on(old,
             [&](Cluster::Process& self) { CHECK(self.node->transfer_leadership(next.key).refusal == raft::Refusal::none); });
  REQUIRE(cluster.run_until([&] { return next.service->active(); }, 5s));
  CHECK_FALSE(old.service->active());

  cluster.world().kill(old.sim);
  cluster.on(next, [&](Cluster::Process& self) {
    CHECK(self.node->transfer_leadership(old.key).refusal == raft::Refusal::none);
    protocol::CreateTopicsRequest request;
    request.topics.push_back({"early", 1, 1, {}, {}});
    CHECK(is_not_controller(self.service->handle(request)));  // no entry would be taken
    CHECK(sleep_until(after(self.env->clock.now(), 50ms)).has_value());
    CHECK_FALSE(self.service->active());
  });
  cluster.topic(cluster.process(11), "a", {11});
  CHECK(cluster.active() == &next);
  CHECK(cluster.image().topic("early") == nullptr);
}

TEST_CASE("control: the quorum is described by its leader: voters, observers and how far they are") {
  Cluster cluster({.controllers = 3, .brokers = 1, .controller = controller_config()});
  cluster.settle();
  cluster.world().run_for(2s);
  protocol::DescribeQuorumRequest request;
  request.topics = {{"__cluster_metadata", {{0}, {1}}}, {"other", {{0}}}};
  const auto answer = cluster.ask(cluster.process(11), request);
  REQUIRE(answer.error_code == ErrorCode::none);
  CHECK(answer.topics[0].partitions[1].error_code == ErrorCode::unknown_topic_or_partition);
  CHECK(answer.topics[1].partitions[0].error_code == ErrorCode::unknown_topic_or_partition);
  const auto& quorum = answer.topics[0].partitions[0];
  const Cluster::Process& leader = *cluster.active();
  CHECK(quorum.leader_id == leader.id());
  CHECK(quorum.leader_epoch == leader.node->core().term().value());
  CHECK(quorum.high_watermark == leader.node->core().commit_index().value() + 1);
  REQUIRE(quorum.current_voters.size() == 3);
  for (const auto& voter : quorum.current_voters) {
    CHECK(voter.log_end_offset == quorum.high_watermark);
    CHECK(voter.last_caught_up_timestamp > 0);
    CHECK(voter.replica_directory_id == Uuid::of(1, static_cast<std::uint64_t>(voter.replica_id)));
  }
  REQUIRE(quorum.observers.size() == 1);
  CHECK(quorum.observers[0].replica_id == 11);
  REQUIRE(answer.nodes.size() == 3);
  CHECK(answer.nodes[0].listeners[0].host == "n1");
  CHECK(answer.nodes[0].listeners[0].port == 9093);

  const auto describe = [&](std::int8_t type) {
    protocol::DescribeClusterResponse described;
    cluster.on(cluster.process(2), [&](Cluster::Process& self) {
      described = self.service->handle(protocol::DescribeClusterRequest{false, type, false});
    });
    return described;
  };
  CHECK(describe(1).error_code == ErrorCode::mismatched_endpoint_type);
  CHECK(describe(3).error_code == ErrorCode::unsupported_endpoint_type);
  const auto controllers = describe(2);
  CHECK(controllers.controller_id == leader.id());
  CHECK(controllers.cluster_id == "test");
  CHECK(controllers.brokers.size() == 3);
}

TEST_CASE("control: a controller that joins is made a voter, and one that leaves is none") {
  Cluster cluster({.controllers = 3, .brokers = 1, .controller = controller_config()});
  cluster.settle();
  Cluster::Process& client = cluster.process(11);
  Cluster::Process& fourth = cluster.add_controller(4);
  protocol::AddRaftVoterRequest add;
  add.cluster_id = "test";
  add.timeout_ms = 10'000;
  add.voter_id = 4;
  add.voter_directory_id = quorum::wire::uuid_of(fourth.key.directory);
  add.listeners = {{"CONTROLLER", "n4", 9093}};
  const auto added = [&](auto&& spoil) {
    protocol::AddRaftVoterRequest request = add;
    spoil(request);
    return cluster.ask(client, request).error_code;
  };
  CHECK(added([](auto& r) { r.cluster_id = "other"; }) == ErrorCode::inconsistent_cluster_id);
  CHECK(added([](auto& r) { r.voter_directory_id = {}; }) == ErrorCode::invalid_request);
  CHECK(added([](auto& r) { r.listeners.clear(); }) == ErrorCode::invalid_request);
  CHECK(added([](auto&) {}) == ErrorCode::none);  // waits until it has caught up
  CHECK(cluster.active()->node->core().voters().size() == 4);
  CHECK(added([](auto&) {}) == ErrorCode::duplicate_voter);
  const auto stranger = [](auto& r) {
    r.voter_id = 5;
    r.timeout_ms = 300;
  };
  CHECK(added(stranger) == ErrorCode::request_timed_out);

  // The leader itself goes: another one takes over.
  const Cluster::Process& old = *cluster.active();
  protocol::RemoveRaftVoterRequest remove{"other", old.id(), quorum::wire::uuid_of(old.key.directory)};
  CHECK(cluster.ask(client, remove).error_code == ErrorCode::inconsistent_cluster_id);
  remove.cluster_id.reset();
  const ErrorCode first = cluster.ask(client, remove).error_code;
  CHECK((first == ErrorCode::none || first == ErrorCode::voter_not_found));
  REQUIRE(cluster.run_until([&] { return cluster.active() != nullptr && cluster.active() != &old; }, 10s));
  CHECK(cluster.active()->node->core().voters().size() == 3);
  CHECK_FALSE(cluster.active()->node->core().voters().contains(old.key));
  CHECK(cluster.ask(client, remove).error_code == ErrorCode::voter_not_found);
  cluster.topic(client, "a", {11});
}

TEST_CASE("control: a process that comes late gets the metadata as a snapshot") {
  Cluster cluster({.controllers = 3, .brokers = 1, .controller = controller_config(), .snapshot_after_bytes = 1000});
  cluster.settle();
  for (int i = 0; i < 40; ++i) cluster.topic(cluster.process(11), "t" + std::to_string(i), {11});
  cluster.add_controller(4);
  REQUIRE(cluster.run_until(
      [&] {
        const Cluster::Process& late = cluster.process(4);
        return late.log != nullptr && late.log->image().applied() == cluster.image().applied();
      },
      10s));
  CHECK(cluster.process(4).log->image() == cluster.image());
  CHECK(cluster.process(4).node->core().log().base().index > raft::Index(1));
  cluster.on(cluster.process(4), [](Cluster::Process& late) {
    const std::int64_t applied = late.log->image().applied();
    CHECK(late.log->wait_applied(applied, late.env->clock.now()).has_value());
    CHECK(late.log->wait_applied(applied + 1, after(late.env->clock.now(), 10ms)).error() == Errc::timed_out);
  });
}

}  // namespace
}  // namespace faultline::control::testing
