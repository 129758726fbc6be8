// Fetch: records for consumers and, with a replica id, for followers. From version 7 a session can leave out what has not changed
// (KIP-227), from 12 a follower learns in the answer where its log diverges (KIP-595), from 13 topics go by id (KIP-516), from
// 15 the replica id is a tagged field with the broker's epoch (KIP-903).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "broker/protocol/api.h"
#include "broker/protocol/codec.h"
#include "broker/protocol/error_code.h"
#include "broker/protocol/records.h"
#include "broker/protocol/schema.h"
#include "broker/protocol/uuid.h"

namespace faultline::protocol {

struct FetchRequest {
  static constexpr ApiKey api_key = ApiKey::fetch;

  struct ReplicaState {
    std::int32_t replica_id = -1;
    std::int64_t replica_epoch = -1;

    bool operator==(const ReplicaState&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("replica_id", &Self::replica_id), field("replica_epoch", &Self::replica_epoch));
    }
  };

  struct Topic {
    struct Partition {
      std::int32_t partition = 0;
      std::int32_t current_leader_epoch = -1;
      std::int64_t fetch_offset = 0;
      std::int32_t last_fetched_epoch = -1;
      std::int64_t log_start_offset = -1;
      std::int32_t partition_max_bytes = 0;
      Uuid replica_directory_id;

      bool operator==(const Partition&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(
            field("partition", &Self::partition), field("current_leader_epoch", &Self::current_leader_epoch, since(9)),
            field("fetch_offset", &Self::fetch_offset), field("last_fetched_epoch", &Self::last_fetched_epoch, since(12)),
            field("log_start_offset", &Self::log_start_offset, since(5)),
            field("partition_max_bytes", &Self::partition_max_bytes),
            field("replica_directory_id", &Self::replica_directory_id, tagged(0, 17)));
      }
    };

    std::string topic;
    Uuid topic_id;
    std::vector<Partition> partitions;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("topic", &Self::topic, until(12)), field("topic_id", &Self::topic_id, since(13)),
                        field("partitions", &Self::partitions));
    }
  };

  struct ForgottenTopic {
    std::string topic;
    Uuid topic_id;
    std::vector<std::int32_t> partitions;

    bool operator==(const ForgottenTopic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("topic", &Self::topic, until(12)), field("topic_id", &Self::topic_id, since(13)),
                        field("partitions", &Self::partitions));
    }
  };

  std::optional<std::string> cluster_id;
  std::int32_t replica_id = -1;
  ReplicaState replica_state;
  std::int32_t max_wait_ms = 0;
  std::int32_t min_bytes = 0;
  std::int32_t max_bytes = INT32_MAX;
  std::int8_t isolation_level = 0;
  std::int32_t session_id = 0;
  std::int32_t session_epoch = -1;
  std::vector<Topic> topics;
  std::vector<ForgottenTopic> forgotten_topics_data;
  std::string rack_id;

  bool operator==(const FetchRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("cluster_id", &Self::cluster_id, tagged(0, 12)), field("replica_id", &Self::replica_id, until(14)),
                      field("replica_state", &Self::replica_state, tagged(1, 15)), field("max_wait_ms", &Self::max_wait_ms),
                      field("min_bytes", &Self::min_bytes), field("max_bytes", &Self::max_bytes),
                      field("isolation_level", &Self::isolation_level), field("session_id", &Self::session_id, since(7)),
                      field("session_epoch", &Self::session_epoch, since(7)), field("topics", &Self::topics),
                      field("forgotten_topics_data", &Self::forgotten_topics_data, since(7)),
                      field("rack_id", &Self::rack_id, since(11)));
  }
};

struct FetchResponse {
  static constexpr ApiKey api_key = ApiKey::fetch;

  struct Topic {
    struct Partition {
      struct EpochEndOffset {
        std::int32_t epoch = -1;
        std::int64_t end_offset = -1;

        bool operator==(const EpochEndOffset&) const = default;

        template <class Self>
        static constexpr auto fields() {
          return std::tuple(field("epoch", &Self::epoch), field("end_offset", &Self::end_offset));
        }
      };

      struct LeaderIdAndEpoch {
        std::int32_t leader_id = -1;
        std::int32_t leader_epoch = -1;

        bool operator==(const LeaderIdAndEpoch&) const = default;

        template <class Self>
        static constexpr auto fields() {
          return std::tuple(field("leader_id", &Self::leader_id), field("leader_epoch", &Self::leader_epoch));
        }
      };

      struct SnapshotId {
        std::int64_t end_offset = -1;
        std::int32_t epoch = -1;

        bool operator==(const SnapshotId&) const = default;

        template <class Self>
        static constexpr auto fields() {
          return std::tuple(field("end_offset", &Self::end_offset), field("epoch", &Self::epoch));
        }
      };

      struct AbortedTransaction {
        std::int64_t producer_id = 0;
        std::int64_t first_offset = 0;

        bool operator==(const AbortedTransaction&) const = default;

        template <class Self>
        static constexpr auto fields() {
          return std::tuple(field("producer_id", &Self::producer_id), field("first_offset", &Self::first_offset));
        }
      };

      std::int32_t partition_index = 0;
      ErrorCode error_code = ErrorCode::none;
      std::int64_t high_watermark = 0;
      std::int64_t last_stable_offset = -1;
      std::int64_t log_start_offset = -1;
      EpochEndOffset diverging_epoch;
      LeaderIdAndEpoch current_leader;
      SnapshotId snapshot_id;
      std::optional<std::vector<AbortedTransaction>> aborted_transactions;
      std::int32_t preferred_read_replica = -1;
      Records records;

      bool operator==(const Partition&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(
            field("partition_index", &Self::partition_index), field("error_code", &Self::error_code),
            field("high_watermark", &Self::high_watermark), field("last_stable_offset", &Self::last_stable_offset),
            field("log_start_offset", &Self::log_start_offset, since(5)),
            field("diverging_epoch", &Self::diverging_epoch, tagged(0, 12)),
            field("current_leader", &Self::current_leader, tagged(1, 12)),
            field("snapshot_id", &Self::snapshot_id, tagged(2, 12)), field("aborted_transactions", &Self::aborted_transactions),
            field("preferred_read_replica", &Self::preferred_read_replica, since(11)), field("records", &Self::records));
      }
    };

    std::string topic;
    Uuid topic_id;
    std::vector<Partition> partitions;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("topic", &Self::topic, until(12)), field("topic_id", &Self::topic_id, since(13)),
                        field("partitions", &Self::partitions));
    }
  };

  struct NodeEndpoint {
    std::int32_t node_id = 0;
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;

    bool operator==(const NodeEndpoint&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("node_id", &Self::node_id), field("host", &Self::host), field("port", &Self::port),
                        field("rack", &Self::rack));
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::int32_t session_id = 0;
  std::vector<Topic> responses;
  std::vector<NodeEndpoint> node_endpoints;

  bool operator==(const FetchResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("error_code", &Self::error_code, since(7)),
                      field("session_id", &Self::session_id, since(7)), field("responses", &Self::responses),
                      field("node_endpoints", &Self::node_endpoints, tagged(0, 16)));
  }
};

}  // namespace faultline::protocol
