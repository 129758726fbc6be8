// The real world on trial: one process, one Env, loopback, a directory of its own; over epoll, and over io_uring where the kernel
// has it.
#include "runtime/asio/real_world.h"

#include <cstdlib>
#include <filesystem>

#include "base/check.h"
#include "tests/conformance/world.h"

namespace faultline::conformance {
namespace {

IoBackend backend_of(const std::string& kind) { return kind == "epoll" ? IoBackend::epoll : IoBackend::uring; }

class RealConformanceWorld final : public ConformanceWorld {
 public:
  explicit RealConformanceWorld(const std::string& kind) : backend_(backend_of(kind)) {
    std::string pattern = (std::filesystem::temp_directory_path() / "faultline-conformance-XXXXXX").string();
    ENSURE(mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;
  }
  ~RealConformanceWorld() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  // Opened anew each time: a restart.
  void run(std::function<void(Nodes&)> body) override {
    Result<std::unique_ptr<RealWorld>> world = RealWorld::open({backend_, directory_, TraceLevel::warning, ""});
    ENSURE(world.has_value());
    (*world)->run([&](Env& env) {
      Nodes nodes{env, env, "127.0.0.1", "127.0.0.1"};
      body(nodes);
    });
  }

 private:
  const IoBackend backend_;
  std::string directory_;
};

}  // namespace

std::vector<std::string> world_kinds() {
  std::vector<std::string> kinds{"epoll"};
  if (RealWorld::open({IoBackend::uring, "", TraceLevel::error, ""}).has_value()) kinds.emplace_back("io_uring");
  return kinds;
}

std::unique_ptr<ConformanceWorld> make_world(const std::string& kind) { return std::make_unique<RealConformanceWorld>(kind); }

}  // namespace faultline::conformance
