// Levels of features: what the cluster has agreed on. A level may rise once every registered broker knows it, and falls only if it is asked to.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "broker/controller/controller.h"

namespace faultline::controller {

using metadata::FeatureRange;

namespace {

const FeatureRange* find(const std::vector<FeatureRange>& ranges, std::string_view name) {
  const auto found = std::find_if(ranges.begin(), ranges.end(), [&](const FeatureRange& range) { return range.name == name; });
  return found == ranges.end() ? nullptr : &*found;
}

// Whoever knows no such feature can only work without it.
bool knows(const std::vector<FeatureRange>& ranges, const FeatureUpdate& update) {
  const FeatureRange* range = find(ranges, update.name);
  return range == nullptr ? update.level == 0 : range->contains(update.level);
}

}  // namespace

void Controller::begin_features() {
  for (const FeatureRange& feature : config_.features) {
    if (feature.max > 0) decide(metadata::FeatureRecord{feature.name, feature.max});
  }
}

Outcome<> Controller::check_level(const FeatureUpdate& update) const {
  const FeatureRange* known = find(config_.features, update.name);
  if (known == nullptr) {
    return Refusal(ErrorCode::invalid_update_version, fmt::format("there is no feature '{}'", update.name));
  }
  if (!known->contains(update.level)) {
    return Refusal(ErrorCode::invalid_update_version,
                   fmt::format("{} has levels {} to {}, not {}", update.name, known->min, known->max, update.level));
  }
  for (const auto& [id, broker] : image_.brokers()) {
    if (!knows(broker.features, update)) {
      return Refusal(ErrorCode::invalid_update_version,
                     fmt::format("broker {} does not know level {} of {}", id, update.level, update.name));
    }
  }
  const auto present = image_.features().find(update.name);
  const std::int16_t level = present == image_.features().end() ? std::int16_t{0} : present->second;
  const bool other_way = update.allowed == LevelChange::up ? update.level < level : update.level > level;
  if (other_way) {
    return Refusal(ErrorCode::invalid_update_version,
                   fmt::format("{} is at level {}: level {} lies the other way", update.name, level, update.level));
  }
  return {};
}

Outcome<> Controller::update_features(const std::vector<FeatureUpdate>& updates, bool validate_only) {
  std::set<std::string_view> named;
  for (const FeatureUpdate& update : updates) {
    if (!named.insert(update.name).second) {
      return Refusal(ErrorCode::invalid_request, fmt::format("the request names {} more than once", update.name));
    }
    TRY(check_level(update));
  }
  if (validate_only) return {};
  for (const FeatureUpdate& update : updates) {
    const auto present = image_.features().find(update.name);
    const std::int16_t level = present == image_.features().end() ? std::int16_t{0} : present->second;
    if (level != update.level) decide(metadata::FeatureRecord{update.name, update.level});
  }
  return {};
}

}  // namespace faultline::controller
