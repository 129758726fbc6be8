#include "runtime/asio/real_world.h"

#include <sys/random.h>

#include <cerrno>
#include <exception>
#include <utility>

#include "runtime/asio/file_lane.h"
#include "runtime/asio/posix_error.h"
#include "runtime/asio/reactor.h"
#include "runtime/asio/real_clock.h"
#include "runtime/asio/real_disk.h"
#include "runtime/asio/real_network.h"
#include "runtime/asio/real_trace.h"

namespace faultline {
namespace {

class NeverBuggify final : public Buggify {
 public:
  bool fires(std::string_view) override { return false; }
};

Result<std::unique_ptr<Reactor>> open_reactor(IoBackend backend, FiberStackPool& stacks) {
  if (backend == IoBackend::epoll) return open_epoll_reactor(stacks);
  Result<std::unique_ptr<Reactor>> uring = open_uring_reactor(stacks);
  if (uring.has_value() || backend == IoBackend::uring) return uring;
  return open_epoll_reactor(stacks);
}

Result<std::uint64_t> random_seed() {
  std::uint64_t seed = 0;
  // So few bytes are never cut short, but a signal may arrive while the kernel still gathers entropy at boot.
  while (getrandom(&seed, sizeof(seed), 0) < 0) {
    if (errno != EINTR) return file_error(errno, "getrandom", "");
  }
  return seed;
}

}  // namespace

// In order of construction: each part uses only those before it.
struct RealWorld::Parts {
  std::unique_ptr<FiberStackPool> stacks;
  std::unique_ptr<Reactor> reactor;
  std::unique_ptr<RealTrace> trace;
  std::unique_ptr<Completions> completions;
  std::unique_ptr<DiskLanes> lanes;
  std::unique_ptr<RealDisk> disk;
  std::unique_ptr<RealNetwork> network;
  RealClock clock;
  NeverBuggify buggify;
  std::unique_ptr<Env> env;
};

RealWorld::RealWorld(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

RealWorld::~RealWorld() = default;

Result<std::unique_ptr<RealWorld>> RealWorld::open(RealOptions options) {
  auto parts = std::make_unique<Parts>();
  const std::uint64_t seed = TRY(random_seed());
  parts->stacks = std::make_unique<FiberStackPool>();
  parts->reactor = TRY(open_reactor(options.backend, *parts->stacks));
  parts->trace = TRY(RealTrace::open(options.trace_file, options.trace_level));
  parts->completions = std::make_unique<Completions>([reactor = parts->reactor.get()] { reactor->wake_from_any_thread(); });
  parts->reactor->set_on_wake([completions = parts->completions.get()] { completions->deliver(); });
  parts->lanes = std::make_unique<DiskLanes>(*parts->completions, options.sync_delay);
  parts->disk = TRY(RealDisk::open(options.data_directory, *parts->lanes));
  parts->network = std::make_unique<RealNetwork>(*parts->reactor, *parts->completions);
  parts->env = std::make_unique<Env>(Env{parts->clock, *parts->network, *parts->disk, RandomSource(seed), parts->reactor->tasks(),
                                         *parts->trace, parts->buggify});
  return std::unique_ptr<RealWorld>(new RealWorld(std::move(parts)));
}

Env& RealWorld::env() { return *parts_->env; }

void RealWorld::run(std::function<void(Env&)> main) {
  Tasks& tasks = parts_->reactor->tasks();
  tasks.spawn_root("main", [&] {
    // When it returns, and also when it throws.
    struct EndOthers {
      Tasks& tasks;
      ~EndOthers() { tasks.cancel_all(); }
    } end_others{tasks};
    main(env());
  });
  std::exception_ptr escaped;
  while (tasks.fiber_count() > 0) {
    try {
      parts_->reactor->run();
    } catch (...) {
      if (escaped == nullptr) escaped = std::current_exception();
      tasks.cancel_all();
    }
  }
  if (escaped != nullptr) std::rethrow_exception(escaped);
}

Result<int> RealWorld::wait_signal(Time deadline) { return parts_->reactor->wait_signal(deadline); }

std::string_view RealWorld::backend_name() const { return parts_->reactor->name(); }

}  // namespace faultline
