// Controllers that crash, and networks that part them, while brokers register, send heartbeats and ask for things.
#include <algorithm>

#include "cluster.h"

namespace faultline::control::testing {
namespace {

/// Everybody runs and has the newest image, and no broker is fenced.
bool everybody_agrees(Cluster& cluster) {
  return std::ranges::all_of(cluster.processes(), [&](const Cluster::Process& process) {
    if (process.log == nullptr) return false;
    const metadata::ClusterImage& image = process.log->image();
    const bool all_there = std::ranges::all_of(
        cluster.processes(), [&](const Cluster::Process& other) { return !other.serves || image.active(other.id()); });
    return all_there && image.applied() == cluster.oracle().newest();
  });
}

void check_end(Cluster& cluster) {
  for (Cluster::Process& process : cluster.processes()) {
    process.work = 0ns;
    cluster.world().restart(process.sim, 0ns);
  }
  cluster.world().heal_all();
  cluster.world().run_for(10s);
  if (!cluster.run_until([&] { return everybody_agrees(cluster); }, 60s)) FAIL("the processes do not come to agree");
  const metadata::ClusterImage& image = cluster.image();
  for (const auto& [name, id] : cluster.oracle().topics()) {
    REQUIRE(image.topic(name) != nullptr);
    CHECK(image.topic(name)->id == id);
  }
  for (const Cluster::Process& process : cluster.processes()) {
    for (const Error& end : process.ends) {
      if (end == Errc::corrupt) FAIL(to_string(end));
    }
  }
}

TEST_CASE("control: topics are created once, ids given away once and epochs only grow while controllers crash") {
  for (const std::uint64_t seed : {1u, 2u, 3u, 4u}) {
    CAPTURE(seed);
    Cluster cluster({.controllers = 3, .brokers = 3, .controller = controller_config(), .snapshot_after_bytes = 4000}, seed);
    RandomStream random = cluster.world().random("nemesis").stream("control");
    cluster.settle();
    for (Cluster::Process& process : cluster.processes()) process.work = 60ms;
    for (int round = 0; round < 12; ++round) {
      cluster.world().run_for(random.between(100ms, 2500ms));
      Cluster::Process* victim = cluster.active();
      if (victim == nullptr || random.below(4) == 0) victim = &cluster.processes().at(random.below(6));
      if (random.below(2) == 0) {
        cluster.world().crash(victim->sim);
      } else {
        cluster.world().kill(victim->sim);
      }
      cluster.world().restart(victim->sim, random.between(10ms, 4s));
    }
    check_end(cluster);
    CHECK(cluster.oracle().topics().size() >= 5);
    CHECK(cluster.oracle().blocks() >= 20);
  }
}

TEST_CASE("control: controllers that are cut off from each other give nothing away twice") {
  for (const std::uint64_t seed : {11u, 12u, 13u}) {
    CAPTURE(seed);
    Cluster cluster({.controllers = 3, .brokers = 3, .controller = controller_config()}, seed);
    RandomStream random = cluster.world().random("nemesis").stream("control");
    cluster.settle();
    for (Cluster::Process& process : cluster.processes()) process.work = 60ms;
    for (int round = 0; round < 10; ++round) {
      Cluster::Process* alone = cluster.active();
      if (alone == nullptr) alone = &cluster.processes().front();
      // Now and then brokers are on its side, who go on asking it.
      std::vector<sim::NodeId> side{alone->sim};
      std::vector<sim::NodeId> others;
      for (const Cluster::Process& process : cluster.processes()) {
        if (&process == alone) continue;
        const bool with_it = process.serves && random.below(2) == 0;
        (with_it ? side : others).push_back(process.sim);
      }
      cluster.world().partition(side, others, random.below(3) == 0 ? sim::Direction::one_way : sim::Direction::both);
      cluster.world().run_for(random.between(500ms, 4s));
      cluster.world().heal_all();
      cluster.world().run_for(random.between(100ms, 2s));
    }
    check_end(cluster);
    CHECK(cluster.oracle().topics().size() >= 5);
  }
}

TEST_CASE("control: what a cut-off controller has decided counts for nothing, and nobody is told that it does") {
  Cluster cluster({.controllers = 3, .brokers = 1, .controller = controller_config()});
  cluster.settle();
  Cluster::Process& old = *cluster.active();
  std::vector<sim::NodeId> others;
  for (const Cluster::Process& process : cluster.processes()) {
    if (&process != &old) others.push_back(process.sim);
  }
  cluster.world().partition({old.sim}, others);
  protocol::CreateTopicsRequest request;
  request.topics.push_back({"lost", 1, 1, {}, {}});
  request.timeout_ms = 20'000;
  std::optional<protocol::CreateTopicsResponse> answer;
  old.env->tasks.spawn_root("test", [&] { answer = old.service->handle(request); });
  REQUIRE(cluster.run_until([&] { return cluster.active() != nullptr && cluster.active() != &old; }, 10s));
  Cluster::Process& broker = cluster.process(11);
  cluster.topic(broker, "kept", {11});
  CHECK_FALSE(answer.has_value());
  CHECK_FALSE(old.service->active());
  cluster.world().heal_all();
  REQUIRE(cluster.run_until([&] { return answer.has_value(); }, 10s));
  CHECK(answer->topics.front().error_code == ErrorCode::not_controller);
  REQUIRE(cluster.run_until([&] { return old.log->image().topic("kept") != nullptr; }, 10s));
  CHECK(old.log->image().topic("lost") == nullptr);
}

TEST_CASE("control: what is not known to be committed is answered as such") {
  Cluster cluster({.controllers = 3, .brokers = 1, .controller = controller_config()});
  cluster.settle();
  Cluster::Process& old = *cluster.active();
  std::vector<sim::NodeId> others;
  for (const Cluster::Process& process : cluster.processes()) {
    if (&process != &old) others.push_back(process.sim);
  }
  cluster.world().partition({old.sim}, others);
  protocol::CreateTopicsRequest request;
  request.topics.push_back({"maybe", 1, 1, {}, {}});
  request.timeout_ms = 100;
  cluster.on(old, [&](Cluster::Process& self) {
    CHECK(self.service->handle(request).topics.front().error_code == ErrorCode::request_timed_out);
  });
}

}  // namespace
}  // namespace faultline::control::testing
