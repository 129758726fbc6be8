// UpdateFeatures: moves the levels that the cluster has agreed on for features, all of a request or none (KIP-584, KIP-778). From
// version 2 there is one error for the whole request instead of one for each feature.
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

/// Which way a level may go. Version 0 had a flag for "down, if nothing is lost" instead.
enum class FeatureUpgradeType : std::int8_t {
  upgrade = 1,
  safe_downgrade = 2,
  unsafe_downgrade = 3,  // metadata may be lost
};

struct UpdateFeaturesRequest {
  static constexpr ApiKey api_key = ApiKey::update_features;

  struct FeatureUpdate {
    std::string feature;
    std::int16_t max_version_level = 0;  // below 1: the feature is to be switched off
    bool allow_downgrade = false;
    FeatureUpgradeType upgrade_type = FeatureUpgradeType::upgrade;

    bool operator==(const FeatureUpdate&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("feature", &Self::feature), field("max_version_level", &Self::max_version_level),
                        field("allow_downgrade", &Self::allow_downgrade, until(0)),
                        field("upgrade_type", &Self::upgrade_type, since(1)));
    }
  };

  std::int32_t timeout_ms = 60000;
  std::vector<FeatureUpdate> feature_updates;
  bool validate_only = false;

  bool operator==(const UpdateFeaturesRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("timeout_ms", &Self::timeout_ms), field("feature_updates", &Self::feature_updates),
                      field("validate_only", &Self::validate_only, since(1)));
  }
};

struct UpdateFeaturesResponse {
  static constexpr ApiKey api_key = ApiKey::update_features;

  struct FeatureResult {
    std::string feature;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;

    bool operator==(const FeatureResult&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("feature", &Self::feature), field("error_code", &Self::error_code),
                        field("error_message", &Self::error_message));
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;
  std::vector<FeatureResult> results;
  std::int64_t metadata_applied = -1;  // ours: see docs/formats/wire.md

  bool operator==(const UpdateFeaturesResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("error_code", &Self::error_code),
                      field("error_message", &Self::error_message), field("results", &Self::results, until(1)),
                      field("metadata_applied", &Self::metadata_applied, tagged(own_tags, 0)));
  }
};

}  // namespace faultline::protocol
