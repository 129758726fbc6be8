// The same promises under RapidCheck's stateful testing: sequences of commands that shrink to a short story when one breaks.
#include <rapidcheck.h>
#include <rapidcheck/state.h>

#include <catch2/catch.hpp>

#include "world.h"

using namespace faultline;
using namespace faultline::raft;
using namespace faultline::raft::testing;

namespace {

/// The model knows which nodes are up, so that only what makes sense is commanded; what must hold is the oracle's business.
struct Model {
  std::vector<bool> up = std::vector<bool>(5, true);
};

using Step = rc::state::Command<Model, World>;

/// A command to one node of five.
struct OnNode : Step {
  int node = *rc::gen::inRange(0, 5);

  void run(const Model&, World& world) const override {
    act(world);
    world.run_for(7ms);
    RC_ASSERT_FALSE(world.violation().has_value());
  }
  virtual void act(World& world) const = 0;
};

struct OnLive : OnNode {
  void checkPreconditions(const Model& model) const override { RC_PRE(bool(model.up[static_cast<std::size_t>(node)])); }
};

struct Proposes : OnLive {
  void act(World& world) const override { (void)world.propose(node, "command"); }
};
struct Snapshots : OnLive {
  void act(World& world) const override { world.take_snapshot(node, 1); }
};
struct Reads : OnLive {
  void act(World& world) const override { world.read(node); }
};
struct HandsOver : OnLive {
  void act(World& world) const override { (void)world.ask(node, TransferLeadership{std::nullopt}); }
};
struct RemovesNext : OnLive {
  void act(World& world) const override { (void)world.ask(node, RemoveVoter{world.node((node + 1) % 5).key}); }
};
struct AddsNext : OnLive {
  void act(World& world) const override { (void)world.ask(node, AddVoter{world.voter((node + 1) % 5)}); }
};
struct Crashes : OnLive {
  void apply(Model& model) const override { model.up[static_cast<std::size_t>(node)] = false; }
  void act(World& world) const override { world.crash(node); }
};
struct Restarts : OnNode {
  void apply(Model& model) const override { model.up[static_cast<std::size_t>(node)] = true; }
  void act(World& world) const override { world.restart(node); }
};
struct IsCutOff : OnNode {
  void act(World& world) const override { world.isolate(node); }
};
struct Heals : OnNode {
  void act(World& world) const override { world.heal(); }
};
struct Waits : OnNode {
  void act(World& world) const override { world.run_for(150ms); }
};

}  // namespace

TEST_CASE("rc::state: no sequence of commands to five voters breaks a promise") {
  REQUIRE(rc::check([](std::uint64_t seed) {
    WorldOptions options;
    options.seed = seed;
    options.voters = 5;
    World world(options);
    world.weather.lose = {5, 100};
    world.weather.repeat = {5, 100};
    world.run_for(400ms);
    rc::state::check(Model(), world,
                     rc::state::gen::execOneOfWithArgs<Proposes, Proposes, Snapshots, Reads, HandsOver, RemovesNext, AddsNext,
                                                       Crashes, Restarts, Restarts, IsCutOff, Heals, Heals, Waits>());
  }));
}
