// IncrementalAlterConfigs: sets (0), deletes (1), appends to (2) or subtracts from (3) single settings (KIP-339).
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

struct IncrementalAlterConfigsRequest {
  static constexpr ApiKey api_key = ApiKey::incremental_alter_configs;

  struct Resource {
    struct Config {
      std::string name;
      std::int8_t config_operation = 0;
      std::optional<std::string> value;

      bool operator==(const Config&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(field("name", &Self::name), field("config_operation", &Self::config_operation),
                          field("value", &Self::value));
      }
    };

    std::int8_t resource_type = 0;
    std::string resource_name;
    std::vector<Config> configs;

    bool operator==(const Resource&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("resource_type", &Self::resource_type), field("resource_name", &Self::resource_name),
                        field("configs", &Self::configs));
    }
  };

  std::vector<Resource> resources;
  bool validate_only = false;

  bool operator==(const IncrementalAlterConfigsRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("resources", &Self::resources), field("validate_only", &Self::validate_only));
  }
};

struct IncrementalAlterConfigsResponse {
  static constexpr ApiKey api_key = ApiKey::incremental_alter_configs;

  struct Resource {
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::int8_t resource_type = 0;
    std::string resource_name;

    bool operator==(const Resource&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("error_code", &Self::error_code), field("error_message", &Self::error_message),
                        field("resource_type", &Self::resource_type), field("resource_name", &Self::resource_name));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Resource> responses;
  std::int64_t metadata_applied = -1;  // ours: see docs/formats/wire.md

  bool operator==(const IncrementalAlterConfigsResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("responses", &Self::responses),
                      field("metadata_applied", &Self::metadata_applied, tagged(own_tags, 1)));
  }
};

}  // namespace faultline::protocol
