// Produce: record batches from producers, one batch per partition. Versions 0 to 2 carry older record formats and are not
// decoded. `records` shares the frame: the bytes that arrive here are the ones that reach the disk.
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

namespace faultline::protocol {

struct ProduceRequest {
  static constexpr ApiKey api_key = ApiKey::produce;

  struct Topic {
    struct Partition {
      std::int32_t index = 0;
      Records records;

      bool operator==(const Partition&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(field("index", &Self::index), field("records", &Self::records));
      }
    };

    std::string name;
    std::vector<Partition> partition_data;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("name", &Self::name), field("partition_data", &Self::partition_data));
    }
  };

  std::optional<std::string> transactional_id;
  std::int16_t acks = 0;
  std::int32_t timeout_ms = 0;
  std::vector<Topic> topic_data;

  bool operator==(const ProduceRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("transactional_id", &Self::transactional_id), field("acks", &Self::acks),
                      field("timeout_ms", &Self::timeout_ms), field("topic_data", &Self::topic_data));
  }
};

struct ProduceResponse {
  static constexpr ApiKey api_key = ApiKey::produce;

  struct Topic {
    struct Partition {
      struct RecordError {
        std::int32_t batch_index = 0;
        std::optional<std::string> batch_index_error_message;

        bool operator==(const RecordError&) const = default;

        template <class Self>
        static constexpr auto fields() {
          return std::tuple(field("batch_index", &Self::batch_index),
                            field("batch_index_error_message", &Self::batch_index_error_message));
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

      std::int32_t index = 0;
      ErrorCode error_code = ErrorCode::none;
      std::int64_t base_offset = 0;
      std::int64_t log_append_time_ms = -1;
      std::int64_t log_start_offset = -1;
      std::vector<RecordError> record_errors;
      std::optional<std::string> error_message;
      LeaderIdAndEpoch current_leader;

      bool operator==(const Partition&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(
            field("index", &Self::index), field("error_code", &Self::error_code), field("base_offset", &Self::base_offset),
            field("log_append_time_ms", &Self::log_append_time_ms), field("log_start_offset", &Self::log_start_offset, since(5)),
            field("record_errors", &Self::record_errors, since(8)), field("error_message", &Self::error_message, since(8)),
            field("current_leader", &Self::current_leader, tagged(0, 10)));
      }
    };

    std::string name;
    std::vector<Partition> partition_responses;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("name", &Self::name), field("partition_responses", &Self::partition_responses));
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

  std::vector<Topic> responses;
  std::int32_t throttle_time_ms = 0;
  std::vector<NodeEndpoint> node_endpoints;

  bool operator==(const ProduceResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("responses", &Self::responses), field("throttle_time_ms", &Self::throttle_time_ms),
                      field("node_endpoints", &Self::node_endpoints, tagged(0, 10)));
  }
};

}  // namespace faultline::protocol
