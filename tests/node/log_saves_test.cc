// A log whose users are cancelled while it saves its checkpoints, and which goes on: on a disk that carries out later what was cancelled.
#include <catch2/catch.hpp>

#include "broker/log/partition_log.h"
#include "sim/world.h"

using namespace faultline;

namespace {

/// Begins an epoch, gives up after `patience`, and closes the log. Returns: what came of the closing, and of opening it again.
std::pair<Result<>, Result<>> give_up_and_close(std::uint64_t seed, Duration patience) {
  sim::Options options{.seed = seed};
  // So uneven that one operation may overtake another.
  options.disk.metadata_time = {.min = 100us, .mean_extra = 5ms, .max = 40ms};
  options.disk.write_time = options.disk.metadata_time;
  options.disk.sync_time = options.disk.metadata_time;
  sim::World world(options);
  std::pair<Result<>, Result<>> ended{Error(Errc::internal), Error(Errc::internal)};
  world.add_node("node", {"node"}, [&](Env& env) {
    const LogContext context = LogContext::of(env);
    RecoveryReport report;
    {
      const auto log = PartitionLog::open(context, "t-0", LogOpen::create, {}, report).value();
      TaskGroup users(env.tasks);
      users.spawn("user", [&] { static_cast<void>(log->begin_epoch(7)); });
      REQUIRE(sleep_until(after(env.clock.now(), patience)).has_value());
      users.cancel();
      users.join();
      ended.first = log->close();
    }
    const auto again = PartitionLog::open(context, "t-0", LogOpen::existing, {}, report);
    if (again) ended.second = (*again)->latest_epoch() == 7 ? Result<>() : Error(Errc::corrupt, "the epoch is gone");
  });
  world.run_for(10s);
  return ended;
}

}  // namespace

TEST_CASE("log: whoever saves may be cancelled at any moment, and the next save finds the files as they should be") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    for (Duration patience = 1ms; patience < 80ms; patience += 2ms) {
      const auto [closed, opened] = give_up_and_close(seed, patience);
      CAPTURE(seed, patience.count());
      CHECK(closed.has_value());
      CHECK(opened.has_value());
    }
  }
}
