// ListOffsets: the offset at a point in time. Timestamps -1 (latest), -2 (earliest), -3 (greatest timestamp, version 7) and -4
// (earliest local, version 8) are asked for by name. Version 0, which answered with lists of offsets, is not served.
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

struct ListOffsetsRequest {
  static constexpr ApiKey api_key = ApiKey::list_offsets;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      std::int32_t current_leader_epoch = -1;
      std::int64_t timestamp = 0;

      bool operator==(const Partition&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(field("partition_index", &Self::partition_index),
                          field("current_leader_epoch", &Self::current_leader_epoch, since(4)),
                          field("timestamp", &Self::timestamp));
      }
    };

    std::string name;
    std::vector<Partition> partitions;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("name", &Self::name), field("partitions", &Self::partitions));
    }
  };

  std::int32_t replica_id = 0;
  std::int8_t isolation_level = 0;
  std::vector<Topic> topics;

  bool operator==(const ListOffsetsRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("replica_id", &Self::replica_id), field("isolation_level", &Self::isolation_level, since(2)),
                      field("topics", &Self::topics));
  }
};

struct ListOffsetsResponse {
  static constexpr ApiKey api_key = ApiKey::list_offsets;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      ErrorCode error_code = ErrorCode::none;
      std::int64_t timestamp = -1;
      std::int64_t offset = -1;
      std::int32_t leader_epoch = -1;

      bool operator==(const Partition&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(field("partition_index", &Self::partition_index), field("error_code", &Self::error_code),
                          field("timestamp", &Self::timestamp), field("offset", &Self::offset),
                          field("leader_epoch", &Self::leader_epoch, since(4)));
      }
    };

    std::string name;
    std::vector<Partition> partitions;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("name", &Self::name), field("partitions", &Self::partitions));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  bool operator==(const ListOffsetsResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms, since(2)), field("topics", &Self::topics));
  }
};

}  // namespace faultline::protocol
