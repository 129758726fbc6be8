// Configurations, and blocks of producer ids.
#include <fmt/format.h>

#include <map>

#include "broker/controller/partition_changes.h"

namespace faultline::controller {

using metadata::ConfigRecord;
using metadata::ConfigScope;
using metadata::ConfigValues;

namespace {

Outcome<> check_place(const metadata::ClusterImage& image, ConfigScope scope, const std::string& name) {
  if (scope == ConfigScope::topic) {
    if (image.topic(name) != nullptr) return {};
    return Refusal(ErrorCode::unknown_topic_or_partition, fmt::format("there is no topic '{}'", name));
  }
  if (name.empty()) return {};
  for (const auto& [id, broker] : image.brokers()) {
    if (std::to_string(id) == name) return {};
  }
  return Refusal(ErrorCode::broker_id_not_registered, fmt::format("there is no broker '{}'", name));
}

// Who is eligible follows from these: a leader that went by another minimum than the controller could commit what nobody eligible has
// (KIP-966 does away with them on single brokers for the same reason).
Outcome<> check_not_shared(ConfigScope scope, const std::string& name, const std::vector<ConfigEdit>& edits) {
  if (scope != ConfigScope::broker || name.empty()) return {};
  for (const ConfigEdit& edit : edits) {
    const bool shared = edit.key == "min.insync.replicas" || edit.key == "unclean.leader.election.enable";
    if (shared && edit.value.has_value()) {
      return Refusal(ErrorCode::invalid_config,
                     edit.key + " is the same for all brokers: set it for the cluster, or for a topic");
    }
  }
  return {};
}

}  // namespace

Outcome<> Controller::alter_config(ConfigScope scope, const std::string& name, const std::vector<ConfigEdit>& edits,
                                   bool validate_only) {
  TRY(check_place(image_, scope, name));
  TRY(check_not_shared(scope, name, edits));
  const ConfigValues before = image_.config(scope, name);
  ConfigValues wanted = before;
  for (const ConfigEdit& edit : edits) {
    if (edit.value.has_value()) {
      wanted.insert_or_assign(edit.key, *edit.value);
    } else if (wanted.erase(edit.key) == 0) {
      TRY(config_.check_config_key(scope, edit.key));
    }
  }
  TRY(config_.check_config(scope, wanted));
  if (validate_only) return {};

  std::map<Uuid, std::int32_t> minimum_before;
  for (const auto& [id, topic] : image_.topics()) minimum_before[id] = min_insync_replicas(id);
  for (const auto& [key, value] : wanted) {
    const auto old = before.find(key);
    if (old == before.end() || old->second != value) decide(ConfigRecord{scope, name, key, value});
  }
  for (const auto& [key, value] : before) {
    if (!wanted.contains(key)) decide(ConfigRecord{scope, name, key, std::nullopt});
  }
  // Who is eligible was found under the old minimum. And where unclean elections are allowed now, there may be somebody to elect.
  change_partitions(
      [&](const PartitionRecord& partition) {
        return partition.leader == metadata::no_broker ||
               minimum_before[partition.topic_id] != min_insync_replicas(partition.topic_id);
      },
      [&](const PartitionRecord& partition) {
        PartitionChange change;
        change.forget_elr = minimum_before[partition.topic_id] != min_insync_replicas(partition.topic_id);
        return change;
      });
  return {};
}

Outcome<ProducerIdBlock> Controller::allocate_producer_ids(BrokerId broker, BrokerEpoch epoch) {
  TRY(current_broker(broker, epoch));
  const ProducerIdBlock block{image_.next_producer_id(), config_.producer_id_block};
  decide(metadata::ProducerIdsRecord{block.first + block.count});
  return block;
}

}  // namespace faultline::controller
