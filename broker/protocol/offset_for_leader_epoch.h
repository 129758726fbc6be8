// OffsetForLeaderEpoch: where a leader epoch ended, so that a follower or consumer can find where its log diverges (KIP-101,
// KIP-279, KIP-320).
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "broker/protocol/api.h"
#include "broker/protocol/codec.h"
#include "broker/protocol/error_code.h"
#include "broker/protocol/schema.h"

namespace faultline::protocol {

struct OffsetForLeaderEpochRequest {
  static constexpr ApiKey api_key = ApiKey::offset_for_leader_epoch;

  struct Topic {
    struct Partition {
      std::int32_t partition = 0;
      std::int32_t current_leader_epoch = -1;
      std::int32_t leader_epoch = 0;

      bool operator==(const Partition&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(field("partition", &Self::partition), field("current_leader_epoch", &Self::current_leader_epoch),
                          field("leader_epoch", &Self::leader_epoch));
      }
    };

    std::string topic;
    std::vector<Partition> partitions;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("topic", &Self::topic), field("partitions", &Self::partitions));
    }
  };

  std::int32_t replica_id = -2;
  std::vector<Topic> topics;

  bool operator==(const OffsetForLeaderEpochRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("replica_id", &Self::replica_id, since(3)), field("topics", &Self::topics));
  }
};

struct OffsetForLeaderEpochResponse {
  static constexpr ApiKey api_key = ApiKey::offset_for_leader_epoch;

  struct Topic {
    struct Partition {
      ErrorCode error_code = ErrorCode::none;
      std::int32_t partition = 0;
      std::int32_t leader_epoch = -1;
      std::int64_t end_offset = -1;

      bool operator==(const Partition&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(field("error_code", &Self::error_code), field("partition", &Self::partition),
                          field("leader_epoch", &Self::leader_epoch), field("end_offset", &Self::end_offset));
      }
    };

    std::string topic;
    std::vector<Partition> partitions;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("topic", &Self::topic), field("partitions", &Self::partitions));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  bool operator==(const OffsetForLeaderEpochResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("topics", &Self::topics));
  }
};

}  // namespace faultline::protocol
