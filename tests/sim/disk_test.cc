// The simulated disk as a node sees it: what is durable after which call, and what each staged fault does.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "runtime/disk.h"
#include "runtime/sync.h"
#include "sim/world.h"

using namespace faultline;

namespace {

Time at(Duration since_start) { return Time{} + since_start; }

Result<> write(File& file, std::uint64_t offset, std::string_view text) {
  const Slice slice = Slice::copy_of(text);
  return file.write_at(offset, std::span<const Slice>(&slice, 1), no_deadline);
}

std::string content(Disk& disk, std::string_view path) {
  const Result<Slice> read = read_whole(disk, path, 1 << 20, no_deadline);
  return read ? std::string(as_text(*read)) : to_string(read.error().code).data();
}

/// A node whose first start runs one program and whose second start runs another.
struct TwoLives {
  explicit TwoLives(sim::Options options) : world(options) {}

  void run(std::function<void(Env&)> first, const std::function<void()>& between, std::function<void(Env&)> second) {
    const sim::NodeId node = world.add_node("node", {"node"}, [&, life = 0](Env& env) mutable {
      if (++life == 1) {
        first(env);
        (void)sleep_until(no_deadline);
      } else {
        second(env);
        ended = true;
      }
    });
    id = node;
    world.schedule(at(100s), between);
    world.schedule(at(100s), [this, node] { world.restart(node, 1s); });
    world.run_for(200s);
    REQUIRE(ended);
  }

  sim::World world;
  sim::NodeId id{};
  bool ended = false;
};

}  // namespace

TEST_CASE("disk: what was synced survives a power cut, with its name") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    TwoLives lives({.seed = seed});
    std::string found;
    lives.run(
        [](Env& env) {
          auto file = env.disk.open("a", OpenMode::create, no_deadline).value();
          REQUIRE(write(*file, 0, "durable").has_value());
          REQUIRE(file->sync(no_deadline).has_value());
          REQUIRE(env.disk.sync_dir("", no_deadline).has_value());
          REQUIRE(write(*file, 7, " and not").has_value());
        },
        [&] { lives.world.crash(lives.id); }, [&](Env& env) { found = content(env.disk, "a"); });
    REQUIRE(found.substr(0, 7) == "durable");
  }
}

TEST_CASE("disk: a process kill keeps the page cache") {
  TwoLives lives({.seed = 1});
  std::string found;
  lives.run(
      [](Env& env) {
        auto file = env.disk.open("a", OpenMode::create, no_deadline).value();
        REQUIRE(write(*file, 0, "never synced").has_value());
      },
      [&] { lives.world.kill(lives.id); }, [&](Env& env) { found = content(env.disk, "a"); });
  REQUIRE(found == "never synced");
}

TEST_CASE("disk: a replaced file is old or new after a power cut, whenever it comes, and both happen") {
  std::vector<std::string> seen;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    sim::World world({.seed = seed});
    std::string found;
    const sim::NodeId node = world.add_node("node", {"node"}, [&, life = 0](Env& env) mutable {
      if (++life == 1) {
        REQUIRE(replace_file(env.disk, "a", Slice::copy_of("old"), no_deadline).has_value());
        (void)sleep_until(at(1s));
        (void)replace_file(env.disk, "a", Slice::copy_of("new"), no_deadline);
        (void)sleep_until(no_deadline);
      }
      found = content(env.disk, "a");
    });
    RandomStream moment = world.random("moment").stream("of the crash");
    world.schedule(at(1s + moment.between(Duration{}, 3ms)), [&] {
      world.crash(node);
      world.restart(node, 1s);
    });
    world.run_for(10s);
    seen.push_back(found);
  }
  REQUIRE(std::count(seen.begin(), seen.end(), "old") > 10);
  REQUIRE(std::count(seen.begin(), seen.end(), "new") > 10);
  REQUIRE(std::count(seen.begin(), seen.end(), "old") + std::count(seen.begin(), seen.end(), "new") == 200);
}

TEST_CASE("disk: after a failed sync the next one succeeds, reads are new, and the power cut brings the old data back") {
  TwoLives lives({.seed = 1});
  std::string during;
  std::string found;
  lives.run(
      [&](Env& env) {
        auto file = env.disk.open("a", OpenMode::create, no_deadline).value();
        REQUIRE(write(*file, 0, "old").has_value());
        REQUIRE(file->sync(no_deadline).has_value());
        REQUIRE(env.disk.sync_dir("", no_deadline).has_value());
        REQUIRE(write(*file, 0, "new").has_value());
        lives.world.fail_next_sync(lives.id, "a");
        const Error error = file->sync(no_deadline).error();
        REQUIRE(error == Errc::io_error);
        REQUIRE(error.injected);
        REQUIRE(file->sync(no_deadline).has_value());
        during = content(env.disk, "a");
      },
      [&] { lives.world.crash(lives.id); }, [&](Env& env) { found = content(env.disk, "a"); });
  REQUIRE(during == "new");
  REQUIRE(found == "old");
}

TEST_CASE("disk: every open file is told once of a failed sync") {
  sim::World world({.seed = 1});
  bool ended = false;
  sim::NodeId node{};
  node = world.add_node("node", {"node"}, [&](Env& env) {
    auto one = env.disk.open("a", OpenMode::create, no_deadline).value();
    auto two = env.disk.open("a", OpenMode::write, no_deadline).value();
    REQUIRE(write(*one, 0, "x").has_value());
    world.fail_next_sync(node, "a");
    REQUIRE(one->sync(no_deadline).error() == Errc::io_error);
    REQUIRE(one->sync(no_deadline).has_value());
    REQUIRE(two->sync(no_deadline).error() == Errc::io_error);
    REQUIRE(two->sync(no_deadline).has_value());
    ended = true;
  });
  world.run_for(1s);
  REQUIRE(ended);
}

TEST_CASE("disk: a full disk says no_space, to the write or to the sync after it") {
  sim::Options options{.seed = 1};
  options.disk.capacity_bytes = 10'000;
  sim::World world(options);
  int at_write = 0;
  int at_sync = 0;
  world.add_node("node", {"node"}, [&](Env& env) {
    for (int i = 0; i < 50; ++i) {
      auto file = env.disk.open("a", OpenMode::create, no_deadline).value();
      REQUIRE(file->truncate(0, no_deadline).has_value());
      const Result<> written = write(*file, 0, std::string(20'000, 'x'));
      const Result<> synced = file->sync(no_deadline);
      at_write += !written && written.error() == Errc::no_space;
      at_sync += !synced && synced.error() == Errc::no_space;
      REQUIRE(written.has_value() != synced.has_value());
    }
  });
  world.run_for(10s);
  REQUIRE(at_write + at_sync == 50);
  REQUIRE(at_sync > 0);
  REQUIRE(at_write > 0);
}

TEST_CASE("disk: a write that timed out may still land") {
  sim::World world({.seed = 1});
  std::string after_timeout;
  std::string later;
  sim::NodeId node{};
  node = world.add_node("node", {"node"}, [&](Env& env) {
    auto file = env.disk.open("a", OpenMode::create, no_deadline).value();
    world.stall_disk(node, 1s);
    const Slice text = Slice::copy_of("late");
    const Result<> written = file->write_at(0, std::span<const Slice>(&text, 1), env.clock.now() + 100ms);
    REQUIRE(written.error() == Errc::timed_out);
    REQUIRE(written.error().injected);
    REQUIRE(file->size().value() == 0);
    (void)sleep_until(env.clock.now() + 2s);
    later = content(env.disk, "a");
  });
  world.run_for(10s);
  REQUIRE(later == "late");
}

TEST_CASE("disk: a flipped bit is read, until it is written over") {
  sim::World world({.seed = 1});
  bool ended = false;
  sim::NodeId node{};
  node = world.add_node("node", {"node"}, [&](Env& env) {
    const std::string text(5000, 'x');
    REQUIRE(replace_file(env.disk, "a", Slice::copy_of(text), no_deadline).has_value());
    REQUIRE(world.rot(node, "a"));
    const std::string rotten = content(env.disk, "a");
    REQUIRE(rotten != text);
    REQUIRE(std::count(rotten.begin(), rotten.end(), 'x') == 4999);
    ended = true;
  });
  world.run_for(1s);
  REQUIRE(ended);
  REQUIRE(world.faults().count_of(sim::FaultKind::bit_rot) == 1);
}

TEST_CASE("disk: lost and misdirected writes and lying syncs show after the power cut, not before") {
  for (const int which : {0, 1, 2}) {
    sim::Options options{.seed = 1};
    if (which == 0) options.disk.lost_write = {1, 1};
    if (which == 1) options.disk.misdirected_write = {1, 1};
    TwoLives lives(options);
    const std::string old_text(5 * 4096, 'o');
    const std::string new_text(4096, 'n');
    std::string before;
    std::string after_crash;
    lives.run(
        [&](Env& env) {
          sim::DiskOptions& disk = lives.world.disk(lives.id);
          const sim::DiskOptions faulty = disk;
          disk.lost_write = disk.misdirected_write = {};
          auto file = env.disk.open("a", OpenMode::create, no_deadline).value();
          REQUIRE(write(*file, 0, old_text).has_value());
          REQUIRE(file->sync(no_deadline).has_value());
          REQUIRE(env.disk.sync_dir("", no_deadline).has_value());
          disk = faulty;
          if (which == 2) disk.lying_sync = {1, 1};
          while (lives.world.faults().events().empty()) {  // a write that is sent to its own page misses nothing
            REQUIRE(write(*file, 4096, new_text).has_value());
            REQUIRE(file->sync(no_deadline).has_value());
          }
          before = content(env.disk, "a");
        },
        [&] { lives.world.crash(lives.id); }, [&](Env& env) { after_crash = content(env.disk, "a"); });
    INFO(which);
    REQUIRE(before.substr(4096, 4096) == new_text);
    if (which != 2) REQUIRE(after_crash.substr(4096, 4096) == std::string(4096, 'o'));
    if (which == 1) REQUIRE(std::count(after_crash.begin(), after_crash.end(), 'n') == 4096);
  }
}

TEST_CASE("disk: a write that is under way when its process is killed lands wholly, in part, or not, before the next one runs") {
  int whole = 0;
  int part = 0;
  int none = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    sim::Options options{.seed = seed};
    options.disk.write_time = {2s};
    sim::World world(options);
    std::size_t at_start = 0;
    std::size_t later = 0;
    const sim::NodeId node = world.add_node("node", {"node"}, [&, life = 0](Env& env) mutable {
      if (++life == 1) {
        auto file = env.disk.open("a", OpenMode::create, no_deadline).value();
        (void)write(*file, 0, std::string(1000, 'x'));
        FAIL("killed before");
      }
      at_start = content(env.disk, "a").size();
      (void)sleep_until(env.clock.now() + 5s);
      later = content(env.disk, "a").size();
    });
    world.schedule(at(1s), [&] {
      world.kill(node);
      world.restart(node, 100ms);
    });
    world.run_for(20s);
    whole += later == 1000;
    part += later > 0 && later < 1000;
    none += later == 0;
    REQUIRE(at_start == later);
  }
  REQUIRE(whole > 10);
  REQUIRE(part > 10);
  REQUIRE(none > 10);
}

TEST_CASE("disk: an unreadable sector shows when the page has left the cache, and ends when it is written over") {
  sim::Options options{.seed = 1};
  options.disk.latent_error = {1, 1};
  TwoLives lives(options);
  std::vector<std::string> seen;
  lives.run(
      [&](Env& env) {
        REQUIRE(replace_file(env.disk, "a", Slice::copy_of("text"), no_deadline).has_value());
        seen.push_back(content(env.disk, "a"));
      },
      [&] { lives.world.crash(lives.id); },
      [&](Env& env) {
        seen.push_back(content(env.disk, "a"));
        auto file = env.disk.open("a", OpenMode::write, no_deadline).value();
        REQUIRE(write(*file, 0, std::string(4096, 'n')).has_value());
        seen.push_back(content(env.disk, "a").substr(0, 3));
      });
  REQUIRE(seen == std::vector<std::string>{"text", "io_error", "nnn"});
}

TEST_CASE("disk: a failed change of names turns the disk read-only until the next boot") {
  TwoLives lives({.seed = 1});
  std::vector<Errc> errors;
  Errc after_boot = Errc::internal;
  lives.run(
      [&](Env& env) {
        auto file = env.disk.open("a", OpenMode::create, no_deadline).value();
        lives.world.disk(lives.id).metadata_error = {1, 1};
        errors.push_back(env.disk.rename("a", "b", no_deadline).error().code);
        lives.world.disk(lives.id).metadata_error = {};
        errors.push_back(env.disk.rename("a", "b", no_deadline).error().code);
        errors.push_back(write(*file, 0, "x").error().code);
      },
      [&] { lives.world.crash(lives.id); },
      [&](Env& env) {
        auto file = env.disk.open("c", OpenMode::create, no_deadline);
        after_boot = file ? Errc::none : file.error().code;
      });
  REQUIRE(errors == std::vector<Errc>{Errc::io_error, Errc::read_only, Errc::read_only});
  REQUIRE(after_boot == Errc::none);
}

TEST_CASE("disk: a failed sync of a directory turns the disk read-only, and new names are not durable, until power is lost") {
  int kept = 0;
  int lost = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    TwoLives lives({.seed = seed});
    bool old_is_there = false;
    bool new_is_there = false;
    lives.run(
        [&](Env& env) {
          const std::unique_ptr<File> old_file = *env.disk.open("old", OpenMode::create, no_deadline);
          REQUIRE(env.disk.sync_dir("", no_deadline).has_value());
          const std::unique_ptr<File> new_file = *env.disk.open("new", OpenMode::create, no_deadline);
          REQUIRE(new_file->sync(no_deadline).has_value());
          lives.world.fail_next_sync_dir(lives.id, "");
          const Result<> failed = env.disk.sync_dir("", no_deadline);
          REQUIRE(failed.error() == Errc::io_error);
          REQUIRE(failed.error().injected);
          REQUIRE(env.disk.open("other", OpenMode::create, no_deadline).error() == Errc::read_only);
          REQUIRE(write(*old_file, 0, "x").error() == Errc::read_only);
          // Not a lie the second time either.
          REQUIRE(env.disk.sync_dir("", no_deadline).error() == Errc::io_error);
          REQUIRE(env.disk.list("", no_deadline)->size() == 2);
        },
        [&] { lives.world.crash(lives.id); },
        [&](Env& env) {
          old_is_there = env.disk.open("old", OpenMode::read, no_deadline).has_value();
          new_is_there = env.disk.open("new", OpenMode::read, no_deadline).has_value();
          REQUIRE(env.disk.open("other", OpenMode::create, no_deadline).has_value());
          REQUIRE(env.disk.sync_dir("", no_deadline).has_value());
        });
    REQUIRE(old_is_there);
    ++(new_is_there ? kept : lost);
    REQUIRE(lives.world.faults().count_of(sim::FaultKind::sync_error) == 1);
  }
  REQUIRE(kept > 0);
  REQUIRE(lost > 0);
}

TEST_CASE("disk: names are durable again after a disk with a failed directory sync was mounted again") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    TwoLives lives({.seed = seed});
    bool there = false;
    lives.run(
        [&](Env& env) {
          REQUIRE(env.disk.create_directory("d", no_deadline).has_value());
          lives.world.disk(lives.id).sync_dir_error = {1, 1};
          REQUIRE(env.disk.sync_dir("", no_deadline).error() == Errc::io_error);
          lives.world.disk(lives.id).sync_dir_error = {};
          REQUIRE(env.disk.sync_dir("", no_deadline).error() == Errc::io_error);
          lives.world.set_read_only(lives.id, false);
          REQUIRE(env.disk.sync_dir("", no_deadline).has_value());
        },
        [&] { lives.world.crash(lives.id); }, [&](Env& env) { there = env.disk.list("d", no_deadline).has_value(); });
    REQUIRE(there);
  }
}

TEST_CASE("disk: on a full disk the sync of new names may find no space, that of removed ones never") {
  int refused = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    sim::World world({.seed = seed});
    bool done = false;
    sim::NodeId node{};
    node = world.add_node("node", {"node"}, [&](Env& env) {
      const std::unique_ptr<File> file = *env.disk.open("a", OpenMode::create, no_deadline);
      REQUIRE(write(*file, 0, "0123456789").has_value());
      REQUIRE(env.disk.open("b", OpenMode::create, no_deadline).has_value());
      world.disk(node).capacity_bytes = 10;
      for (;;) {
        const Result<> synced = env.disk.sync_dir("", no_deadline);
        if (synced) break;
        REQUIRE(synced.error() == Errc::no_space);
        REQUIRE(synced.error().injected);
        ++refused;
      }
      REQUIRE(env.disk.remove("b", no_deadline).has_value());
      REQUIRE(env.disk.sync_dir("", no_deadline).has_value());
      done = true;
    });
    world.run_for(10s);
    REQUIRE(done);
  }
  REQUIRE(refused > 0);
}

TEST_CASE("disk: a timeout is a staged fault if the caller had the patience for a sound disk") {
  sim::Options options;
  options.disk.sync_time = {1ms, 0ms, 5ms};
  options.disk.read_time = options.disk.write_time = options.disk.metadata_time = {1ms, 0ms, 1ms};
  sim::World world(options);
  bool done = false;
  sim::NodeId node{};
  node = world.add_node("node", {"node"}, [&](Env& env) {
    const std::unique_ptr<File> file = *env.disk.open("a", OpenMode::create, no_deadline);
    const auto timeout = [&](Duration patience) {
      const Result<> synced = file->sync(env.clock.now() + patience);
      REQUIRE(synced.error() == Errc::timed_out);
      return synced.error();
    };
    REQUIRE_FALSE(timeout(500us).injected);
    world.disk(node).sync_time = {1s, 0ms, 1s};
    REQUIRE_FALSE(timeout(4ms).injected);
    REQUIRE(timeout(5ms).injected);
    REQUIRE(timeout(500ms).injected);
    done = true;
  });
  world.run_for(10s);
  REQUIRE(done);
}

TEST_CASE("disk: data that the damage filter guards is spared") {
  sim::World world({.seed = 1});
  std::vector<std::string> asked;
  world.set_damage_filter([&](sim::NodeId, std::string_view path, std::uint64_t) {
    asked.emplace_back(path);
    return false;
  });
  sim::NodeId node{};
  node = world.add_node("node", {"node"}, [&](Env& env) {
    REQUIRE(replace_file(env.disk, "a", Slice::copy_of("text"), no_deadline).has_value());
    REQUIRE_FALSE(world.rot(node, "a"));
    REQUIRE(content(env.disk, "a") == "text");
  });
  world.run_for(1s);
  REQUIRE(asked == std::vector<std::string>{"a"});
}
