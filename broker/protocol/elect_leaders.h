// ElectLeaders: preferred (0) or unclean (1) election; null partitions mean all (KIP-460).
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

enum class ElectionType : std::int8_t {
  preferred = 0,  // the first of the replicas, if it is in the ISR
  unclean = 1,    // anybody alive, if nobody leads: what only others held is lost
};

struct ElectLeadersRequest {
  static constexpr ApiKey api_key = ApiKey::elect_leaders;

  struct Topic {
    std::string topic;
    std::vector<std::int32_t> partitions;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("topic", &Self::topic), field("partitions", &Self::partitions));
    }
  };

  ElectionType election_type = ElectionType::preferred;
  std::optional<std::vector<Topic>> topic_partitions;
  std::int32_t timeout_ms = 60000;

  bool operator==(const ElectLeadersRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("election_type", &Self::election_type, since(1)), field("topic_partitions", &Self::topic_partitions),
                      field("timeout_ms", &Self::timeout_ms));
  }
};

struct ElectLeadersResponse {
  static constexpr ApiKey api_key = ApiKey::elect_leaders;

  struct Topic {
    struct Partition {
      std::int32_t partition_id = 0;
      ErrorCode error_code = ErrorCode::none;
      std::optional<std::string> error_message;

      bool operator==(const Partition&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(field("partition_id", &Self::partition_id), field("error_code", &Self::error_code),
                          field("error_message", &Self::error_message));
      }
    };

    std::string topic;
    std::vector<Partition> partition_result;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("topic", &Self::topic), field("partition_result", &Self::partition_result));
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::vector<Topic> replica_election_results;
  std::int64_t metadata_applied = -1;  // ours: see docs/formats/wire.md

  bool operator==(const ElectLeadersResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("error_code", &Self::error_code, since(1)),
                      field("replica_election_results", &Self::replica_election_results),
                      field("metadata_applied", &Self::metadata_applied, tagged(own_tags, 2)));
  }
};

}  // namespace faultline::protocol
