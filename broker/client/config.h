// What every client is configured with. Kafka's own names are in the comments; a program that reads them from a file or a command
// line maps them here.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "runtime/network.h"

namespace faultline::client {

/// Delays between attempts: they double from `min` to `max`, each 20 % longer or shorter at random.
struct BackoffConfig {
  Duration min{100ms};
  Duration max{1s};

  Result<> validate(std::string_view name) const;
};

struct ConnectionConfig {
  std::string client_id = "faultline";         // client.id
  Duration request_timeout{30s};               // request.timeout.ms
  Duration setup_timeout{10s};                 // socket.connection.setup.timeout.ms
  std::size_t response_bytes_max = 128 << 20;  // an answer that claims more is garbage: brokers stop at 55 MiB and one batch
};

struct ClusterConfig {
  std::vector<Endpoint> bootstrap;  // bootstrap.servers
  ConnectionConfig connection;
  Duration metadata_age_max{5min};         // metadata.max.age.ms
  BackoffConfig retry{100ms, 1s};          // retry.backoff.ms, retry.backoff.max.ms
  BackoffConfig reconnect{50ms, 1s};       // reconnect.backoff.ms, reconnect.backoff.max.ms
  bool auto_create_topics_allowed = true;  // allow.auto.create.topics

  /// Errors: invalid_argument; the detail names the setting.
  Result<> validate() const;
};

/// Errors: invalid_argument "NAME must be greater than zero".
Result<> require_positive(Duration value, std::string_view name);

}  // namespace faultline::client
