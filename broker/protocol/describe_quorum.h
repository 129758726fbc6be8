// DescribeQuorum: who leads the metadata quorum, and how far its voters and observers are (KIP-595). Version 1 tells when each
// of them was last heard and last had everything (KIP-836), version 2 the directory that holds its promises and where to reach it
// (KIP-853). Times are those of the leader's wall clock, in milliseconds; -1 where it has none.
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

struct DescribeQuorumRequest {
  static constexpr ApiKey api_key = ApiKey::describe_quorum;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;

      bool operator==(const Partition&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(field("partition_index", &Self::partition_index));
      }
    };

    std::string topic_name;
    std::vector<Partition> partitions;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("topic_name", &Self::topic_name), field("partitions", &Self::partitions));
    }
  };

  std::vector<Topic> topics;

  bool operator==(const DescribeQuorumRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("topics", &Self::topics));
  }
};

struct DescribeQuorumResponse {
  static constexpr ApiKey api_key = ApiKey::describe_quorum;

  struct ReplicaState {
    std::int32_t replica_id = 0;
    Uuid replica_directory_id;
    std::int64_t log_end_offset = 0;  // -1: not known
    std::int64_t last_fetch_timestamp = -1;
    std::int64_t last_caught_up_timestamp = -1;

    bool operator==(const ReplicaState&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(
          field("replica_id", &Self::replica_id), field("replica_directory_id", &Self::replica_directory_id, since(2)),
          field("log_end_offset", &Self::log_end_offset), field("last_fetch_timestamp", &Self::last_fetch_timestamp, since(1)),
          field("last_caught_up_timestamp", &Self::last_caught_up_timestamp, since(1)));
    }
  };

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      ErrorCode error_code = ErrorCode::none;
      std::optional<std::string> error_message;
      std::int32_t leader_id = 0;  // -1: not known
      std::int32_t leader_epoch = 0;
      std::int64_t high_watermark = 0;
      std::vector<ReplicaState> current_voters;
      std::vector<ReplicaState> observers;

      bool operator==(const Partition&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(field("partition_index", &Self::partition_index), field("error_code", &Self::error_code),
                          field("error_message", &Self::error_message, since(2)), field("leader_id", &Self::leader_id),
                          field("leader_epoch", &Self::leader_epoch), field("high_watermark", &Self::high_watermark),
                          field("current_voters", &Self::current_voters), field("observers", &Self::observers));
      }
    };

    std::string topic_name;
    std::vector<Partition> partitions;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("topic_name", &Self::topic_name), field("partitions", &Self::partitions));
    }
  };

  struct Node {
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

    std::int32_t node_id = 0;
    std::vector<Listener> listeners;

    bool operator==(const Node&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("node_id", &Self::node_id), field("listeners", &Self::listeners));
    }
  };

  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;
  std::vector<Topic> topics;
  std::vector<Node> nodes;

  bool operator==(const DescribeQuorumResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("error_code", &Self::error_code), field("error_message", &Self::error_message, since(2)),
                      field("topics", &Self::topics), field("nodes", &Self::nodes, since(2)));
  }
};

}  // namespace faultline::protocol
