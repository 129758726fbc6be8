// What a producer is configured with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "broker/client/config.h"
#include "broker/protocol/compression.h"

namespace faultline::client {

struct ProducerConfig {
  ClusterConfig cluster;
  std::int16_t acks = -1;                               // acks: 0 none, 1 the leader, -1 every replica in sync ("all")
  protocol::Codec compression = protocol::Codec::none;  // compression.type
  std::size_t batch_bytes = 16384;                      // batch.size
  Duration linger{0};                                   // linger.ms
  std::size_t request_bytes_max = 1 << 20;              // max.request.size; also the limit of one record
  std::size_t buffer_bytes = 32 << 20;                  // buffer.memory
  Duration block_max{60s};                              // max.block.ms
  Duration delivery_timeout{120s};                      // delivery.timeout.ms
  std::uint32_t retries = INT32_MAX;                    // retries
  std::optional<bool> idempotence;                      // enable.idempotence; if not said, on where acks and retries allow it
  std::uint32_t requests_in_flight_max = 5;             // max.in.flight.requests.per.connection

  /// Whether records are written once, whatever happens to requests and answers.
  bool idempotent() const { return idempotence.value_or(acks == -1 && retries > 0); }

  /// Errors: invalid_argument; the detail names the setting.
  Result<> validate() const;
};

}  // namespace faultline::client
