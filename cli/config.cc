#include "cli/config.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/admin_command.h"

namespace faultline::cli {
namespace {

using namespace client;
using nlohmann::ordered_json;

Result<ConfigResource> parse_resource(const ConfigOptions& options) {
  if (options.kind == "topic") return ConfigResource{ResourceType::topic, options.name};
  if (options.name == "default") return ConfigResource{ResourceType::broker, ""};
  TRY(parse_number("a broker's number or 'default'", options.name));
  return ConfigResource{ResourceType::broker, options.name};
}

Result<std::vector<ConfigChange>> parse_changes(const ConfigOptions& options) {
  std::vector<ConfigChange> changes;
  for (const std::string& text : options.settings) {
    if (options.action == ConfigOptions::Action::unset) {
      changes.push_back({ConfigChange::Operation::remove, text, std::nullopt});
      continue;
    }
    auto [name, value] = TRY(parse_setting(text));
    changes.push_back({ConfigChange::Operation::set, std::move(name), std::move(value)});
  }
  return changes;
}

/// The settings that were asked for. Errors: invalid_argument: there is none of that name.
Result<std::vector<ConfigEntry>> choose(std::vector<ConfigEntry> entries, const std::vector<std::string>& wanted) {
  for (const std::string& name : wanted) {
    if (std::ranges::none_of(entries, [&](const ConfigEntry& entry) { return entry.name == name; }))
      return Error(Errc::invalid_argument, "there is no setting '" + name + "'");
  }
  if (!wanted.empty())
    std::erase_if(entries, [&](const ConfigEntry& entry) { return std::ranges::find(wanted, entry.name) == wanted.end(); });
  return entries;
}

void print(const std::vector<ConfigEntry>& entries, bool json) {
  ordered_json list = ordered_json::array();
  for (const ConfigEntry& entry : entries) {
    if (!json) {
      fmt::print("{}={}{}\n", entry.name, entry.sensitive ? "(hidden)" : entry.value.value_or("(none)"),
                 entry.is_default ? "" : " *");
      continue;
    }
    list.push_back({{"name", entry.name},
                    {"value", entry.value.has_value() ? ordered_json(*entry.value) : ordered_json()},
                    {"default", entry.is_default},
                    {"read_only", entry.read_only},
                    {"sensitive", entry.sensitive}});
  }
  if (json) fmt::print("{}\n", list.dump(2));
  if (!json && entries.empty()) fmt::print(stderr, "nothing is set there\n");
}

}  // namespace

ExitCode config(const ConfigOptions& options) {
  return administer("config", options.client, [&](const Administration& cluster) -> ClientResult<ExitCode> {
    const ConfigResource resource = TRY(parse_resource(options));
    if (options.action == ConfigOptions::Action::get) {
      print(TRY(choose(TRY(cluster.admin.describe_configs(resource, cluster.deadline())), options.settings)), options.json);
      return ExitCode::ok;
    }
    TRY(cluster.admin.change_configs(resource, TRY(parse_changes(options)), cluster.deadline()));
    fmt::print("changed {} {}\n", options.kind, options.name);
    return ExitCode::ok;
  });
}

}  // namespace faultline::cli
