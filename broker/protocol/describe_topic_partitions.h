// DescribeTopicPartitions: topics page by page, with their eligible leader replicas (KIP-966).
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

/// Where a page ends and the next begins. (Not nested in a message: an optional of a nested struct with default member
/// initializers does not compile with clang inside the struct that nests it.)
struct DescribeTopicPartitionsCursor {
  std::string topic_name;
  std::int32_t partition_index = 0;

  bool operator==(const DescribeTopicPartitionsCursor&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("topic_name", &Self::topic_name), field("partition_index", &Self::partition_index));
  }
};

struct DescribeTopicPartitionsRequest {
  static constexpr ApiKey api_key = ApiKey::describe_topic_partitions;

  struct Topic {
    std::string name;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("name", &Self::name));
    }
  };

  std::vector<Topic> topics;
  std::int32_t response_partition_limit = 2000;
  std::optional<DescribeTopicPartitionsCursor> cursor;

  bool operator==(const DescribeTopicPartitionsRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("topics", &Self::topics), field("response_partition_limit", &Self::response_partition_limit),
                      field("cursor", &Self::cursor));
  }
};

struct DescribeTopicPartitionsResponse {
  static constexpr ApiKey api_key = ApiKey::describe_topic_partitions;

  struct Topic {
    struct Partition {
      ErrorCode error_code = ErrorCode::none;
      std::int32_t partition_index = 0;
      std::int32_t leader_id = 0;
      std::int32_t leader_epoch = -1;
      std::vector<std::int32_t> replica_nodes;
      std::vector<std::int32_t> isr_nodes;
      std::optional<std::vector<std::int32_t>> eligible_leader_replicas;
      std::optional<std::vector<std::int32_t>> last_known_elr;
      std::vector<std::int32_t> offline_replicas;

      bool operator==(const Partition&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(field("error_code", &Self::error_code), field("partition_index", &Self::partition_index),
                          field("leader_id", &Self::leader_id), field("leader_epoch", &Self::leader_epoch),
                          field("replica_nodes", &Self::replica_nodes), field("isr_nodes", &Self::isr_nodes),
                          field("eligible_leader_replicas", &Self::eligible_leader_replicas),
                          field("last_known_elr", &Self::last_known_elr), field("offline_replicas", &Self::offline_replicas));
      }
    };

    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> name;
    Uuid topic_id;
    bool is_internal = false;
    std::vector<Partition> partitions;
    std::int32_t topic_authorized_operations = INT32_MIN;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("error_code", &Self::error_code), field("name", &Self::name), field("topic_id", &Self::topic_id),
                        field("is_internal", &Self::is_internal), field("partitions", &Self::partitions),
                        field("topic_authorized_operations", &Self::topic_authorized_operations));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;
  std::optional<DescribeTopicPartitionsCursor> next_cursor;

  bool operator==(const DescribeTopicPartitionsResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("topics", &Self::topics),
                      field("next_cursor", &Self::next_cursor));
  }
};

}  // namespace faultline::protocol
