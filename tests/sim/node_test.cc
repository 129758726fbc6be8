// Processes and clocks of simulated nodes: ends, restarts, pauses, slowness, and time that is not the world's.
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "runtime/sync.h"
#include "sim/world.h"

using namespace faultline;

namespace {

Time at(Duration since_start) { return Time{} + since_start; }

}  // namespace

TEST_CASE("node: a crash severs the Env first, so that destructors of fibers do nothing to the world") {
  sim::World world({.seed = 1});
  struct WritesWhenDestroyed {
    Env& env;
    std::vector<Errc>& answers;
    ~WritesWhenDestroyed() {
      answers.push_back(env.disk.lock().error().code);
      answers.push_back(env.network.listen({"0.0.0.0", 1}).error().code);
    }
  };
  std::vector<Errc> answers;
  const sim::NodeId node = world.add_node("node", {}, [&](Env& env) {
    const WritesWhenDestroyed guard{env, answers};
    (void)sleep_until(no_deadline);
  });
  world.schedule(at(1s), [&] { world.crash(node); });
  world.run_for(2s);
  REQUIRE(answers == std::vector<Errc>{Errc::cancelled, Errc::cancelled});
  REQUIRE_FALSE(world.is_running(node));
}

TEST_CASE("node: a program that returns ends its process, other fibers included") {
  sim::World world({.seed = 1});
  bool unwound = false;
  const sim::NodeId node = world.add_node("node", {}, [&](Env& env) {
    env.tasks.spawn_root("background", [&] {
      struct Note {
        bool& flag;
        ~Note() { flag = true; }
      };
      const Note note{unwound};
      (void)sleep_until(no_deadline);
    });
    (void)sleep_until(at(1s));
  });
  world.run_for(2s);
  REQUIRE(unwound);
  REQUIRE_FALSE(world.is_running(node));
}

TEST_CASE("node: code that runs on the node may order the node's own crash") {
  sim::World world({.seed = 1});
  int lives = 0;
  sim::NodeId node{};
  node = world.add_node("node", {}, [&](Env&) {
    ++lives;
    if (lives == 1) {
      world.crash(node);
      world.restart(node, 1s);
    }
    (void)sleep_until(no_deadline);
  });
  world.run_for(5s);
  REQUIRE(lives == 2);
  REQUIRE(world.faults().events().at(0).end == at(1s));
}

TEST_CASE("node: a paused process runs late, a slow one a little later each time") {
  sim::World world({.seed = 1});
  std::vector<Time> woken;
  const sim::NodeId node = world.add_node("node", {}, [&](Env& env) {
    for (const Duration when : {1s, 2s, 10s}) {
      (void)sleep_until(at(when));
      woken.push_back(env.clock.now());
    }
  });
  world.schedule(at(1500ms), [&] { world.pause(node); });
  world.schedule(at(5s), [&] { world.resume(node); });
  world.schedule(at(6s), [&] { world.slow(node, 11); });
  world.run_for(20s);
  REQUIRE(woken == std::vector<Time>{at(1s), at(5s), at(10s + 1ms)});
}

TEST_CASE("node: a drifting clock keeps its own time, and its timers") {
  sim::Options options{.seed = 1};
  sim::World world(options);
  Time local{};
  Time real{};
  const auto sleeper = [&](Env& env) {
    (void)sleep_until(at(1000s));
    local = env.clock.now();
    real = world.now();
  };
  world.add_node("fast", {}, sleeper, {.disk = {}, .clock = {.drift_ppm = 100'000}});
  world.run_for(2000s);
  REQUIRE(local >= at(1000s));
  REQUIRE(local < at(1000s) + 2ns);
  REQUIRE(real == Time{} + Duration(909'090'909'091));
}

TEST_CASE("node: a frozen clock fires no timer, a step of the wall clock moves nothing else") {
  sim::World world({.seed = 1});
  std::vector<Time> woken;
  std::vector<std::int64_t> wall_ms;
  const sim::NodeId node = world.add_node("node", {}, [&](Env& env) {
    for (const Duration when : {1s, 3s}) {
      (void)sleep_until(at(when));
      woken.push_back(world.now());
      wall_ms.push_back(to_unix_ms(env.clock.wall_now()) - 1'700'000'000'000);
    }
  });
  world.schedule(at(500ms), [&] { world.step_wall_clock(node, -3600s); });
  world.schedule(at(2s), [&] { world.freeze_clock(node); });
  world.schedule(at(12s), [&] { world.unfreeze_clock(node); });
  world.run_for(60s);
  REQUIRE(woken == std::vector<Time>{at(1s), at(13s)});
  REQUIRE(wall_ms == std::vector<std::int64_t>{1000 - 3'600'000, 3000 - 3'600'000});
}

TEST_CASE("node: a place marked for buggify is active in some runs and then fires sometimes") {
  int active_runs = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    sim::Options options{.seed = seed};
    options.buggify = {.site_enabled = {1, 4}, .fires = {1, 10}};
    sim::World world(options);
    int fired = 0;
    world.add_node("node", {}, [&](Env& env) {
      for (int i = 0; i < 1000; ++i) fired += env.buggify.fires("here") ? 1 : 0;
    });
    world.run_for(1s);
    REQUIRE((fired == 0 || (fired > 50 && fired < 150)));
    active_runs += fired > 0;
  }
  REQUIRE(active_runs > 30);
  REQUIRE(active_runs < 70);
}

TEST_CASE("node: an exception that escapes a fiber comes out of the run, and the world goes on") {
  sim::World world({.seed = 1});
  struct Escaped {};
  bool other_ran = false;
  world.add_node("thrower", {}, [](Env&) {
    (void)sleep_until(at(1s));
    throw Escaped{};
  });
  world.add_node("other", {}, [&](Env&) {
    (void)sleep_until(at(2s));
    other_ran = true;
  });
  REQUIRE_THROWS_AS(world.run_for(5s), Escaped);
  world.run_until(at(5s));
  REQUIRE(other_ran);
}

TEST_CASE("node: hours without anything to do cost nothing") {
  sim::World world({.seed = 1});
  int turns = 0;
  world.add_node("node", {}, [&](Env& env) {
    while (sleep_until(env.clock.now() + 3600s)) ++turns;
  });
  world.run_for(24h * 365);
  REQUIRE(turns == 24 * 365);
  REQUIRE(world.event_count() < 3u * 24 * 365);
}

TEST_CASE("node: one that keeps the time from passing breaks the run, which would hang else") {
  // In a process of its own, which ends as the run does.
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(1);
    std::signal(SIGABRT, SIG_DFL);
    sim::World world({.seed = 1});
    world.add_node("hasty", {"hasty"}, [](Env& env) {
      Condition never;
      while (!never.wait(env.clock.now())) {
      }
    });
    world.run_for(1s);
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
}
