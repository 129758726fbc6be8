// The log on the simulator's disk, under everything that disk does, against a model that is a list of batches.
//
// One node lives many lives. In each it opens the log, compares it with what it knows, appends, reads, trims and truncates, and is
// then crashed or killed at a random moment. Whatever was stable must be there, unchanged and in order; what was not may be there
// or not, but only as a run that goes on from it; and nothing else may ever be served.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "log_fixture.h"
#include "sim/world.h"

using namespace faultline;
using namespace faultline::testing;

namespace {

/// What the outside world knows of the log.
struct Model {
  // Every append that was ever tried at a base offset: its bytes. The last that became stable is the only right one.
  std::map<std::int64_t, std::vector<Slice>> tried;
  std::map<std::int64_t, Slice> stable;
  std::int64_t log_start = 0;
  std::int64_t stable_end = 0;
  std::uint8_t next_fill = 0;

  int lives = 0;
  int appended = 0;
  int taken_back = 0;
  int fenced = 0;
  int torn = 0;
};

struct Plan {
  sim::Options world;
  LogConfig log;
  bool kills = true;  // some lives end by a kill, not by a power cut
};

class Life {
 public:
  Life(Env& env, Model& model, const Plan& plan)
      : model_(model),
        plan_(plan),
        context_(LogContext::of(env)),
        random_(env.random.stream("life " + std::to_string(model.lives))) {}

  void run() {
    RecoveryReport report;
    auto opened = PartitionLog::open(context_, "t-0", LogOpen::create, plan_.log, report);
    if (!opened) {
      INFO(to_string(opened.error()));
      REQUIRE(opened.error().code != Errc::corrupt);
      return;
    }
    log_ = std::move(*opened);
    model_.torn += report.verdict == RecoveryReport::Verdict::torn_tail ? 1 : 0;
    check_all();
    adopt();
    TaskGroup group(context_.tasks);
    for (int producer = 0; producer < 3; ++producer) group.spawn("producer", [this] { produce(); });
    group.spawn("trimmer", [this] { trim(); });
    group.join();
    if (log_->fenced()) ++model_.fenced;
    check_all();
    if (random_.chance({1, 2})) (void)log_->close();
  }

 private:
  // After a restart, what lies behind the stable end is stable too.
  void adopt() {
    std::int64_t offset = model_.stable_end;
    while (offset < log_->stable_end()) {
      const ReadResult result = log_->read(offset, {log_->stable_end(), 1, true}).value();
      model_.stable[offset] = result.batches.at(0);
      offset = result.next_offset;
    }
    model_.stable_end = offset;
  }

  void check_all() {
    INFO(log_->check_invariants().value_or(""));
    REQUIRE(!log_->check_invariants());
    REQUIRE(log_->log_start() >= model_.log_start);
    REQUIRE(log_->stable_end() >= model_.stable_end);
    REQUIRE(log_->log_start() <= log_->stable_end());
    model_.log_start = log_->log_start();
    const std::size_t max_bytes = random_.below(2000);
    std::int64_t offset = log_->log_start();
    while (offset < log_->stable_end()) {
      const Result<ReadResult> result = log_->read(offset, {log_->stable_end(), max_bytes, true});
      if (!result) {
        INFO(to_string(result.error()));
        REQUIRE((result.error().injected || result.error().code == Errc::timed_out));
        return;
      }
      REQUIRE(!result->batches.empty());
      for (const Slice& batch : result->batches) check_batch(batch);
      offset = result->next_offset;
    }
  }

  void check_batch(const Slice& batch) {
    const BatchHeader header = *read_batch_header(batch.bytes());
    const std::int64_t base = header.base_offset;
    const auto same = [&](const Slice& other) { return std::ranges::equal(batch.bytes(), other.bytes()); };
    if (base < model_.stable_end) {
      REQUIRE(model_.stable.contains(base));
      REQUIRE(same(model_.stable.at(base)));
    } else {
      REQUIRE(std::ranges::any_of(model_.tried[base], same));
    }
  }

  void produce() {
    const std::uint64_t count = random_.below(30);
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto records = static_cast<std::int32_t>(random_.between(1, 5));
      const auto body = static_cast<std::size_t>(random_.between(10, 3000));
      const Slice batch = make_batch(records, body, to_unix_ms(context_.clock.wall_now()), ++model_.next_fill);
      const Result<AppendInfo> info = log_->append(*protocol::BatchView::parse(batch), 0);
      if (!info) {
        if (!(info.error() == Errc::no_space)) return;
        if (!sleep_until(after(context_.clock.now(), 20ms))) return;
        continue;
      }
      model_.tried[info->base_offset].push_back(Slice::copy_of(batch.bytes()));
      const Result<> stable = log_->wait_stable(info->ticket, no_deadline);
      if (stable.has_value()) {
        model_.stable[info->base_offset] = batch;
        model_.stable_end = std::max(model_.stable_end, info->ticket.end_offset);
        ++model_.appended;
      } else if (stable.error() == Errc::no_space) {
        ++model_.taken_back;
      } else {
        return;
      }
      const Duration pause = random_.between(0ms, 5ms);
      if (!sleep_until(after(context_.clock.now(), pause))) return;
    }
  }

  void trim() {
    for (int i = 0; i < 4; ++i) {
      if (!sleep_until(after(context_.clock.now(), 30ms))) return;
      const std::uint64_t what = random_.below(3);
      if (what == 0) (void)log_->write_checkpoint();
      if (what == 1) (void)log_->apply_retention(log_->stable_end());
      if (what != 2 || log_->stable_end() <= log_->log_start()) continue;
      const std::int64_t offset = random_.between(log_->log_start(), log_->stable_end());
      if (log_->delete_records_before(offset, log_->stable_end())) model_.log_start = std::max(model_.log_start, offset);
    }
  }

  Model& model_;
  const Plan& plan_;
  const LogContext context_;
  RandomStream random_;
  std::unique_ptr<PartitionLog> log_;
};

Model run(const Plan& plan) {
  Model model;
  sim::World world(plan.world);
  const sim::NodeId node = world.add_node("node", {"node"}, [&](Env& env) {
    ++model.lives;
    Life(env, model, plan).run();
  });
  RandomStream ends = world.random("ends").stream("ends");
  for (int life = 0; life < 12; ++life) {
    world.run_for(ends.between(1ms, 400ms));
    const bool kill = plan.kills && ends.chance({1, 3});
    if (kill) {
      world.kill(node);
    } else {
      world.crash(node);
    }
    world.restart(node, 10ms);
  }
  world.disk(node) = sim::DiskOptions{};
  world.run_for(60s);
  return model;
}

Plan small_segments(std::uint64_t seed) {
  Plan plan;
  plan.world.seed = seed;
  plan.world.buggify = {.site_enabled = {1, 2}, .fires = {1, 10}};
  plan.log.segment_bytes = 8000;
  plan.log.index_interval_bytes = 1000;
  plan.log.tail_cache_bytes = 3000;
  plan.log.checkpoint_bytes = 20000;
  plan.log.file_delete_delay_ms = 10;
  plan.log.retention_bytes = 40000;
  return plan;
}

}  // namespace

TEST_CASE("model: power cuts and kills lose nothing that was stable and bring nothing back that was not there") {
  Model total;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    INFO("seed " << seed);
    const Model model = run(small_segments(seed));
    total.appended += model.appended;
    total.torn += model.torn;
    total.lives += model.lives;
  }
  // The test must not become empty without anybody noticing.
  CHECK(total.lives > 150 * 10);
  CHECK(total.appended > 10000);
  CHECK(total.torn > 20);
}

TEST_CASE("model: failing syncs and writes fence the log, and a restart finds all that was stable") {
  int fenced = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    INFO("seed " << seed);
    Plan plan = small_segments(seed);
    plan.world.disk.sync_error = {1, 100};
    plan.world.disk.write_error = {1, 200};
    fenced += run(plan).fenced;
  }
  CHECK(fenced > 100);
}

TEST_CASE("model: a disk that stalls loses nothing, also when the process is killed meanwhile") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    INFO("seed " << seed);
    Plan plan = small_segments(seed);
    plan.world.disk.stall = {1, 50};
    run(plan);
  }
}

TEST_CASE("model: a disk that fills up takes back appends and loses nothing that was stable") {
  Model total;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    INFO("seed " << seed);
    Plan plan = small_segments(seed);
    plan.world.disk.capacity_bytes = 60000;
    plan.log.retention_bytes = 30000;
    const Model model = run(plan);
    total.taken_back += model.taken_back;
    total.appended += model.appended;
  }
  CHECK(total.taken_back > 100);
  CHECK(total.appended > 5000);
}
