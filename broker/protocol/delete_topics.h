// DeleteTopics, by name and from version 6 by id too.
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

struct DeleteTopicsRequest {
  static constexpr ApiKey api_key = ApiKey::delete_topics;

  struct Topic {
    std::optional<std::string> name;
    Uuid topic_id;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("name", &Self::name), field("topic_id", &Self::topic_id));
    }
  };

  std::vector<Topic> topics;
  std::vector<std::string> topic_names;
  std::int32_t timeout_ms = 0;

  bool operator==(const DeleteTopicsRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("topics", &Self::topics, since(6)), field("topic_names", &Self::topic_names, until(5)),
                      field("timeout_ms", &Self::timeout_ms));
  }
};

struct DeleteTopicsResponse {
  static constexpr ApiKey api_key = ApiKey::delete_topics;

  struct Topic {
    std::optional<std::string> name;
    Uuid topic_id;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("name", &Self::name, nullable(6)), field("topic_id", &Self::topic_id, since(6)),
                        field("error_code", &Self::error_code), field("error_message", &Self::error_message, since(5)));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> responses;
  std::int64_t metadata_applied = -1;  // ours: see docs/formats/wire.md

  bool operator==(const DeleteTopicsResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("responses", &Self::responses),
                      field("metadata_applied", &Self::metadata_applied, tagged(own_tags, 4)));
  }
};

}  // namespace faultline::protocol
