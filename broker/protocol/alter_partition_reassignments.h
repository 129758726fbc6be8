// AlterPartitionReassignments: new replicas for partitions; null replicas cancel a move in progress (KIP-455).
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

struct AlterPartitionReassignmentsRequest {
  static constexpr ApiKey api_key = ApiKey::alter_partition_reassignments;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      std::optional<std::vector<std::int32_t>> replicas;

      bool operator==(const Partition&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(field("partition_index", &Self::partition_index), field("replicas", &Self::replicas));
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

  std::int32_t timeout_ms = 60000;
  std::vector<Topic> topics;

  bool operator==(const AlterPartitionReassignmentsRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("timeout_ms", &Self::timeout_ms), field("topics", &Self::topics));
  }
};

struct AlterPartitionReassignmentsResponse {
  static constexpr ApiKey api_key = ApiKey::alter_partition_reassignments;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      ErrorCode error_code = ErrorCode::none;
      std::optional<std::string> error_message;

      bool operator==(const Partition&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(field("partition_index", &Self::partition_index), field("error_code", &Self::error_code),
                          field("error_message", &Self::error_message));
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
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;
  std::vector<Topic> responses;
  std::int64_t metadata_applied = -1;  // ours: see docs/formats/wire.md

  bool operator==(const AlterPartitionReassignmentsResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("error_code", &Self::error_code),
                      field("error_message", &Self::error_message), field("responses", &Self::responses),
                      field("metadata_applied", &Self::metadata_applied, tagged(own_tags, 0)));
  }
};

}  // namespace faultline::protocol
