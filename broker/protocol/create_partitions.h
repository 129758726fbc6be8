// CreatePartitions: `count` is the wanted total, not the increase.
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

struct CreatePartitionsRequest {
  static constexpr ApiKey api_key = ApiKey::create_partitions;

  struct Topic {
    struct Assignment {
      std::vector<std::int32_t> broker_ids;

      bool operator==(const Assignment&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(field("broker_ids", &Self::broker_ids));
      }
    };

    std::string name;
    std::int32_t count = 0;
    std::optional<std::vector<Assignment>> assignments;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("name", &Self::name), field("count", &Self::count), field("assignments", &Self::assignments));
    }
  };

  std::vector<Topic> topics;
  std::int32_t timeout_ms = 0;
  bool validate_only = false;

  bool operator==(const CreatePartitionsRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("topics", &Self::topics), field("timeout_ms", &Self::timeout_ms),
                      field("validate_only", &Self::validate_only));
  }
};

struct CreatePartitionsResponse {
  static constexpr ApiKey api_key = ApiKey::create_partitions;

  struct Topic {
    std::string name;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("name", &Self::name), field("error_code", &Self::error_code),
                        field("error_message", &Self::error_message));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> results;
  std::int64_t metadata_applied = -1;  // ours: see docs/formats/wire.md

  bool operator==(const CreatePartitionsResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("results", &Self::results),
                      field("metadata_applied", &Self::metadata_applied, tagged(own_tags, 2)));
  }
};

}  // namespace faultline::protocol
