// ApiVersions: the first request of a connection. Its answer always has response header 0, whatever the version.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "broker/protocol/api.h"
#include "broker/protocol/codec.h"
#include "broker/protocol/error_code.h"
#include "broker/protocol/schema.h"

namespace faultline::protocol {

struct ApiVersionsRequest {
  static constexpr ApiKey api_key = ApiKey::api_versions;

  std::string client_software_name;
  std::string client_software_version;

  bool operator==(const ApiVersionsRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("client_software_name", &Self::client_software_name, since(3)),
                      field("client_software_version", &Self::client_software_version, since(3)));
  }
};

struct ApiVersionsResponse {
  static constexpr ApiKey api_key = ApiKey::api_versions;

  struct ApiVersion {
    ApiKey api_key = ApiKey::produce;
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;

    bool operator==(const ApiVersion&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("api_key", &Self::api_key), field("min_version", &Self::min_version),
                        field("max_version", &Self::max_version));
    }
  };

  struct SupportedFeature {
    std::string name;
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;

    bool operator==(const SupportedFeature&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("name", &Self::name), field("min_version", &Self::min_version),
                        field("max_version", &Self::max_version));
    }
  };

  struct FinalizedFeature {
    std::string name;
    std::int16_t max_version_level = 0;
    std::int16_t min_version_level = 0;

    bool operator==(const FinalizedFeature&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("name", &Self::name), field("max_version_level", &Self::max_version_level),
                        field("min_version_level", &Self::min_version_level));
    }
  };

  ErrorCode error_code = ErrorCode::none;
  std::vector<ApiVersion> api_keys;
  std::int32_t throttle_time_ms = 0;
  std::vector<SupportedFeature> supported_features;
  std::int64_t finalized_features_epoch = -1;
  std::vector<FinalizedFeature> finalized_features;
  bool zk_migration_ready = false;

  bool operator==(const ApiVersionsResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("error_code", &Self::error_code), field("api_keys", &Self::api_keys),
                      field("throttle_time_ms", &Self::throttle_time_ms, since(1)),
                      field("supported_features", &Self::supported_features, tagged(0, 3)),
                      field("finalized_features_epoch", &Self::finalized_features_epoch, tagged(1, 3)),
                      field("finalized_features", &Self::finalized_features, tagged(2, 3)),
                      field("zk_migration_ready", &Self::zk_migration_ready, tagged(3, 3)));
  }
};

}  // namespace faultline::protocol
