// The simulated world on trial: two nodes of a calm world, and of one whose ready fibers run in random order.
#include "sim/world.h"

#include "runtime/sync.h"
#include "tests/conformance/world.h"

namespace faultline::conformance {
namespace {

class SimConformanceWorld final : public ConformanceWorld {
 public:
  explicit SimConformanceWorld(bool random_schedule) : world_({.seed = 1, .random_schedule = random_schedule}) {
    const sim::NodeOptions stopped{.disk = {}, .clock = {}, .start = false};
    b_ = world_.add_node("b", {"b.example"}, [this](Env&) { (void)done_.wait(); }, stopped);
    a_ = world_.add_node("a", {"a.example"}, [this](Env& env) { run_body(env); }, stopped);
  }

  void run(std::function<void(Nodes&)> body) override {
    body_ = std::move(body);
    done_.reset();
    world_.restart(b_, Duration{});
    world_.restart(a_, Duration{});
    do {
      world_.run_for(1s);
    } while (world_.is_running(a_) || world_.is_running(b_));
  }

 private:
  void run_body(Env& env) {
    Nodes nodes{env, world_.env(b_), "a.example", "b.example"};
    body_(nodes);
    done_.set();
  }

  std::function<void(Nodes&)> body_;
  Event done_;
  sim::World world_;
  sim::NodeId a_{};
  sim::NodeId b_{};
};

}  // namespace

std::vector<std::string> world_kinds() { return {"simulator", "simulator with a random schedule"}; }

std::unique_ptr<ConformanceWorld> make_world(const std::string& kind) {
  return std::make_unique<SimConformanceWorld>(kind != "simulator");
}

}  // namespace faultline::conformance
