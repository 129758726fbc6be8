#include "broker/controller/controller.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "broker/controller/partition_changes.h"

namespace faultline::controller {

using metadata::BrokerRecord;
using metadata::ConfigScope;
using metadata::ConfigValues;

namespace {

// Values were checked when they were set.
std::int64_t number_in(const ConfigValues& values, std::string_view key, std::int64_t otherwise) {
  const auto found = values.find(key);
  if (found == values.end()) return otherwise;
  std::int64_t number = otherwise;
  std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
  return number;
}

}  // namespace

Controller::Controller(ControllerConfig config, RandomStream random)
    : config_(std::move(config)), random_(random), sessions_(config_.session_timeout) {}

// A process that dies as controller and broker would otherwise lead its partitions for an election longer than one that dies as broker.
// Half a session is left to it in any case: where the election took long, it may just be looking for its new controller.
void Controller::lead(Time now, ClusterImage committed, std::optional<LastController> last) {
  resign();
  leading_ = true;
  image_ = std::move(committed);
  for (const auto& [id, broker] : image_.brokers()) {
    if (broker.fenced) continue;
    const bool was_controller = last && last->node == id;
    sessions_.touch(id, was_controller ? std::max(last->heard, now - config_.session_timeout / 2) : now, 0);
  }
  if (image_.features().empty()) begin_features();
  next_balance_ = config_.leader_balance ? after(now, config_.leader_balance_interval) : no_deadline;
}

void Controller::resign() {
  leading_ = false;
  image_ = ClusterImage();
  decided_.clear();
  sessions_.clear();
  shut_downs_.clear();
  log_ends_.clear();
  next_balance_ = no_deadline;
}

void Controller::decide(metadata::Record record) {
  ENSURE(leading_);
  ENSURE(image_.apply(record).has_value());
  decided_.push_back(std::move(record));
}

Outcome<const BrokerRecord*> Controller::current_broker(BrokerId broker, BrokerEpoch epoch) const {
  const BrokerRecord* found = image_.broker(broker);
  if (found == nullptr || found->broker_epoch != epoch) {
    return Refusal(ErrorCode::stale_broker_epoch, fmt::format("broker {} has no registration with epoch {}", broker, epoch));
  }
  return found;
}

// A broker that has a default of its own goes by that; under which name is said in broker/node/broker_config.cc.
std::int64_t Controller::flush_messages(const Uuid& topic, BrokerId broker) const {
  constexpr std::string_view default_key = "log.flush.interval.messages";
  const std::int64_t of_all = number_in(image_.config(ConfigScope::broker, ""), default_key, config_.default_flush_messages);
  const std::int64_t of_broker = number_in(image_.config(ConfigScope::broker, std::to_string(broker)), default_key, of_all);
  return number_in(image_.config(ConfigScope::topic, image_.topic(topic)->name), "flush.messages", of_broker);
}

ElectionRules Controller::rules_of(const PartitionRecord& partition) const {
  const auto flag_in = [](const ConfigValues& values, bool fallback) {
    const auto found = values.find("unclean.leader.election.enable");
    return found == values.end() ? fallback : found->second == "true";
  };
  const bool of_all = flag_in(image_.config(ConfigScope::broker, ""), config_.default_unclean_election);
  ElectionRules rules{image_};
  rules.min_insync_replicas = min_insync_replicas(partition.topic_id);
  rules.unclean_allowed = flag_in(image_.config(ConfigScope::topic, image_.topic(partition.topic_id)->name), of_all);
  rules.exhibits = config_.exhibits;
  return rules;
}

std::int32_t Controller::min_insync_replicas(const Uuid& topic) const {
  constexpr std::string_view key = "min.insync.replicas";
  const std::int64_t of_all = number_in(image_.config(ConfigScope::broker, ""), key, config_.default_min_insync_replicas);
  return static_cast<std::int32_t>(number_in(image_.config(ConfigScope::topic, image_.topic(topic)->name), key, of_all));
}

void Controller::change(const PartitionRecord& partition, const PartitionChange& change) {
  std::optional<PartitionRecord> next = settle(partition, change, rules_of(partition));
  if (!next) return;
  // Where logs ended before somebody led says nothing of where they end after that.
  if (next->leader != metadata::no_broker) log_ends_.erase({next->topic_id, next->partition});
  decide(std::move(*next));
}

}  // namespace faultline::controller
