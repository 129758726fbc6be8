#include "broker/server/run_broker.h"

namespace faultline {

Result<> run_broker(Env& env, const BrokerConfig& config, Event& stop,
                    const std::function<void(Broker&, const BrokerServer&)>& on_ready) {
  const std::unique_ptr<Broker> broker = TRY(Broker::open(env, config));
  {
    BrokerServer server(env, *broker);
    TRY(server.listen());
    on_ready(*broker, server);
    TaskGroup stopper(env.tasks);
    stopper.spawn("stop", [&] {
      if (stop.wait()) server.stop();
    });
    TRY(server.run());
  }
  return broker->close();
}

}  // namespace faultline
