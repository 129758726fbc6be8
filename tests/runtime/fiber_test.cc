// Fibers, groups and synchronisation under the smallest possible world: a clock that a test moves by hand.
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "runtime/channel.h"
#include "runtime/sync.h"
#include "runtime/tasks.h"

using namespace faultline;

namespace {

class HandWorld : public Tasks {
 public:
  explicit HandWorld(FiberStackPool& stacks) : Tasks(stacks) {}

  /// Runs everything until nothing is ready, jumping to the next timer when idle, until `end`.
  void run_until(Time end) {
    for (;;) {
      while (has_ready()) run_ready();
      if (next_timer() > end) break;
      now = std::max(now, next_timer());
      fire_timers(now);
    }
    now = end;
  }
  void run() {
    while (has_ready()) run_ready();
  }

  Time now{};
  int announcements = 0;

 private:
  void on_ready() override { ++announcements; }
  void on_earlier_timer(Time) override {}
};

Time at(Duration since_start) { return Time{} + since_start; }

struct Fixture {
  FiberStackPool stacks;
  HandWorld world{stacks};
  std::vector<std::string> log;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "fiber: sleepers wake in the order of their deadlines, equal ones in the order of arming") {
  struct Sleeper {
    Duration delay;
    const char* name;
  };
  for (const Sleeper& sleeper : {Sleeper{30ms, "a"}, Sleeper{10ms, "b"}, Sleeper{20ms, "c"}, Sleeper{10ms, "d"}}) {
    world.spawn_root("sleeper", [this, sleeper] {
      REQUIRE(sleep_until(at(sleeper.delay)).has_value());
      log.push_back(sleeper.name);
    });
  }
  world.run_until(at(1s));
  CHECK(log == std::vector<std::string>{"b", "d", "c", "a"});
  CHECK(world.fiber_count() == 0);
}

TEST_CASE_METHOD(Fixture, "fiber: a lazily armed timer that goes off early is armed again for the present deadline") {
  WaitQueue queue;
  world.spawn_root("waiter", [&] {
    CHECK(queue.wait(at(10ms)) == Wake::ready);
    CHECK(queue.wait(at(500ms)) == Wake::timed_out);
    CHECK(world.now == at(500ms));
    log.push_back("done");
  });
  world.run();
  queue.wake_one();
  world.run_until(at(1s));
  CHECK(log.size() == 1);
}

TEST_CASE_METHOD(Fixture, "fiber: an exception in flight survives a suspension inside a catch block") {
  Event other;
  world.spawn_root("catcher", [&] {
    try {
      throw std::string("mine");
    } catch (const std::string&) {
      REQUIRE(other.wait().has_value());
      try {
        throw;
      } catch (const std::string& again) {
        log.push_back(again);
      }
    }
  });
  world.spawn_root("thrower", [&] {
    try {
      throw 5;
    } catch (int) {
      other.set();
      REQUIRE(yield().has_value());
    }
    log.push_back("thrower");
  });
  world.run();
  CHECK(log.size() == 2);
  CHECK(std::uncaught_exceptions() == 0);
}

TEST_CASE_METHOD(Fixture, "fiber: an exception that escapes is rethrown outside, and the others go on") {
  world.spawn_root("bad", [] { throw std::string("assertion"); });
  world.spawn_root("good", [&] { log.push_back("good"); });
  CHECK_THROWS_AS(world.run(), std::string);
  world.run();
  CHECK(log.size() == 1);
}

TEST_CASE_METHOD(Fixture, "task group: its destructor cancels the children and waits for them") {
  world.spawn_root("parent", [&] {
    {
      TaskGroup group(world);
      group.spawn("child", [&] {
        CHECK(sleep_until(no_deadline).error() == Errc::cancelled);
        CHECK(sleep_until(no_deadline).error() == Errc::cancelled);  // sticky
        log.push_back("child");
      });
      REQUIRE(yield().has_value());
    }
    log.push_back("parent");
  });
  world.run();
  CHECK(log == std::vector<std::string>{"child", "parent"});
}

TEST_CASE_METHOD(Fixture, "task group: cancelling a parent that joins cancels the children too") {
  world.spawn_root("root", [&] {
    TaskGroup outer(world);
    outer.spawn("parent", [&] {
      TaskGroup inner(world);
      inner.spawn("child", [&] {
        CHECK(sleep_until(no_deadline).error() == Errc::cancelled);
        log.push_back("child");
      });
      inner.join();
      log.push_back("parent");
    });
    REQUIRE(yield().has_value());
    REQUIRE(yield().has_value());
    outer.cancel();
    outer.join();
    log.push_back("root");
  });
  world.run();
  CHECK(log == std::vector<std::string>{"child", "parent", "root"});
}

namespace {
struct Witness {
  std::vector<std::string>& log;
  const char* name;
  ~Witness() { log.push_back(name); }
};
}  // namespace

TEST_CASE_METHOD(Fixture, "crash: fibers are unwound youngest first, wherever they wait, and nothing after the wait runs") {
  Mutex mutex;
  world.spawn_root("parent", [&] {
    const Witness witness{log, "parent"};
    TaskGroup group(world);
    group.spawn("holder", [&] {
      const Witness inner{log, "holder"};
      const Result<Mutex::Guard> guard = mutex.lock();
      static_cast<void>(sleep_until(no_deadline));
      log.push_back("never");
    });
    group.spawn("waiter", [&] {
      const Witness inner{log, "waiter"};
      const Result<Mutex::Guard> guard = mutex.lock();
      log.push_back("never");
    });
    group.join();
    log.push_back("never");
  });
  world.run();
  world.spawn_root("not yet started", [&] { log.push_back("never"); });
  world.drop_all();
  CHECK(log == std::vector<std::string>{"waiter", "holder", "parent"});
  CHECK(world.fiber_count() == 0);
}

TEST_CASE_METHOD(Fixture, "crash: a parent inside its group's destructor finishes it and then goes no further") {
  world.spawn_root("parent", [&] {
    {
      TaskGroup group(world);
      group.spawn("child", [&] {
        const Witness inner{log, "child"};
        // Deaf to cancellation for the time of the test, so that the parent is still joining when the crash comes.
        park_uncancellable();
        log.push_back("child went on");
      });
      REQUIRE(yield().has_value());
    }
    log.push_back("joined");
    static_cast<void>(sleep_until(no_deadline));
    log.push_back("never");
  });
  world.run();
  world.drop_all();
  CHECK(log == std::vector<std::string>{"child went on", "child", "joined"});
}

TEST_CASE_METHOD(Fixture, "crash: a parent that joined a cancelled group starts nothing any more") {
  world.spawn_root("parent", [&] {
    const Witness witness{log, "parent"};
    TaskGroup ending(world);
    ending.spawn("deaf child", [&] { park_uncancellable(); });
    REQUIRE(yield().has_value());
    ending.cancel();
    ending.join();
    log.push_back("joined");
    TaskGroup closing(world);
    closing.spawn("closing", [&] { log.push_back("never"); });
    closing.join();
    log.push_back("never");
  });
  world.run();
  world.drop_all();
  CHECK(log == std::vector<std::string>{"joined", "parent"});
  CHECK(world.fiber_count() == 0);
}

TEST_CASE_METHOD(Fixture, "semaphore: a large request is not starved, and one that gives up lets those behind it pass") {
  Semaphore permits(3);
  REQUIRE(permits.try_acquire(3));
  world.spawn_root("large", [&] {
    const Result<> got = permits.acquire(3, at(50ms));
    log.push_back(got ? "large" : "large gave up");
  });
  world.spawn_root("small", [&] {
    REQUIRE(permits.acquire(1).has_value());
    log.push_back("small");
  });
  world.run();
  permits.release(2);
  world.run();
  CHECK(log.empty());
  CHECK_FALSE(permits.try_acquire(1));
  world.run_until(at(60ms));
  CHECK(log == std::vector<std::string>{"large gave up", "small"});
  CHECK(permits.available() == 1);
}

TEST_CASE_METHOD(Fixture, "channel: senders wait while it is full, and what was sent can be received after close") {
  Channel<int> channel(2);
  world.spawn_root("sender", [&] {
    for (int i = 0; i < 5; ++i) REQUIRE(channel.send(i).has_value());
    channel.close();
    CHECK(channel.send(9).error() == Errc::closed);
  });
  world.run();
  CHECK(channel.size() == 2);
  world.spawn_root("receiver", [&] {
    for (int i = 0; i < 5; ++i) CHECK(channel.receive().value() == i);
    CHECK(channel.receive().error() == Errc::closed);
    log.push_back("end");
  });
  world.run();
  CHECK(log.size() == 1);
}

TEST_CASE_METHOD(Fixture, "schedule: a drawn order is a function of the seed and visits every fiber") {
  const auto order = [&](std::uint64_t seed) {
    RandomStream schedule = RandomSource(seed).stream("schedule");
    world.set_schedule(&schedule);
    std::string text;
    for (int i = 0; i < 8; ++i) world.spawn_root("f", [&text, i] { text += static_cast<char>('a' + i); });
    world.run();
    world.set_schedule(nullptr);
    return text;
  };
  const std::string first = order(1);
  CHECK(order(1) == first);
  CHECK(order(2) != first);
  CHECK(first.size() == 8);
  CHECK(first != "abcdefgh");
}

TEST_CASE("stacks: ten thousand fibers fit, and a trimmed one keeps what it has on its stack") {
  FiberStackPool stacks;
  HandWorld world(stacks);
  Event go;
  int done = 0;
  for (int i = 0; i < 10000; ++i) {
    world.spawn_root("idle", [&, i] {
      volatile char deep[12000];
      deep[0] = static_cast<char>(i);
      deep[11999] = static_cast<char>(i + 1);
      REQUIRE(go.wait().has_value());
      if (deep[0] == static_cast<char>(i) && deep[11999] == static_cast<char>(i + 1)) ++done;
    });
  }
  world.run();
  world.trim_idle_stacks(10000);
  world.trim_idle_stacks(10000);
  go.set();
  world.run();
  CHECK(done == 10000);
}
