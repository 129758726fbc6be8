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

  /// Where a log ends that the controller has asked for. Ours: see docs/formats/wire.md.
  struct LogEnd {
    Uuid topic_id;
    std::int32_t partition = 0;
    std::int32_t leader_epoch = -1;  // of its last batch
    std::int64_t end_offset = 0;

    bool operator==(const LogEnd&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("topic_id", &Self::topic_id), field("partition", &Self::partition),
                        field("leader_epoch", &Self::leader_epoch), field("end_offset", &Self::end_offset));
    }
  };

  std::int32_t broker_id = 0;
  std::int64_t broker_epoch = -1;
  std::int64_t current_metadata_offset = 0;  // applied up to here
  bool want_fence = false;
  bool want_shut_down = false;
  std::vector<Uuid> offline_log_dirs;
  std::vector<LogEnd> log_ends;  // what the last answer wanted

  bool operator==(const BrokerHeartbeatRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("broker_id", &Self::broker_id), field("broker_epoch", &Self::broker_epoch),
                      field("current_metadata_offset", &Self::current_metadata_offset), field("want_fence", &Self::want_fence),
                      field("want_shut_down", &Self::want_shut_down),
                      field("offline_log_dirs", &Self::offline_log_dirs, tagged(0, 1)),
                      field("log_ends", &Self::log_ends, tagged(own_tags, 0)));
  }
};

struct BrokerHeartbeatResponse {
  static constexpr ApiKey api_key = ApiKey::broker_heartbeat;

  /// A partition of which nobody is known to have everything. Ours: see docs/formats/wire.md.
  struct WantedLogEnd {
    Uuid topic_id;
    std::int32_t partition = 0;

    bool operator==(const WantedLogEnd&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("topic_id", &Self::topic_id), field("partition", &Self::partition));
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  bool is_caught_up = false;
  bool is_fenced = true;
  bool should_shut_down = false;
  std::vector<WantedLogEnd> log_ends_wanted;  // the next heartbeat is to say where these end

  bool operator==(const BrokerHeartbeatResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("error_code", &Self::error_code),
                      field("is_caught_up", &Self::is_caught_up), field("is_fenced", &Self::is_fenced),
                      field("should_shut_down", &Self::should_shut_down),
                      field("log_ends_wanted", &Self::log_ends_wanted, tagged(own_tags, 0)));
  }
};

}  // namespace faultline::protocol
