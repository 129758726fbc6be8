#include "scenarios/targets.h"

#include <array>
#include <utility>

namespace faultline::scenarios {
namespace {

using Kind = Target::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 6> words{{{"active controller", Kind::active_controller},
                                                                  {"next controller", Kind::next_controller},
                                                                  {"all brokers", Kind::all_brokers},
                                                                  {"all servers", Kind::all_servers},
                                                                  {"all voters", Kind::all_voters},
                                                                  {"majority of voters", Kind::majority_of_voters}}};
constexpr std::array<std::pair<std::string_view, Kind>, 2> prefixes{
    {{"leader of ", Kind::leader}, {"follower of ", Kind::follower}}};

}  // namespace

std::optional<Target> parse_target(std::string_view text) {
  for (const auto& [word, kind] : words) {
    if (text == word) return Target{.kind = kind};
  }
  for (const auto& [prefix, kind] : prefixes) {
    if (text.starts_with(prefix)) return Target{.kind = kind, .partition = std::string(text.substr(prefix.size()))};
  }
  return std::nullopt;
}

bool waits_for_target(const FaultParameters& fault) {
  const std::optional<Target> target = parse_target(fault.node);
  return target && target->kind == Kind::next_controller;
}

std::vector<std::string_view> target_words() {
  std::vector<std::string_view> all;
  for (const auto& [word, kind] : words) all.push_back(word);
  for (const auto& [prefix, kind] : prefixes) all.push_back(prefix);
  return all;
}

}  // namespace faultline::scenarios
