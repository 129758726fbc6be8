// CreateTopics. From version 4 on -1 partitions or replicas stand for the broker's default; version 5 answers with the
// configuration that resulted (KIP-525), version 7 with the topic's id.
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

struct CreateTopicsRequest {
  static constexpr ApiKey api_key = ApiKey::create_topics;

  struct Topic {
    struct Assignment {
      std::int32_t partition_index = 0;
      std::vector<std::int32_t> broker_ids;

      bool operator==(const Assignment&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(field("partition_index", &Self::partition_index), field("broker_ids", &Self::broker_ids));
      }
    };

    struct Config {
      std::string name;
      std::optional<std::string> value;

      bool operator==(const Config&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(field("name", &Self::name), field("value", &Self::value));
      }
    };

    std::string name;
    std::int32_t num_partitions = 0;
    std::int16_t replication_factor = 0;
    std::vector<Assignment> assignments;
    std::vector<Config> configs;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("name", &Self::name), field("num_partitions", &Self::num_partitions),
                        field("replication_factor", &Self::replication_factor), field("assignments", &Self::assignments),
                        field("configs", &Self::configs));
    }
  };

  std::vector<Topic> topics;
  std::int32_t timeout_ms = 60000;
  bool validate_only = false;

  bool operator==(const CreateTopicsRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("topics", &Self::topics), field("timeout_ms", &Self::timeout_ms),
                      field("validate_only", &Self::validate_only));
  }
};

struct CreateTopicsResponse {
  static constexpr ApiKey api_key = ApiKey::create_topics;

  struct Topic {
    struct Config {
      std::string name;
      std::optional<std::string> value;
      bool read_only = false;
      std::int8_t config_source = -1;
      bool is_sensitive = false;

      bool operator==(const Config&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(field("name", &Self::name), field("value", &Self::value), field("read_only", &Self::read_only),
                          field("config_source", &Self::config_source), field("is_sensitive", &Self::is_sensitive));
      }
    };

    std::string name;
    Uuid topic_id;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    ErrorCode topic_config_error_code = ErrorCode::none;
    std::int32_t num_partitions = -1;
    std::int16_t replication_factor = -1;
    std::optional<std::vector<Config>> configs;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("name", &Self::name), field("topic_id", &Self::topic_id, since(7)),
                        field("error_code", &Self::error_code), field("error_message", &Self::error_message),
                        field("topic_config_error_code", &Self::topic_config_error_code, tagged(0, 5)),
                        field("num_partitions", &Self::num_partitions, since(5)),
                        field("replication_factor", &Self::replication_factor, since(5)),
                        field("configs", &Self::configs, since(5)));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;
  std::int64_t metadata_applied = -1;  // ours: see docs/formats/wire.md

  bool operator==(const CreateTopicsResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("topics", &Self::topics),
                      field("metadata_applied", &Self::metadata_applied, tagged(own_tags, 5)));
  }
};

}  // namespace faultline::protocol
