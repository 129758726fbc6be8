#include "cli/topic.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "cli/admin_command.h"

namespace faultline::cli {
namespace {

using namespace client;
using nlohmann::ordered_json;

class TopicCommand {
 public:
  TopicCommand(const Administration& cluster, const TopicOptions& options)
      : cluster_(cluster), options_(options), admin_(cluster.admin) {}

  ClientResult<> run() {
    switch (options_.action) {
      case TopicOptions::Action::create: return create();
      case TopicOptions::Action::list: return list();
      case TopicOptions::Action::describe: return describe();
      case TopicOptions::Action::remove: return remove();
      case TopicOptions::Action::alter: return alter();
      case TopicOptions::Action::grow: return grow();
    }
    return {};
  }

 private:
  Time deadline() const { return cluster_.deadline(); }

  ClientResult<> create() {
    NewTopic topic{options_.topic, options_.partitions, options_.replication_factor, {}};
    for (const std::string& text : options_.configs) topic.configs.insert(TRY(parse_setting(text)));
    TRY(admin_.create_topic(topic, deadline()));
    fmt::print("created {}\n", options_.topic);
    return {};
  }

  ClientResult<> list() {
    ordered_json json = ordered_json::array();
    for (const auto& [name, topic] : TRY(admin_.list_topics(deadline()))) {
      if (!options_.json) fmt::print("{}\t{}\n", name, topic.partitions.size());
      json.push_back({{"topic", name}, {"id", protocol::to_string(topic.id)}, {"partitions", topic.partitions.size()}});
    }
    if (options_.json) fmt::print("{}\n", json.dump(2));
    return {};
  }

  struct Bounds {
    std::map<TopicPartition, ClientResult<FoundOffset>> beginnings;
    std::map<TopicPartition, ClientResult<FoundOffset>> ends;
  };

  ClientResult<Bounds> bounds(const TopicMetadata& topic) {
    std::map<TopicPartition, std::int64_t> first;
    std::map<TopicPartition, std::int64_t> last;
    for (const auto& [index, partition] : topic.partitions) {
      first[{options_.topic, index}] = earliest_offset;
      last[{options_.topic, index}] = latest_offset;
    }
    auto beginnings = TRY(admin_.offsets(first, deadline()));
    auto ends = TRY(admin_.offsets(last, deadline()));
    return Bounds{std::move(beginnings), std::move(ends)};
  }

  ClientResult<> describe() {
    const TopicMetadata topic = TRY(admin_.describe_topic(options_.topic, deadline()));
    const Bounds found = TRY(bounds(topic));
    const std::vector<ConfigEntry> configs = TRY(admin_.describe_configs({ResourceType::topic, options_.topic}, deadline()));
    if (options_.json) {
      print_json(topic, found, configs);
    } else {
      print(topic, found, configs);
    }
    return {};
  }

  void print(const TopicMetadata& topic, const Bounds& found, const std::vector<ConfigEntry>& configs) {
    fmt::print("topic {} id {} partitions {}\n", options_.topic, protocol::to_string(topic.id), topic.partitions.size());
    for (const auto& [index, partition] : topic.partitions) {
      const TopicPartition name{options_.topic, index};
      fmt::print("  partition {} leader {} epoch {} replicas {} isr {} offsets {}..{}\n", index, partition.leader,
                 partition.leader_epoch, fmt::join(partition.replicas, ","), fmt::join(partition.isr, ","),
                 text_of_offset(found.beginnings.at(name)), text_of_offset(found.ends.at(name)));
    }
    for (const ConfigEntry& entry : configs) {
      fmt::print("  {}={}{}\n", entry.name, entry.sensitive ? "(hidden)" : entry.value.value_or("(none)"),
                 entry.is_default ? "" : " *");
    }
  }

  void print_json(const TopicMetadata& topic, const Bounds& found, const std::vector<ConfigEntry>& configs) {
    ordered_json json{{"topic", options_.topic}, {"id", protocol::to_string(topic.id)}, {"internal", topic.is_internal}};
    for (const auto& [index, partition] : topic.partitions) {
      const TopicPartition name{options_.topic, index};
      json["partitions"].push_back({{"partition", index},
                                    {"leader", partition.leader},
                                    {"epoch", partition.leader_epoch},
                                    {"replicas", partition.replicas},
                                    {"isr", partition.isr},
                                    {"offline", partition.offline},
                                    {"start", json_of_offset(found.beginnings.at(name))},
                                    {"end", json_of_offset(found.ends.at(name))}});
    }
    for (const ConfigEntry& entry : configs) {
      if (!entry.is_default && entry.value.has_value()) json["overrides"][entry.name] = *entry.value;
    }
    fmt::print("{}\n", json.dump(2));
  }

  ClientResult<> remove() {
    TRY(admin_.delete_topic(options_.topic, deadline()));
    fmt::print("deleted {}\n", options_.topic);
    return {};
  }

  ClientResult<> alter() {
    std::vector<ConfigChange> changes;
    for (const std::string& text : options_.configs) {
      auto [name, value] = TRY(parse_setting(text));
      changes.push_back({ConfigChange::Operation::set, std::move(name), std::move(value)});
    }
    for (const std::string& name : options_.removed) changes.push_back({ConfigChange::Operation::remove, name, std::nullopt});
    if (changes.empty() && options_.partitions < 0) {
      return Error(Errc::invalid_argument, "nothing to change: give --config, --remove-config or --partitions");
    }
    if (!changes.empty()) TRY(admin_.change_configs({ResourceType::topic, options_.topic}, changes, deadline()));
    if (options_.partitions >= 0) TRY(admin_.create_partitions(options_.topic, options_.partitions, deadline()));
    fmt::print("altered {}\n", options_.topic);
    return {};
  }

  ClientResult<> grow() {
    TRY(admin_.create_partitions(options_.topic, options_.partitions, deadline()));
    fmt::print("{} has {} partitions\n", options_.topic, options_.partitions);
    return {};
  }

  static std::string text_of_offset(const ClientResult<FoundOffset>& found) {
    return found ? std::to_string(found->offset) : "?";
  }

  static ordered_json json_of_offset(const ClientResult<FoundOffset>& found) {
    return found ? ordered_json(found->offset) : ordered_json();
  }

  const Administration& cluster_;
  const TopicOptions& options_;
  Admin& admin_;
};

}  // namespace

ExitCode topic(const TopicOptions& options) {
  return administer("topic", options.client, [&](const Administration& cluster) -> ClientResult<ExitCode> {
    TRY(TopicCommand(cluster, options).run());
    return ExitCode::ok;
  });
}

}  // namespace faultline::cli
