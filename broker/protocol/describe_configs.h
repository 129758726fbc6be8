// DescribeConfigs: null keys ask for every setting of a resource.
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

struct DescribeConfigsRequest {
  static constexpr ApiKey api_key = ApiKey::describe_configs;

  struct Resource {
    std::int8_t resource_type = 0;
    std::string resource_name;
    std::optional<std::vector<std::string>> configuration_keys;

    bool operator==(const Resource&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("resource_type", &Self::resource_type), field("resource_name", &Self::resource_name),
                        field("configuration_keys", &Self::configuration_keys));
    }
  };

  std::vector<Resource> resources;
  bool include_synonyms = false;
  bool include_documentation = false;

  bool operator==(const DescribeConfigsRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("resources", &Self::resources), field("include_synonyms", &Self::include_synonyms),
                      field("include_documentation", &Self::include_documentation, since(3)));
  }
};

struct DescribeConfigsResponse {
  static constexpr ApiKey api_key = ApiKey::describe_configs;

  struct Resource {
    struct Config {
      struct Synonym {
        std::string name;
        std::optional<std::string> value;
        std::int8_t source = 0;

        bool operator==(const Synonym&) const = default;

        template <class Self>
        static constexpr auto fields() {
          return std::tuple(field("name", &Self::name), field("value", &Self::value), field("source", &Self::source));
        }
      };

      std::string name;
      std::optional<std::string> value;
      bool read_only = false;
      std::int8_t config_source = -1;
      bool is_sensitive = false;
      std::vector<Synonym> synonyms;
      std::int8_t config_type = 0;
      std::optional<std::string> documentation;

      bool operator==(const Config&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(field("name", &Self::name), field("value", &Self::value), field("read_only", &Self::read_only),
                          field("config_source", &Self::config_source), field("is_sensitive", &Self::is_sensitive),
                          field("synonyms", &Self::synonyms), field("config_type", &Self::config_type, since(3)),
                          field("documentation", &Self::documentation, since(3)));
      }
    };

    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::int8_t resource_type = 0;
    std::string resource_name;
    std::vector<Config> configs;

    bool operator==(const Resource&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("error_code", &Self::error_code), field("error_message", &Self::error_message),
                        field("resource_type", &Self::resource_type), field("resource_name", &Self::resource_name),
                        field("configs", &Self::configs));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Resource> results;

  bool operator==(const DescribeConfigsResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("results", &Self::results));
  }
};

}  // namespace faultline::protocol
