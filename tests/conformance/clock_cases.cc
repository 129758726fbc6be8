// Time.
#include "tests/conformance/support.h"

using namespace faultline;
using namespace faultline::conformance;

TEST_CASE("clock: monotonic time does not go back, and a sleeper wakes at its time or later") {
  in_every_world([](Nodes& nodes) {
    const Time start = nodes.a.clock.now();
    const Time until = after(start, 5ms);
    need(sleep_until(until));
    const Time woken = nodes.a.clock.now();
    CHECK(woken >= until);
    CHECK(nodes.a.clock.now() >= woken);
  });
}

TEST_CASE("clock: sleeping until a time that has passed lets others run and returns") {
  in_every_world([](Nodes& nodes) {
    bool other_ran = false;
    TaskGroup group(nodes.a.tasks);
    group.spawn("other", [&] { other_ran = true; });
    need(sleep_until(nodes.a.clock.now()));
    CHECK(other_ran);
    group.join();
  });
}

TEST_CASE("clock: sleepers wake in the order of their times, whatever the order in which they went to sleep") {
  in_every_world([](Nodes& nodes) {
    const Time start = nodes.a.clock.now();
    std::vector<int> order;
    TaskGroup group(nodes.a.tasks);
    for (const int ms : {30, 10, 50, 20, 40}) {
      group.spawn("sleeper", [&order, start, ms] {
        need(sleep_until(after(start, std::chrono::milliseconds(ms))));
        order.push_back(ms);
      });
    }
    group.join();
    CHECK(order == std::vector<int>{10, 20, 30, 40, 50});
  });
}

TEST_CASE("clock: a deadline that is shorter than one armed before comes first") {
  in_every_world([](Nodes& nodes) {
    Event never;
    TaskGroup group(nodes.a.tasks);
    group.spawn("long", [&] { CHECK(code_of(never.wait(patience(nodes.a))) == Errc::cancelled); });
    need(yield());
    CHECK(code_of(never.wait(soon(nodes.a))) == Errc::timed_out);
    group.cancel();
    group.join();
  });
}

TEST_CASE("clock: wall time has an epoch that monotonic time knows nothing of, and passes") {
  in_every_world([](Nodes& nodes) {
    const WallTime wall = nodes.a.clock.wall_now();
    const Time start = nodes.a.clock.now();
    CHECK(to_unix_ms(wall) > 0);
    while (nodes.a.clock.wall_now() == wall) need(sleep_until(after(nodes.a.clock.now(), 1ms)));
    CHECK(nodes.a.clock.now() > start);
  });
}
