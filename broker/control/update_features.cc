// UpdateFeatures on the wire and as the controller has it. Versions 0 and 1 have an answer for each feature.
#include "broker/protocol/update_features.h"

#include <algorithm>

#include "broker/control/decisions.h"

namespace faultline::control {

namespace {

using protocol::FeatureUpgradeType;
using protocol::UpdateFeaturesRequest;
using protocol::UpdateFeaturesResponse;

/// A level never takes metadata with it here, so a downgrade is safe, whatever it was called.
Outcome<std::vector<controller::FeatureUpdate>> parse(const UpdateFeaturesRequest& request) {
  std::vector<controller::FeatureUpdate> updates;
  for (const auto& update : request.feature_updates) {
    const bool known =
        update.upgrade_type >= FeatureUpgradeType::upgrade && update.upgrade_type <= FeatureUpgradeType::unsafe_downgrade;
    if (!known) return Refusal(ErrorCode::invalid_update_version, "unknown kind of update of " + update.feature);
    const bool down = update.allow_downgrade || update.upgrade_type != FeatureUpgradeType::upgrade;
    updates.push_back({update.feature, std::max(update.max_version_level, std::int16_t{0}),
                       down ? controller::LevelChange::down : controller::LevelChange::up});
  }
  return updates;
}

UpdateFeaturesResponse answer(const UpdateFeaturesRequest& request, const Outcome<>& outcome) {
  UpdateFeaturesResponse response;
  set_outcome(response, outcome);
  for (const auto& update : request.feature_updates) {
    auto& result = response.results.emplace_back();
    result.feature = update.feature;
    set_outcome(result, outcome);
  }
  return response;
}

}  // namespace

UpdateFeaturesResponse ControllerService::handle(const UpdateFeaturesRequest& request) {
  return decided(
      deadline_in(request.timeout_ms),
      [&](Controller& controller) {
        const auto update = [&]() -> Outcome<> {
          const std::vector<controller::FeatureUpdate> updates = TRY(parse(request));
          return controller.update_features(updates, request.validate_only);
        };
        return answer(request, update());
      },
      [&](const Refusal& why) { return answer(request, why); });
}

}  // namespace faultline::control
