// RemoveRaftVoter: a voter of the metadata quorum, named with its directory, votes no more (KIP-853).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "broker/protocol/api.h"
#include "broker/protocol/codec.h"
#include "broker/protocol/error_code.h"
#include "broker/protocol/schema.h"
#include "broker/protocol/uuid.h"

namespace faultline::protocol {

struct RemoveRaftVoterRequest {
  static constexpr ApiKey api_key = ApiKey::remove_raft_voter;

  std::optional<std::string> cluster_id;
  std::int32_t voter_id = 0;
  Uuid voter_directory_id;

  bool operator==(const RemoveRaftVoterRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("cluster_id", &Self::cluster_id), field("voter_id", &Self::voter_id),
                      field("voter_directory_id", &Self::voter_directory_id));
  }
};

struct RemoveRaftVoterResponse {
  static constexpr ApiKey api_key = ApiKey::remove_raft_voter;

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;

  bool operator==(const RemoveRaftVoterResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("error_code", &Self::error_code),
                      field("error_message", &Self::error_message));
  }
};

}  // namespace faultline::protocol
