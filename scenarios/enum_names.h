// The words by which the enumerations of a scenario are written.
#pragma once

#include <span>
#include <string_view>
#include <utility>

#include "scenarios/scenario.h"

namespace faultline::scenarios {

template <class Enum>
using EnumNames = std::span<const std::pair<Enum, std::string_view>>;

EnumNames<Acks> names_of(Acks);
EnumNames<Codec> names_of(Codec);
EnumNames<StartAt> names_of(StartAt);
EnumNames<AdminAction> names_of(AdminAction);
EnumNames<SwarmGroup> names_of(SwarmGroup);
EnumNames<FaultKind> names_of(FaultKind);
EnumNames<Exhibit> names_of(Exhibit);
EnumNames<CoreKind> names_of(CoreKind);

template <class Enum>
std::string_view name_of(Enum value) {
  for (const auto& [candidate, name] : names_of(value)) {
    if (candidate == value) return name;
  }
  return "?";
}

}  // namespace faultline::scenarios
