#include "cli/worker_pool.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <vector>

namespace faultline::cli {
namespace {

constexpr int tick_ms = 100;

// What parent and workers share.
struct Board {
  std::atomic<std::uint64_t> next;
};

struct Header {
  std::uint64_t seed;
  std::uint64_t bytes;
  std::uint64_t started;  // 1: the seed begins, without bytes; 0: its answer follows
};

void write_all(int fd, const void* data, std::size_t bytes) {
  const auto* at = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = ::write(fd, at, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) ::_exit(1);  // the parent is gone: nobody wants the answer
    at += written;
    bytes -= static_cast<std::size_t>(written);
  }
}

[[noreturn]] void work_for(int fd, Board& board, SeedRange seeds, const std::function<std::string(std::uint64_t)>& work) {
  while (true) {
    const std::uint64_t seed = board.next.fetch_add(1);
    if (seed > seeds.last || seed < seeds.first) ::_exit(0);
    const Header start{seed, 0, 1};
    write_all(fd, &start, sizeof(start));
    const std::string answer = work(seed);
    const Header header{seed, answer.size(), 0};
    write_all(fd, &header, sizeof(header));
    write_all(fd, answer.data(), answer.size());
  }
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) {
    return "killed by signal " + std::to_string(WTERMSIG(status)) + " (" + ::strsignal(WTERMSIG(status)) + ")";
  }
  return "exited with status " + std::to_string(WEXITSTATUS(status));
}

class Pool {
 public:
  Pool(SeedRange seeds, const std::function<std::string(std::uint64_t)>& work, const PoolEvents& events, Board& board)
      : seeds_(seeds), work_(work), events_(events), board_(board) {}

  bool run(unsigned jobs) {
    for (unsigned i = 0; i < jobs; ++i) {
      if (!start_worker() && workers_.empty()) return false;
    }
    while (!workers_.empty()) {
      wait_for_input();
      events_.on_tick();
    }
    return true;
  }

 private:
  struct Worker {
    pid_t pid = -1;
    int fd = -1;
    std::string input;
    std::optional<std::uint64_t> seed;  // under way
  };

  bool start_worker() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    std::fflush(nullptr);
    const pid_t pid = ::fork();
    if (pid < 0) {
      ::close(ends[0]);
      ::close(ends[1]);
      return false;
    }
    if (pid == 0) {
      ::close(ends[0]);
      work_for(ends[1], board_, seeds_, work_);
    }
    ::close(ends[1]);
    workers_.push_back({pid, ends[0], {}, {}});
    return true;
  }

  void wait_for_input() {
    std::vector<pollfd> polled;
    for (const Worker& worker : workers_) polled.push_back({worker.fd, POLLIN, 0});
    if (::poll(polled.data(), polled.size(), tick_ms) <= 0) return;
    for (std::size_t i = polled.size(); i-- > 0;) {
      if (polled[i].revents != 0) receive(i);
    }
  }

  void receive(std::size_t index) {
    Worker& worker = workers_[index];
    char block[64 * 1024];
    const ssize_t count = ::read(worker.fd, block, sizeof(block));
    if (count < 0 && errno == EINTR) return;
    if (count <= 0) return bury(index);
    worker.input.append(block, static_cast<std::size_t>(count));
    take_messages(worker);
  }

  void take_messages(Worker& worker) {
    while (worker.input.size() >= sizeof(Header)) {
      Header header;
      std::memcpy(&header, worker.input.data(), sizeof(header));
      if (worker.input.size() < sizeof(header) + header.bytes) return;
      std::string answer = worker.input.substr(sizeof(header), header.bytes);
      worker.input.erase(0, sizeof(header) + header.bytes);
      if (header.started == 1) {
        worker.seed = header.seed;
      } else {
        worker.seed.reset();
        events_.on_answer(header.seed, std::move(answer));
      }
    }
  }

  // The worker has closed its end: it is done, or dead.
  void bury(std::size_t index) {
    const Worker worker = workers_[index];
    workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(index));
    ::close(worker.fd);
    int status = 0;
    while (::waitpid(worker.pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!worker.seed) return;
    events_.on_crash(*worker.seed, how_it_ended(status));
    if (board_.next.load() <= seeds_.last) start_worker();
  }

  const SeedRange seeds_;
  const std::function<std::string(std::uint64_t)>& work_;
  const PoolEvents& events_;
  Board& board_;
  std::vector<Worker> workers_;
};

}  // namespace

bool run_in_workers(SeedRange seeds, unsigned jobs, const std::function<std::string(std::uint64_t)>& work,
                    const PoolEvents& events) {
  void* shared = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return false;
  auto* board = new (shared) Board{seeds.first};
  const auto wanted = static_cast<unsigned>(std::min<std::uint64_t>(std::max(jobs, 1u), seeds.size()));
  const bool started = Pool(seeds, work, events, *board).run(wanted);
  ::munmap(shared, sizeof(Board));
  return started;
}

}  // namespace faultline::cli
