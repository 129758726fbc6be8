#include "broker/server/run_broker.h"

#include <optional>

#include "broker/server/controller_server.h"

namespace faultline {
namespace {

/// Everything of a process that listens, from the moment that it does.
Result<> serve(Env& env, Broker& broker, Event& stop, const BrokerWatch& watch) {
  BrokerServer server(env, broker);
  std::optional<ControllerServer> controllers;
  if (broker.config().has_broker_role()) TRY(server.listen());
  if (!broker.config().is_alone() && broker.config().has_controller_role()) TRY(controllers.emplace(env, broker).listen());

  Result<> ended;
  Event over;
  TaskGroup work(env.tasks);
  const auto start = [&](std::string_view name, auto body) {
    work.spawn(name, [&ended, &over, body = std::move(body)] {
      const Result<> result = body();
      if (ended && !result) ended = result;
      over.set();
    });
  };
  start("broker", [&] { return broker.run(); });
  if (controllers) start("controller listener", [&] { return controllers->run(); });
  TaskGroup clients(env.tasks);
  if (broker.config().has_broker_role()) {
    clients.spawn("listener", [&] {
      const Result<> result = server.run();
      if (ended && !result) ended = result;
      over.set();
    });
  }
  work.spawn("ready", [&] {
    if (broker.wait_ready(no_deadline) && watch.on_ready) watch.on_ready(broker, server);
  });
  work.spawn("stop", [&] {
    if (stop.wait()) over.set();
  });
  TRY(over.wait());
  if (stop.is_set() && ended) broker.leave(std::chrono::milliseconds(broker.config().controlled_shutdown_max_wait_ms));
  server.stop();
  clients.join();
  work.cancel();
  work.join();
  // What was still running when everything was told to end says so.
  if (!ended && ended.error() == Errc::cancelled) ended = {};
  return ended;
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
