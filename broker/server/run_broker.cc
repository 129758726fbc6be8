#include "broker/server/run_broker.h"

#include <optional>

#include "broker/server/controller_server.h"
#include "runtime/companions.h"

namespace faultline {
namespace {

/// Everything of a process that listens, from the moment that it does.
Result<> serve(Env& env, Broker& broker, Event& stop, const BrokerWatch& watch) {
  BrokerServer server(env, broker);
  std::optional<ControllerServer> controllers;
  if (broker.config().has_broker_role()) TRY(server.listen());
  if (!broker.config().is_alone() && broker.config().has_controller_role()) TRY(controllers.emplace(env, broker).listen());

  Event answered;
  Companions parts(env.tasks);
  parts.start("broker", [&] { return broker.run(); });
  if (controllers) parts.start("controller listener", [&] { return controllers->run(); });
  if (broker.config().has_broker_role()) {
    parts.start("listener", [&] {
      Result<> ended = server.run();
      answered.set();
      return ended;
    });
  }
  parts.start("stop", [&] { return stop.wait(); });
  TaskGroup readiness(env.tasks);
  readiness.spawn("ready", [&] {
    if (broker.wait_ready(no_deadline) && watch.on_ready) watch.on_ready(broker, server);
  });
  TRY(parts.wait());
  if (stop.is_set() && parts.outcome()) {
    broker.leave(std::chrono::milliseconds(broker.config().controlled_shutdown_max_wait_ms));
  } else {
    broker.resign();  // or answers would wait for what does not come any more
  }
  server.stop();
  if (broker.config().has_broker_role()) TRY(answered.wait());
  return parts.end();
}

}  // namespace

Result<> run_broker(Env& env, const BrokerConfig& config, Event& stop, const BrokerWatch& watch) {
  const std::unique_ptr<Broker> broker = TRY(Broker::open(env, config));
  struct Farewell {
    const BrokerWatch& watch;
    ~Farewell() {
      if (watch.on_going) watch.on_going();
    }
  };
  const Farewell farewell{watch};
  if (watch.on_opened) watch.on_opened(*broker);
  TRY(serve(env, *broker, stop, watch));
  return broker->close();
}

}  // namespace faultline
