// FindCoordinator: the broker that coordinates a group (key type 0) or a transactional id (1). Version 4 asks for several
// (KIP-699).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "broker/protocol/api.h"
#include "broker/protocol/codec.h"
#include "broker/protocol/error_code.h"
#include "broker/protocol/schema.h"

namespace faultline::protocol {

struct FindCoordinatorRequest {
  static constexpr ApiKey api_key = ApiKey::find_coordinator;

  std::string key;
  std::int8_t key_type = 0;
  std::vector<std::string> coordinator_keys;

  bool operator==(const FindCoordinatorRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("key", &Self::key, until(3)), field("key_type", &Self::key_type, since(1)),
                      field("coordinator_keys", &Self::coordinator_keys, since(4)));
  }
};

struct FindCoordinatorResponse {
  static constexpr ApiKey api_key = ApiKey::find_coordinator;

  struct Coordinator {
    std::string key;
    std::int32_t node_id = 0;
    std::string host;
    std::int32_t port = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;

    bool operator==(const Coordinator&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("key", &Self::key), field("node_id", &Self::node_id), field("host", &Self::host),
                        field("port", &Self::port), field("error_code", &Self::error_code),
                        field("error_message", &Self::error_message));
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;
  std::int32_t node_id = 0;
  std::string host;
  std::int32_t port = 0;
  std::vector<Coordinator> coordinators;

  bool operator==(const FindCoordinatorResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms, since(1)),
                      field("error_code", &Self::error_code, until(3)),
                      field("error_message", &Self::error_message, since(1), until(3)),
                      field("node_id", &Self::node_id, until(3)), field("host", &Self::host, until(3)),
                      field("port", &Self::port, until(3)), field("coordinators", &Self::coordinators, since(4)));
  }
};

}  // namespace faultline::protocol
