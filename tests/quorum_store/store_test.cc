// The store on the simulator's disk. One node lives many lives; each ends by a power cut or a kill in the middle of its writes. What was
// reported durable must be there at the next start; of what came later, each file may be as of any later step, and nothing else.
#include "broker/quorum/store/store.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <span>

#include "base/crc32c.h"
#include "sim/world.h"

using namespace faultline;
using namespace faultline::quorum;

namespace {

using raft::Index;
using raft::Position;
using raft::Term;

const raft::ReplicaKey self{raft::NodeId(1), {.high = 1, .low = 2}};

StoreOptions options_of_store() {
  StoreOptions options;
  options.self = self;
  return options;
}

/// What the disk may hold after a step, or in the middle of one.
struct State {
  std::uint64_t sequence = 0;
  raft::HardState hard_state;
  Position snapshot;
  std::vector<Position> log;
};

struct Model {
  std::vector<State> states;  // of this life; the first is what it found
  std::uint64_t durable = 0;
  Index discarded;  // entries up to here may be gone
  int lives = 0;
  int reported = 0;
  int failed = 0;
  int truncated = 0;
  int installed = 0;
};

raft::Entry entry_at(Position at) { return {at, raft::Command{Slice::copy_of(raft::to_string(at))}}; }

class Life {
 public:
  Life(Env& env, Model& model) : env_(env), model_(model), random_(env.random.stream("life " + std::to_string(++model.lives))) {}

  void run() {
    Result<Store::Opened> opened = Store::open(env_, options_of_store());
    if (!opened && opened.error() == Errc::not_found) {
      if (!Store::format(env_, options_of_store(), {})) return;
      opened = Store::open(env_, options_of_store());
    }
    if (!opened) {
      INFO(to_string(opened.error()));
      REQUIRE(opened.error().code != Errc::corrupt);
      return;
    }
    store_ = std::move(opened->store);
    store_->on_durable([this](std::uint64_t sequence) {
      model_.durable = sequence;
      ++model_.reported;
    });
    begin(opened->recovered);
    while (!over_ && !store_->failed() && sleep_until(after(env_.clock.now(), random_.between(0ms, 2ms)))) act();
    model_.failed += store_->failed() ? 1 : 0;
  }

 private:
  State& now() { return model_.states.back(); }

  void begin(const raft::Recovered& recovered) {
    State found{0, recovered.hard_state, recovered.snapshot.last, {}};
    for (const raft::Entry& entry : recovered.entries) {
      found.log.push_back(entry.at);
      const raft::Entry expected = entry_at(entry.at);
      REQUIRE(as_text(std::get<raft::Command>(entry.body).data) == as_text(std::get<raft::Command>(expected.body).data));
    }
    if (!model_.states.empty()) compare(found);
    model_.states = {found};
    model_.durable = 0;
    // The core repairs what a crash left between two files.
    raft::Core core({}, self, recovered, RandomStream(1), env_.clock.now());
    raft::Writes writes = core.start().writes;
    if (writes.sequence == 0) return;
    take(std::move(writes));
  }

  void compare(const State& found) const {
    const auto first = std::ranges::find_if(model_.states, [&](const State& state) { return state.sequence >= model_.durable; });
    const auto any = [&](auto&& holds) { return std::any_of(first, model_.states.end(), holds); };
    CHECK(any([&](const State& state) { return state.hard_state == found.hard_state; }));
    CHECK(any([&](const State& state) { return state.snapshot == found.snapshot; }));
    CHECK(any([&](const State& state) { return same_log(state.log, found.log); }));
  }

  bool same_log(const std::vector<Position>& log, const std::vector<Position>& found) const {
    if (found.size() > log.size()) return false;
    const auto tail = log.end() - static_cast<std::ptrdiff_t>(found.size());
    return std::equal(tail, log.end(), found.begin()) && (tail == log.begin() || (tail - 1)->index <= model_.discarded);
  }

  /// Notes what the writes do, file by file, and begins them.
  void take(raft::Writes writes) {
    writes.sequence = sequence_ = sequence_ + 1;
    // In the middle of a step it is not durable yet.
    State middle = now();
    if (writes.hard_state) middle.hard_state = *writes.hard_state;
    if (writes.install) middle.snapshot = writes.install->last;
    if (writes.reset_log) middle.log.clear();
    if (writes.truncate_to) std::erase_if(middle.log, [&](const Position& at) { return at.index > *writes.truncate_to; });
    model_.states.push_back(middle);
    State next = middle;
    next.sequence = writes.sequence;
    for (const raft::Entry& entry : writes.append) next.log.push_back(entry.at);
    model_.states.push_back(next);
    store_->begin(std::move(writes));
  }

  Position last() { return now().log.empty() ? now().snapshot : now().log.back(); }

  void act() {
    const std::uint64_t what = random_.below(12);
    raft::Writes writes;
    if (what < 6) {
      append(writes, random_.below(4) + 1);
    } else if (what < 8) {
      writes.hard_state = raft::HardState{now().hard_state.term + 1, self};
    } else if (what < 10) {
      truncate(writes);
    } else if (what == 10) {
      return take_snapshot();
    } else {
      install(writes);
    }
    if (writes.hard_state || writes.install || writes.truncate_to || !writes.append.empty()) take(std::move(writes));
  }

  void append(raft::Writes& writes, std::uint64_t count) {
    Position at = writes.truncate_to ? position_at(*writes.truncate_to) : last();
    const Term term = std::max(writes.hard_state ? writes.hard_state->term : now().hard_state.term, at.term);
    for (std::uint64_t i = 0; i < count; ++i) {
      at = {term, next_after(at.index)};
      writes.append.push_back(entry_at(at));
    }
  }

  Position position_at(Index index) {
    const auto found = std::ranges::find(now().log, index, &Position::index);
    return found == now().log.end() ? now().snapshot : *found;
  }

  void truncate(raft::Writes& writes) {
    const Index low = std::max(now().snapshot.index, model_.discarded);
    if (last().index <= low) return;
    ++model_.truncated;
    writes.hard_state = raft::HardState{now().hard_state.term + 1, std::nullopt};
    writes.truncate_to = Index(random_.between(low.value(), last().index.value() - 1));
    append(writes, random_.below(3));
  }

  /// At the end of what is durable.
  void take_snapshot() {
    const auto state = std::ranges::find_if(model_.states, [&](const State& any) { return any.sequence == model_.durable; });
    const Position end = state->log.empty() ? Position() : state->log.back();
    const bool still = std::ranges::find(now().log, end) != now().log.end();
    if (!still || end.index <= now().snapshot.index) return;
    // It may land without our being told.
    State landed = now();
    landed.snapshot = end;
    const raft::SnapshotMeta meta{.last = end, .voters = {}, .size_bytes = 5};
    model_.states.push_back(landed);
    over_ = !store_->write_snapshot(meta, Slice::copy_of("state"));
    if (over_) return;  // after any failure a node starts again
    for (State& any : model_.states) any.snapshot = std::max(any.snapshot, end);
    const std::vector<Position> keep;
    if (!store_->remove_snapshots_but(keep)) return;
    const Result<Slice> data = store_->read_snapshot(meta, 2, 100);
    if (data) CHECK(as_text(*data) == "ate");
    raft::Writes writes;
    writes.discard_to = Index(random_.between(std::max(Index(1), before(end.index)).value(), end.index.value()));
    model_.discarded = std::max(model_.discarded, *writes.discard_to);
    store_->begin(std::move(writes));
  }

  void install(raft::Writes& writes) {
    ++model_.installed;
    const Position end{now().hard_state.term, last().index + random_.between(1, 5)};
    const raft::SnapshotMeta meta{.last = end, .voters = {}, .size_bytes = 6};
    raft::Writes first;
    first.chunk = raft::ChunkWrite{.snapshot = meta, .offset = 0, .data = Slice::copy_of("abc")};
    store_->begin(std::move(first));
    writes.chunk = raft::ChunkWrite{.snapshot = meta, .offset = 3, .data = Slice::copy_of("def")};
    writes.install = meta;
    writes.reset_log = end;
  }

  Env& env_;
  Model& model_;
  RandomStream random_;
  std::uint64_t sequence_ = 0;
  bool over_ = false;
  std::unique_ptr<Store> store_;
};

Model run(std::uint64_t seed, const sim::DiskOptions& disk) {
  Model model;
  sim::Options options;
  options.seed = seed;
  options.disk = disk;
  sim::World world(options);
  const sim::NodeId node = world.add_node("node", {"node"}, [&](Env& env) { Life(env, model).run(); });
  RandomStream ends = world.random("ends").stream("ends");
  for (int life = 0; life < 10; ++life) {
    world.run_for(ends.between(1ms, 100ms));
    if (ends.chance({1, 3})) {
      world.kill(node);
    } else {
      world.crash(node);
    }
    world.restart(node, 10ms);
  }
  world.run_for(20ms);
  return model;
}

/// Runs `program` on a node, life after life.
void run_lives(const std::vector<std::function<void(Env&)>>& lives) {
  sim::World world(sim::Options{});
  std::size_t life = 0;
  const sim::NodeId node = world.add_node("node", {"node"}, [&](Env& env) { lives[life](env); });
  for (; life < lives.size(); ++life) {
    if (life > 0) world.restart(node, 1ms);
    world.run_for(10s);
    REQUIRE_FALSE(world.is_running(node));
  }
}

raft::Recovered first_entries() { return raft::Recovered::bootstrap(raft::VoterSet({{self, "node:1"}})); }

void write_some(Env& env) {
  REQUIRE(Store::format(env, options_of_store(), first_entries()).has_value());
  Store::Opened opened = Store::open(env, options_of_store()).value();
  for (int i = 2; i < 6; ++i) {
    raft::Writes writes;
    writes.sequence = static_cast<std::uint64_t>(i);
    writes.append = {entry_at({Term(0), Index(i)})};
    Event done;
    opened.store->on_durable([&](std::uint64_t) { done.set(); });
    opened.store->begin(std::move(writes));
    REQUIRE(done.wait().has_value());
  }
}

void damage(Env& env, std::string_view name, std::uint64_t offset) {
  const auto file = env.disk.open(name, OpenMode::write, no_deadline).value();
  const Slice garbage = Slice::copy_of("garbage");
  REQUIRE(file->write_at(offset, std::span<const Slice>(&garbage, 1), no_deadline).has_value());
}

Errc opening(Env& env) {
  const Result<Store::Opened> opened = Store::open(env, options_of_store());
  return opened ? Errc::none : opened.error().code;
}

}  // namespace

TEST_CASE("quorum store: power cuts and kills leave each file as of a step that is not before the last durable one") {
  Model total;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    INFO("seed " << seed);
    const Model model = run(seed, {});
    total.reported += model.reported;
    total.truncated += model.truncated;
    total.installed += model.installed;
  }
  CHECK(total.reported > 10000);
  CHECK(total.truncated > 1000);
  CHECK(total.installed > 1000);
}

TEST_CASE("quorum store: after a failed write or sync nothing more is reported, and the next start finds what was") {
  Model total;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    INFO("seed " << seed);
    sim::DiskOptions disk;
    disk.sync_error = {1, 100};
    disk.write_error = {1, 200};
    total.failed += run(seed, disk).failed;
  }
  CHECK(total.failed > 50);
}

TEST_CASE("quorum store: damage to what was durable is told from a torn tail") {
  run_lives(
      {write_some, [](Env& env) { damage(env, "quorum/log", 100); }, [](Env& env) { CHECK(opening(env) == Errc::corrupt); }});
  run_lives({write_some,
             [](Env& env) {
               const auto file = env.disk.open("quorum/log", OpenMode::write, no_deadline).value();
               const std::uint64_t size = file->size().value();
               REQUIRE(file->truncate(size - 3, no_deadline).has_value());
             },
             [](Env& env) {
               const Store::Opened opened = Store::open(env, options_of_store()).value();
               CHECK(opened.recovered.entries.back().at.index == Index(4));
             }});
}

TEST_CASE("quorum store: a vote or a log that is gone is damage, a directory without both was never formatted") {
  run_lives({[](Env& env) { CHECK(opening(env) == Errc::not_found); }});
  run_lives({write_some, [](Env& env) { REQUIRE(env.disk.remove("quorum/vote", no_deadline).has_value()); },
             [](Env& env) { CHECK(opening(env) == Errc::corrupt); }});
  run_lives(
      {write_some, [](Env& env) { damage(env, "quorum/vote", 5); }, [](Env& env) { CHECK(opening(env) == Errc::corrupt); }});
}

TEST_CASE("quorum store: a whole record, vote and snapshot survive their bytes; cut or changed anywhere they do not") {
  const LogRecord record{{Term(1), Index(4)}, {entry_at({Term(1), Index(5)}), entry_at({Term(2), Index(6)})}, Index(3)};
  const Slice bytes = encode_record(self, Term(3), record);
  const DecodedRecord decoded = decode_record(bytes).value();
  CHECK(decoded.size_bytes == bytes.size());
  CHECK(decoded.record.previous == record.previous);
  CHECK(decoded.record.durable == record.durable);
  REQUIRE(decoded.record.entries.size() == 2);
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK(decode_record(bytes.part(0, size)).has_error());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const Slice changed = Slice::copy_of(bytes.bytes());
    changed.writable()[at] ^= 0x10;
    CHECK(decode_record(changed).has_error());
  }
  const raft::HardState vote{Term(7), self};
  CHECK(decode_vote(encode_vote(vote).bytes()).value() == vote);
  const raft::SnapshotMeta meta{.last = {Term(2), Index(9)}, .voters = raft::VoterSet({{self, "node:1"}}), .size_bytes = 4};
  const std::vector<Slice> pieces{Slice::copy_of("data"), encode_snapshot_end(self, meta, crc32c(as_bytes("data")))};
  const Slice snapshot = concatenate(pieces);
  CHECK(decode_snapshot(snapshot).value() == meta);
  for (std::size_t at = 0; at < snapshot.size(); ++at) {
    const Slice changed = Slice::copy_of(snapshot.bytes());
    changed.writable()[at] ^= 0x10;
    CHECK(decode_snapshot(changed).has_error());
  }
}
