#include "scenarios/decision_probe.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/random.h"

namespace faultline::scenarios {
namespace {

checkers::BrokerView view_of(const metadata::BrokerRecord& record) {
  std::uint64_t disk = 0;
  for (const protocol::Uuid& directory : record.directories) disk = hash_text(to_string(directory), disk);
  return {.node = record.broker_id,
          .epoch = record.broker_epoch,
          .disk = disk,
          .fenced = record.fenced,
          .shutting_down = record.shutting_down};
}

// A topic that was made again has its old name.
std::string unique_name(const std::string& partition, const protocol::Uuid& topic) {
  return partition + " (" + to_string(topic) + ")";
}

}  // namespace

checkers::PartitionView view_of(const metadata::ClusterImage& image, const std::string& topic,
                                const metadata::PartitionRecord& record) {
  std::vector<std::int32_t> fenced;
  for (const std::int32_t replica : record.replicas) {
    const metadata::BrokerRecord* broker = image.broker(replica);
    if (broker != nullptr && broker->fenced) fenced.push_back(replica);
  }
  return {.partition = topic + "-" + std::to_string(record.partition),
          .leader = record.leader,
          .leader_epoch = record.leader_epoch,
          .partition_epoch = record.partition_epoch,
          .replicas = record.replicas,
          .isr = record.isr,
          .elr = record.elr,
          .last_known = record.last_known_elr,
          .fenced = std::move(fenced),
          .recovering = record.recovering};
}

std::vector<checkers::Finding> DecisionProbe::look(std::span<const RunningServer> servers) {
  if (!judges_) return {};
  const raft::Core* furthest = nullptr;
  for (const RunningServer& server : servers) {
    const raft::Core& core = server.broker->quorum().core();
    if (furthest == nullptr || core.commit_index() > furthest->commit_index()) furthest = &core;
  }
  if (furthest == nullptr) return {};
  if (furthest->commit_index() > last_) follow_to(*furthest, servers);
  for (const RunningServer& server : servers) {
    if (!server.broker->config().has_broker_role()) continue;
    judge_damage(server);
    judge_beliefs(server);
  }
  return std::exchange(findings_, {});
}

void DecisionProbe::follow_to(const raft::Core& furthest, std::span<const RunningServer> servers) {
  if (!started_ || furthest.log().base().index > last_) start_over(servers);
  if (!started_ || furthest.log().base().index > last_) return;
  while (last_ < furthest.commit_index()) follow(furthest.log().at(raft::Index(last_.value() + 1)));
}

void DecisionProbe::start_over(std::span<const RunningServer> servers) {
  const control::MetadataLog* newest = nullptr;
  for (const RunningServer& server : servers) {
    const control::MetadataLog& metadata = server.broker->metadata();
    if (newest == nullptr || metadata.position().index > newest->position().index) newest = &metadata;
  }
  if (newest == nullptr || newest->position().index <= last_) return;
  image_ = newest->image();
  last_ = newest->position().index;
  brokers_.clear();
  for (const auto& [id, broker] : image_.brokers()) brokers_[id] = view_of(broker);
  started_ = true;
}

void DecisionProbe::follow(const raft::Entry& entry) {
  last_ = entry.at.index;
  const auto* command = std::get_if<raft::Command>(&entry.body);
  if (command == nullptr) return;
  const Result<std::vector<metadata::Record>> records = metadata::decode(command->data);
  if (!records) return;  // its readers will say so
  brokers_before_ = brokers_;
  registered_.clear();
  for (const metadata::Record& record : *records) take(record);
  for (const std::int32_t id : registered_) {
    if (const metadata::BrokerRecord* broker = image_.broker(id)) judge_registration(*broker);
  }
}

void DecisionProbe::take(const metadata::Record& record) {
  if (const auto* partition = std::get_if<metadata::PartitionRecord>(&record)) judge(*partition);
  if (const auto* ids = std::get_if<metadata::ProducerIdsRecord>(&record)) add(watch_.gave_producer_ids(ids->next_producer_id));
  if (const auto* broker = std::get_if<metadata::BrokerRecord>(&record)) {
    const auto known = brokers_.find(broker->broker_id);
    if (known == brokers_.end() || known->second.epoch != broker->broker_epoch) registered_.push_back(broker->broker_id);
    brokers_[broker->broker_id] = view_of(*broker);
  }
  static_cast<void>(image_.apply(record));  // what does not fit, its readers will tell
}

void DecisionProbe::judge(const metadata::PartitionRecord& record) {
  const metadata::TopicImage* topic = image_.topic(record.topic_id);
  const metadata::PartitionRecord* before = image_.partition(record.topic_id, record.partition);
  if (topic == nullptr || before == nullptr) return;  // it is created
  checkers::PartitionView from = view_of(image_, topic->name, *before);
  checkers::PartitionView to = view_of(image_, topic->name, record);
  for (const std::int32_t node : from.replicas) {
    if (!replication::contains(to.replicas, node)) state_.taken_away[{to.partition, node}] = false;
  }
  for (const std::int32_t node : to.replicas) {
    const auto taken = state_.taken_away.find({to.partition, node});
    if (taken != state_.taken_away.end()) taken->second = true;
  }
  if (to.recovering) elected_uncleanly_.insert(to.partition);
  from.partition = to.partition = unique_name(to.partition, record.topic_id);
  add(watch_.decided(from, to, brokers_, state_.allows_unclean_election(topic->name)));
}

void DecisionProbe::judge_registration(const metadata::BrokerRecord& record) {
  std::vector<checkers::PartitionView> partitions;
  Registered& registered = to_be_asked_[record.broker_id];
  registered = {record.broker_epoch, {}};
  for (const auto& [id, topic] : image_.topics()) {
    for (const metadata::PartitionRecord& partition : topic.partitions) {
      if (!replication::contains(partition.replicas, record.broker_id)) continue;
      partitions.push_back(view_of(image_, topic.name, partition));
      registered.partitions[{id, partition.partition}] = partitions.back();
    }
  }
  const auto before = brokers_before_.find(record.broker_id);
  add(watch_.registered(before == brokers_before_.end() ? nullptr : &before->second, view_of(record), partitions));
}

// What it found damaged when it opened its logs, it has told with its registration.
void DecisionProbe::judge_damage(const RunningServer& server) {
  const auto asked = to_be_asked_.find(server.broker->node_id());
  if (asked == to_be_asked_.end() || server.broker->lifecycle().epoch() != asked->second.broker_epoch) return;
  for (const controller::PartitionName& name : server.broker->replicas().damaged()) {
    const auto partition = asked->second.partitions.find({name.topic_id, name.partition});
    if (partition != asked->second.partitions.end())
      add(checkers::DecisionWatch::reported_damage(asked->first, asked->second.broker_epoch, partition->second));
  }
  to_be_asked_.erase(asked);
}

void DecisionProbe::judge_beliefs(const RunningServer& server) {
  for (const std::shared_ptr<Partition>& partition : server.broker->replicas().partitions()) {
    if (!partition->leads()) continue;
    const replication::PartitionState& committed = partition->leading()->isr().committed();
    const PartitionKey key{partition->topic_id(), partition->id().index};
    std::int32_t& judged = believed_.try_emplace({server.broker->node_id(), key}, -1).first->second;
    if (std::exchange(judged, committed.partition_epoch) == committed.partition_epoch) continue;
    checkers::PartitionView belief;
    belief.partition = unique_name(to_string(partition->id()), partition->topic_id());
    belief.leader = committed.leader;
    belief.leader_epoch = committed.leader_epoch;
    belief.partition_epoch = committed.partition_epoch;
    belief.isr = committed.isr;
    add(watch_.believed(server.broker->node_id(), belief));
  }
}

void DecisionProbe::add(std::vector<checkers::Finding> findings) {
  std::move(findings.begin(), findings.end(), std::back_inserter(findings_));
}

}  // namespace faultline::scenarios
