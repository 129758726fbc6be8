// The two reactors: that both live in one executable, that the choice between them is sound, and one trap of io_uring.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstddef>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "runtime/asio/real_world.h"
#include "runtime/sync.h"

using namespace faultline;

namespace {

std::unique_ptr<RealWorld> open_world(IoBackend backend) {
  Result<std::unique_ptr<RealWorld>> world = RealWorld::open({backend, "", TraceLevel::error, ""});
  REQUIRE(world.has_value());
  return std::move(*world);
}

bool uring_available() { return RealWorld::open({IoBackend::uring, "", TraceLevel::error, ""}).has_value(); }

Time patience(Env& env) { return after(env.clock.now(), 30s); }

// Runs `body` in a child process in which the kernel refuses io_uring_setup, as container runtimes have it. Returns: its exit status.
template <class Body>
int without_uring(Body&& body) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::array<sock_filter, 4> filter{{
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, __NR_io_uring_setup},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    }};
    const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) _exit(100);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) _exit(101);
    _exit(body());
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("backend: each is what was asked for, and says so") {
  CHECK(open_world(IoBackend::epoll)->backend_name() == "epoll");
  const bool available = uring_available();
  if (available) CHECK(open_world(IoBackend::uring)->backend_name() == "io_uring");
  CHECK(open_world(IoBackend::automatic)->backend_name() == (available ? "io_uring" : "epoll"));
}

TEST_CASE("backend: where the kernel forbids io_uring, automatic is epoll, and asking for io_uring is an error") {
  const int status = without_uring([] {
    const Result<std::unique_ptr<RealWorld>> automatic = RealWorld::open({IoBackend::automatic, "", TraceLevel::error, ""});
    if (!automatic.has_value()) return 1;
    if ((*automatic)->backend_name() != "epoll") return 2;
    const Result<std::unique_ptr<RealWorld>> uring = RealWorld::open({IoBackend::uring, "", TraceLevel::error, ""});
    if (uring.has_value()) return 3;
    return uring.error() == Errc::unsupported ? 0 : 4;
  });
  CHECK(status == 0);
}

TEST_CASE("backend: epoll and io_uring run in one process at the same time and talk to each other") {
  if (!uring_available()) return;
  constexpr int rounds = 1000;
  std::promise<Endpoint> where;
  std::thread server([&] {
    const std::unique_ptr<RealWorld> world = open_world(IoBackend::uring);
    world->run([&](Env& env) {
      const std::unique_ptr<Listener> listener = env.network.listen({"127.0.0.1", 0}).value();
      where.set_value(listener->local());
      const std::unique_ptr<Stream> stream = listener->accept(patience(env)).value();
      std::array<std::uint8_t, 64> buffer;
      for (;;) {
        const std::size_t count = stream->read_some(buffer, patience(env)).value();
        if (count == 0) break;
        write_all(*stream, Bytes(buffer).first(count), patience(env)).value();
      }
    });
  });
  int answered = 0;
  open_world(IoBackend::epoll)->run([&](Env& env) {
    const std::unique_ptr<Stream> stream = env.network.connect(where.get_future().get(), patience(env)).value();
    for (int i = 0; i < rounds; ++i) {
      const std::string text = std::to_string(i);
      write_all(*stream, as_bytes(text), patience(env)).value();
      std::string echo(text.size(), ' ');
      read_exactly(*stream, {reinterpret_cast<std::uint8_t*>(echo.data()), echo.size()}, patience(env)).value();
      answered += echo == text ? 1 : 0;
    }
  });
  server.join();
  CHECK(answered == rounds);
}

// Asio's entries that cancel an operation used to carry what an earlier user of the ring's slot had left in them (asio_prelude.h).
// Once as many entries as the ring holds had gone by, the completion of a cancellation was taken for that of an idle connection.
TEST_CASE("backend: cancelled reads end nobody else's, however long the ring has been in use") {
  if (!uring_available()) return;
  constexpr int connections = 100;
  constexpr int entries_in_ring = 16384;  // Asio's io_uring_service::ring_size
  open_world(IoBackend::uring)->run([&](Env& env) {
    const std::unique_ptr<Listener> listener = env.network.listen({"127.0.0.1", 0}).value();
    std::vector<std::unique_ptr<Stream>> clients;
    std::vector<std::unique_ptr<Stream>> servers;
    TaskGroup idle(env.tasks);
    int ended_early = 0;
    bool over = false;
    for (int i = 0; i < connections; ++i) {
      clients.push_back(env.network.connect(listener->local(), patience(env)).value());
      servers.push_back(listener->accept(patience(env)).value());
    }
    std::array<std::uint8_t, 64> buffer;
    const auto exchange = [&](std::size_t i) {
      write_all(*clients[i], as_bytes("x"), patience(env)).value();
      REQUIRE(servers[i]->read_some(buffer, patience(env)).value() == 1);
    };
    // Every slot has been used for a read of one of the connections, which then wait in their next read.
    for (std::size_t i = 0; i < 2 * entries_in_ring; ++i) exchange(i % connections);
    for (const std::unique_ptr<Stream>& stream : servers) {
      idle.spawn("idle", [&over, &ended_early, &env, &stream = *stream] {
        std::array<std::uint8_t, 64> mine;
        const Result<std::size_t> count = stream.read_some(mine, patience(env));
        if (!over) ++ended_early;
      });
    }
    for (int i = 0; i < 200; ++i) {
      CHECK(clients[0]->read_some(buffer, after(env.clock.now(), 1ms)).error() == Errc::timed_out);
    }
    CHECK(ended_early == 0);
    over = true;
    idle.cancel();
    idle.join();
  });
}
