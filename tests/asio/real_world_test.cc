// The world as a whole: how it starts, ends, and what only the real one has, such as signals and limits of the system.
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "runtime/asio/real_world.h"
#include "runtime/sync.h"

using namespace faultline;

namespace {

struct TemporaryDirectory {
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "faultline-asio-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::string path;
};

const std::vector<IoBackend> backends = [] {
  std::vector<IoBackend> list{IoBackend::epoll};
  if (RealWorld::open({IoBackend::uring, "", TraceLevel::error, ""}).has_value()) list.push_back(IoBackend::uring);
  return list;
}();

std::unique_ptr<RealWorld> open_world(IoBackend backend, const std::string& directory = "") {
  Result<std::unique_ptr<RealWorld>> world = RealWorld::open({backend, directory, TraceLevel::error, ""});
  REQUIRE(world.has_value());
  return std::move(*world);
}

Time patience(Env& env) { return after(env.clock.now(), 30s); }

template <class Body>
void over_each_backend(Body&& body) {
  for (const IoBackend backend : backends) {
    INFO("backend " << static_cast<int>(backend));
    body(backend);
  }
}

}  // namespace

TEST_CASE("real world: an exception that escapes a fiber ends the run and is rethrown, after all fibers have ended") {
  over_each_backend([](IoBackend backend) {
    const std::unique_ptr<RealWorld> world = open_world(backend);
    bool other_ended = false;
    const auto run = [&] {
      world->run([&](Env& env) {
        env.tasks.spawn_root("other", [&] {
          CHECK(sleep_until(no_deadline).error() == Errc::cancelled);
          other_ended = true;
        });
        env.tasks.spawn_root("thrower", [] { throw std::string("escaped"); });
        CHECK(sleep_until(no_deadline).error() == Errc::cancelled);
      });
    };
    CHECK_THROWS_AS(run(), std::string);
    CHECK(other_ended);
    bool ran_again = false;
    world->run([&](Env&) { ran_again = true; });
    CHECK(ran_again);
  });
}

TEST_CASE("real world: two worlds draw different random numbers") {
  std::unique_ptr<RealWorld> one = open_world(IoBackend::epoll);
  std::unique_ptr<RealWorld> two = open_world(IoBackend::epoll);
  CHECK(one->env().random.seed() != two->env().random.seed());
}

TEST_CASE("real world: nothing rare is ever done on purpose") {
  const std::unique_ptr<RealWorld> world = open_world(IoBackend::epoll);
  for (int i = 0; i < 1000; ++i) REQUIRE_FALSE(world->env().buggify.fires("anywhere"));
}

TEST_CASE("real world: SIGTERM and SIGINT are waited for instead of ending the process, in the order of arrival") {
  over_each_backend([](IoBackend backend) {
    const std::unique_ptr<RealWorld> world = open_world(backend);
    world->run([&](Env& env) {
      CHECK(world->wait_signal(after(env.clock.now(), 1ms)).error() == Errc::timed_out);
      REQUIRE(raise(SIGTERM) == 0);
      CHECK(world->wait_signal(patience(env)).value() == SIGTERM);
      TaskGroup group(env.tasks);
      int seen = 0;
      group.spawn("waiter", [&] { seen = world->wait_signal(patience(env)).value(); });
      REQUIRE(yield().has_value());
      REQUIRE(raise(SIGINT) == 0);
      group.join();
      CHECK(seen == SIGINT);
    });
  });
}

TEST_CASE("real world: running out of descriptors fails an accept with resource_exhausted, and the listener goes on") {
  over_each_backend([](IoBackend backend) {
    const std::unique_ptr<RealWorld> world = open_world(backend);
    world->run([&](Env& env) {
      const std::unique_ptr<Listener> listener = env.network.listen({"127.0.0.1", 0}).value();
      const std::unique_ptr<Stream> client = env.network.connect(listener->local(), patience(env)).value();
      rlimit before{};
      REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
      // The lowest free descriptor is the first that the limit forbids.
      const int lowest_free = dup(STDIN_FILENO);
      REQUIRE(lowest_free >= 0);
      ::close(lowest_free);
      const rlimit full{static_cast<rlim_t>(lowest_free), before.rlim_max};
      REQUIRE(setrlimit(RLIMIT_NOFILE, &full) == 0);
      const Result<std::unique_ptr<Stream>> refused = listener->accept(patience(env));
      REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
      REQUIRE_FALSE(refused.has_value());
      CHECK(refused.error() == Errc::resource_exhausted);
      CHECK(listener->accept(patience(env)).has_value());
    });
  });
}

TEST_CASE("real world: names are resolved, and a name that nobody knows is unreachable") {
  over_each_backend([](IoBackend backend) {
    open_world(backend)->run([&](Env& env) {
      const std::unique_ptr<Listener> listener = env.network.listen({"localhost", 0}).value();
      CHECK(env.network.connect({"localhost", listener->local().port}, patience(env)).has_value());
      CHECK(env.network.connect({"no-such-host.invalid", 9092}, patience(env)).error() == Errc::unreachable);
      CHECK(env.network.listen({"192.0.2.1", 0}).error() == Errc::unreachable);  // TEST-NET-1: never ours
      CHECK(env.network.listen({"", 9092}).error() == Errc::invalid_argument);
    });
  });
}

TEST_CASE("real world: a port that becomes free within a second can be listened on") {
  over_each_backend([](IoBackend backend) {
    open_world(backend)->run([&](Env& env) {
      std::unique_ptr<Listener> first = env.network.listen({"127.0.0.1", 0}).value();
      const Endpoint where = first->local();
      TaskGroup group(env.tasks);
      group.spawn("leaves", [&] {
        REQUIRE(sleep_until(after(env.clock.now(), 50ms)).has_value());
        first.reset();
      });
      CHECK(env.network.listen(where).has_value());
      group.join();
    });
  });
}

TEST_CASE("real world: the data directory is made with its parents, and without one the disk is unsupported") {
  const TemporaryDirectory directory;
  const std::string inner = directory.path + "/not/yet/there";
  open_world(IoBackend::epoll, inner)->run([](Env& env) {
    CHECK(env.disk.open("f", OpenMode::create, no_deadline).has_value());
  });
  CHECK(std::filesystem::exists(inner + "/f"));
  open_world(IoBackend::epoll)->run([](Env& env) {
    CHECK(env.disk.open("f", OpenMode::create, no_deadline).error() == Errc::unsupported);
    CHECK(env.disk.lock().error() == Errc::unsupported);
  });
  std::ofstream(directory.path + "/file") << "x";
  const Result<std::unique_ptr<RealWorld>> impossible =
      RealWorld::open({IoBackend::epoll, directory.path + "/file/d", TraceLevel::error, ""});
  REQUIRE_FALSE(impossible.has_value());
  CHECK(impossible.error() == Errc::not_a_directory);
}

TEST_CASE("real world: two worlds cannot hold the same data directory") {
  const TemporaryDirectory directory;
  const std::unique_ptr<RealWorld> other = open_world(IoBackend::epoll, directory.path);
  open_world(IoBackend::epoll, directory.path)->run([&](Env& env) {
    const std::unique_ptr<DirectoryLock> lock = env.disk.lock().value();
    Errc code = Errc::none;
    std::thread([&] { other->run([&](Env& theirs) { code = theirs.disk.lock().error().code; }); }).join();
    CHECK(code == Errc::locked);
  });
}

TEST_CASE("real world: a call on a file that runs out of time may still take effect, and the world ends cleanly") {
  over_each_backend([](IoBackend backend) {
    const TemporaryDirectory directory;
    open_world(backend, directory.path)->run([](Env& env) {
      const std::unique_ptr<File> file = env.disk.open("f", OpenMode::create, no_deadline).value();
      const Slice piece = Slice::copy_of(std::string(1 << 20, 'x'));
      for (std::uint64_t i = 0; i < 100; ++i) {
        const Result<> written = file->write_at(i << 20, std::span<const Slice>(&piece, 1), env.clock.now());
        if (!written.has_value()) CHECK(written.error() == Errc::timed_out);
      }
      // Changes are made in order, so this one comes after all that were given up on.
      REQUIRE(file->truncate(5, no_deadline).has_value());
      CHECK(as_text(file->read_at(0, 100, no_deadline).value()) == "xxxxx");
    });
  });
}

TEST_CASE("real world: a small write, which needs no thread, overtakes no change of its file that was asked for before") {
  over_each_backend([](IoBackend backend) {
    const TemporaryDirectory directory;
    open_world(backend, directory.path)->run([](Env& env) {
      const std::unique_ptr<File> file = env.disk.open("f", OpenMode::create, no_deadline).value();
      const Slice large = Slice::copy_of(std::string(4 << 20, 'x'));
      const Slice small = Slice::copy_of("small");
      for (int round = 0; round < 20; ++round) {
        const Result<> given_up = file->write_at(0, std::span<const Slice>(&large, 1), env.clock.now());
        if (!given_up.has_value()) CHECK(given_up.error() == Errc::timed_out);
        REQUIRE(file->write_at(0, std::span<const Slice>(&small, 1), no_deadline).has_value());
        CHECK(as_text(file->read_at(0, 5, no_deadline).value()) == "small");
        REQUIRE(file->truncate(5, no_deadline).has_value());
        CHECK(as_text(file->read_at(0, 100, no_deadline).value()) == "small");
      }
    });
  });
}

TEST_CASE("real world: the trace writes a line per event at or above its level") {
  const TemporaryDirectory directory;
  static constexpr TracePoint quiet{"test.quiet", TraceLevel::debug};
  static constexpr TracePoint loud{"test.loud", TraceLevel::info};
  const std::string path = directory.path + "/trace";
  {
    const Result<std::unique_ptr<RealWorld>> world = RealWorld::open({IoBackend::epoll, "", TraceLevel::info, path});
    REQUIRE(world.has_value());
    (*world)->env().trace.emit(quiet, {{"never", 1}});
    (*world)->env().trace.emit(loud, {{"count", -7}, {"topic", "orders"}, {"text", "two words, \"quoted\"\n"}});
  }
  std::ifstream file(path);
  std::string stamp;
  std::string rest;
  file >> stamp;
  std::getline(file, rest);
  CHECK(rest == R"( info test.loud count=-7 topic=orders text="two words, \"quoted\"\x0a")");
  CHECK(stamp.size() == std::string("2026-03-01T12:00:00.000123Z").size());
  CHECK(stamp.back() == 'Z');
  CHECK_FALSE(std::getline(file, rest));
}
