// UnregisterBroker: the cluster forgets a broker that is gone for good (KIP-500).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "broker/protocol/api.h"
#include "broker/protocol/codec.h"
#include "broker/protocol/error_code.h"
#include "broker/protocol/schema.h"

namespace faultline::protocol {

struct UnregisterBrokerRequest {
  static constexpr ApiKey api_key = ApiKey::unregister_broker;

  std::int32_t broker_id = 0;

  bool operator==(const UnregisterBrokerRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("broker_id", &Self::broker_id));
  }
};

struct UnregisterBrokerResponse {
  static constexpr ApiKey api_key = ApiKey::unregister_broker;

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;
  std::int64_t metadata_applied = -1;  // ours: see docs/formats/wire.md

  bool operator==(const UnregisterBrokerResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("error_code", &Self::error_code),
                      field("error_message", &Self::error_message),
                      field("metadata_applied", &Self::metadata_applied, tagged(own_tags, 0)));
  }
};

}  // namespace faultline::protocol
