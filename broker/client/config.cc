#include "broker/client/config.h"

#include <cstdint>

namespace faultline::client {

Result<> require_positive(Duration value, std::string_view name) {
  if (value > 0ns) return {};
  return Error(Errc::invalid_argument, std::string(name) + " must be greater than zero");
}

Result<> BackoffConfig::validate(std::string_view name) const {
  if (min > 0ns && max >= min) return {};
  return Error(Errc::invalid_argument, std::string(name) + ".backoff: expected 0 < min <= max");
}

Result<> ClusterConfig::validate() const {
  if (bootstrap.empty()) return Error(Errc::invalid_argument, "bootstrap.servers is empty");
  for (const Endpoint& endpoint : bootstrap) {
    if (endpoint.host.empty() || endpoint.port == 0) {
      return Error(Errc::invalid_argument, "bootstrap.servers: expected HOST:PORT, got '" + to_string(endpoint) + "'");
    }
  }
  if (connection.client_id.size() > INT16_MAX) return Error(Errc::invalid_argument, "client.id is longer than 32767 bytes");
  TRY(require_positive(connection.request_timeout, "request.timeout.ms"));
  TRY(require_positive(connection.setup_timeout, "socket.connection.setup.timeout.ms"));
  TRY(require_positive(metadata_age_max, "metadata.max.age.ms"));
  TRY(retry.validate("retry"));
  TRY(reconnect.validate("reconnect"));
  return {};
}

}  // namespace faultline::client
