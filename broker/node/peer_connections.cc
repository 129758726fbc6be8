#include "broker/node/peer_connections.h"

#include <utility>

namespace faultline {
namespace {

// A peer that is back is to be found soon: its followers hold the watermark back.
constexpr client::BackoffConfig reconnect_pauses{.min = 50ms, .max = 500ms};

client::ConnectionConfig connection_config() {
  client::ConnectionConfig config;
  config.client_id = "replica";
  // Both well below the time after which a follower that does not fetch leaves the ISR.
  config.request_timeout = 5s;
  config.setup_timeout = 2s;
  return config;
}

}  // namespace

PeerConnections::PeerConnections(Env& env, const metadata::ClusterImage& image)
    : env_(env),
      image_(image),
      config_(connection_config()),
      reconnect_(reconnect_pauses, env.random.stream("peer reconnect")),
      tasks_(env.tasks) {}

client::ClientResult<Endpoint> PeerConnections::endpoint_of(metadata::BrokerId broker) const {
  const metadata::BrokerRecord* record = image_.broker(broker);
  if (record == nullptr || record->endpoints.empty()) {
    return Error(Errc::not_found, "broker " + std::to_string(broker) + " is not registered");
  }
  const metadata::Endpoint& endpoint = record->endpoints.front();
  return Endpoint{endpoint.host, endpoint.port};
}

Result<protocol::FetchResponse> PeerConnections::fetch(metadata::BrokerId broker, const protocol::FetchRequest& request,
                                                       Time deadline) {
  const auto attempt = [&]() -> client::ClientResult<protocol::FetchResponse> {
    const std::shared_ptr<client::Connection> connection =
        TRY(connections_[broker].get({env_, tasks_, config_, reconnect_}, [&] { return endpoint_of(broker); }, deadline));
    return connection->call(request, {.deadline = deadline, .broker_may_wait = std::chrono::milliseconds(request.max_wait_ms)});
  };
  client::ClientResult<protocol::FetchResponse> answer = attempt();
  if (answer) return *std::move(answer);
  if (answer.error().is_transport()) return answer.error().transport;
  return Error(Errc::malformed, to_string(answer.error()));
}

}  // namespace faultline
