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
  if (furthest == nullptr || furthest->commit_index() <= last_) return {};
  if (!started_ || furthest->log().base().index > last_) start_over(servers);
  if (!started_ || furthest->log().base().index > last_) return {};
  while (last_ < furthest->commit_index()) follow(furthest->log().at(raft::Index(last_.value() + 1)));
  return std::exchange(findings_, {});
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
  // A topic that was made again has its old name.
  from.partition = to.partition = to.partition + " (" + to_string(record.topic_id) + ")";
  add(watch_.decided(from, to, brokers_, state_.allows_unclean_election(topic->name)));
}

void DecisionProbe::judge_registration(const metadata::BrokerRecord& record) {
  std::vector<checkers::PartitionView> partitions;
  for (const auto& [id, topic] : image_.topics()) {
    for (const metadata::PartitionRecord& partition : topic.partitions) {
      if (replication::contains(partition.replicas, record.broker_id))
        partitions.push_back(view_of(image_, topic.name, partition));
    }
  }
  const auto before = brokers_before_.find(record.broker_id);
  add(watch_.registered(before == brokers_before_.end() ? nullptr : &before->second, view_of(record), partitions));
}

void DecisionProbe::add(std::vector<checkers::Finding> findings) {
  std::move(findings.begin(), findings.end(), std::back_inserter(findings_));
}

}  // namespace faultline::scenarios
