// AddRaftVoter: an observer of the metadata quorum becomes a voter (KIP-853). A voter is a node and the directory that holds its
// promises.
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
#include "broker/protocol/uuid.h"

namespace faultline::protocol {

struct AddRaftVoterRequest {
  static constexpr ApiKey api_key = ApiKey::add_raft_voter;

  struct Listener {
    std::string name;
    std::string host;
    std::uint16_t port = 0;

    bool operator==(const Listener&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("name", &Self::name), field("host", &Self::host), field("port", &Self::port));
    }
  };

  std::optional<std::string> cluster_id;
  std::int32_t timeout_ms = 0;
  std::int32_t voter_id = 0;
  Uuid voter_directory_id;
  std::vector<Listener> listeners;

  bool operator==(const AddRaftVoterRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("cluster_id", &Self::cluster_id), field("timeout_ms", &Self::timeout_ms),
                      field("voter_id", &Self::voter_id), field("voter_directory_id", &Self::voter_directory_id),
                      field("listeners", &Self::listeners));
  }
};

struct AddRaftVoterResponse {
  static constexpr ApiKey api_key = ApiKey::add_raft_voter;

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;

  bool operator==(const AddRaftVoterResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("error_code", &Self::error_code),
                      field("error_message", &Self::error_message));
  }
};

}  // namespace faultline::protocol
