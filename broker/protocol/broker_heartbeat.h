// BrokerHeartbeat: keeps a broker's session with the controller alive, and carries its wishes to be fenced or to leave, and the
// directories that have failed (KIP-631, KIP-858).
#pragma once

#include <cstdint>
#include <tuple>
#include <vector>

#include "broker/protocol/api.h"
#include "broker/protocol/codec.h"
#include "broker/protocol/error_code.h"
#include "broker/protocol/schema.h"
#include "broker/protocol/uuid.h"

namespace faultline::protocol {

struct BrokerHeartbeatRequest {
  static constexpr ApiKey api_key = ApiKey::broker_heartbeat;

  std::int32_t broker_id = 0;
  std::int64_t broker_epoch = -1;
  std::int64_t current_metadata_offset = 0;  // applied up to here
  bool want_fence = false;
  bool want_shut_down = false;
  std::vector<Uuid> offline_log_dirs;

  bool operator==(const BrokerHeartbeatRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("broker_id", &Self::broker_id), field("broker_epoch", &Self::broker_epoch),
                      field("current_metadata_offset", &Self::current_metadata_offset), field("want_fence", &Self::want_fence),
                      field("want_shut_down", &Self::want_shut_down),
                      field("offline_log_dirs", &Self::offline_log_dirs, tagged(0, 1)));
  }
};

struct BrokerHeartbeatResponse {
  static constexpr ApiKey api_key = ApiKey::broker_heartbeat;

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  bool is_caught_up = false;
  bool is_fenced = true;
  bool should_shut_down = false;

  bool operator==(const BrokerHeartbeatResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("error_code", &Self::error_code),
                      field("is_caught_up", &Self::is_caught_up), field("is_fenced", &Self::is_fenced),
                      field("should_shut_down", &Self::should_shut_down));
  }
};

}  // namespace faultline::protocol
