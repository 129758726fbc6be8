// Metadata: brokers, topics, partitions and their leaders. In version 0 an empty topic list means all of them; from version 1 on
// null means all and empty means none.
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

struct MetadataRequest {
  static constexpr ApiKey api_key = ApiKey::metadata;

  struct Topic {
    Uuid topic_id;
    std::optional<std::string> name;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("topic_id", &Self::topic_id, since(10)), field("name", &Self::name, nullable(10)));
    }
  };

  std::optional<std::vector<Topic>> topics;
  bool allow_auto_topic_creation = true;
  bool include_cluster_authorized_operations = false;
  bool include_topic_authorized_operations = false;

  bool operator==(const MetadataRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(
        field("topics", &Self::topics, nullable(1)),
        field("allow_auto_topic_creation", &Self::allow_auto_topic_creation, since(4)),
        field("include_cluster_authorized_operations", &Self::include_cluster_authorized_operations, since(8), until(10)),
        field("include_topic_authorized_operations", &Self::include_topic_authorized_operations, since(8)));
  }
};

struct MetadataResponse {
  static constexpr ApiKey api_key = ApiKey::metadata;

  struct Broker {
    std::int32_t node_id = 0;
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;

    bool operator==(const Broker&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("node_id", &Self::node_id), field("host", &Self::host), field("port", &Self::port),
                        field("rack", &Self::rack, since(1)));
    }
  };

  struct Topic {
    struct Partition {
      ErrorCode error_code = ErrorCode::none;
      std::int32_t partition_index = 0;
      std::int32_t leader_id = 0;
      std::int32_t leader_epoch = -1;
      std::vector<std::int32_t> replica_nodes;
      std::vector<std::int32_t> isr_nodes;
      std::vector<std::int32_t> offline_replicas;

      bool operator==(const Partition&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(field("error_code", &Self::error_code), field("partition_index", &Self::partition_index),
                          field("leader_id", &Self::leader_id), field("leader_epoch", &Self::leader_epoch, since(7)),
                          field("replica_nodes", &Self::replica_nodes), field("isr_nodes", &Self::isr_nodes),
                          field("offline_replicas", &Self::offline_replicas, since(5)));
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
      return std::tuple(field("error_code", &Self::error_code), field("name", &Self::name, nullable(12)),
                        field("topic_id", &Self::topic_id, since(10)), field("is_internal", &Self::is_internal, since(1)),
                        field("partitions", &Self::partitions),
                        field("topic_authorized_operations", &Self::topic_authorized_operations, since(8)));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Broker> brokers;
  std::optional<std::string> cluster_id;
  std::int32_t controller_id = -1;
  std::vector<Topic> topics;
  std::int32_t cluster_authorized_operations = INT32_MIN;

  bool operator==(const MetadataResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms, since(3)), field("brokers", &Self::brokers),
                      field("cluster_id", &Self::cluster_id, since(2)), field("controller_id", &Self::controller_id, since(1)),
                      field("topics", &Self::topics),
                      field("cluster_authorized_operations", &Self::cluster_authorized_operations, since(8), until(10)));
  }
};

}  // namespace faultline::protocol
