#include "broker/metadata/image.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace faultline::metadata {

namespace {

Error misfit(const Record& record, std::string_view why) {
  return Error(Errc::corrupt, fmt::format("metadata record {}: {}", to_string(record), why));
}

}  // namespace

Result<> ClusterImage::apply(const Record& record) {
  TRY(std::visit([&](const auto& body) { return take(body); }, record));
  ++applied_;
  return {};
}

Result<> ClusterImage::take(const SnapshotRecord& record) { return misfit(record, "only a snapshot begins with it"); }

Result<> ClusterImage::take(const BrokerRecord& record) {
  const BrokerRecord* known = broker(record.broker_id);
  if (known != nullptr && record.broker_epoch < known->broker_epoch) return misfit(record, "its epoch goes back");
  brokers_[record.broker_id] = record;
  brokers_as_of_ = applied_ + 1;
  return {};
}

Result<> ClusterImage::take(const RemoveBrokerRecord& record) {
  if (brokers_.erase(record.broker_id) == 0) return misfit(record, "there is no such broker");
  brokers_as_of_ = applied_ + 1;
  return {};
}

Result<> ClusterImage::take(const TopicRecord& record) {
  if (topic(record.topic_id) != nullptr || topic(record.name) != nullptr) return misfit(record, "there is such a topic already");
  topics_.emplace(record.topic_id, TopicImage{record.topic_id, record.name, {}});
  topic_ids_.emplace(record.name, record.topic_id);
  return {};
}

Result<> ClusterImage::take(const RemoveTopicRecord& record) {
  const auto found = topics_.find(record.topic_id);
  if (found == topics_.end()) return misfit(record, "there is no such topic");
  topic_ids_.erase(found->second.name);
  configs_.erase({ConfigScope::topic, found->second.name});
  topics_.erase(found);
  return {};
}

Result<> ClusterImage::take(const PartitionRecord& record) {
  const auto found = topics_.find(record.topic_id);
  if (found == topics_.end()) return misfit(record, "there is no such topic");
  std::vector<PartitionRecord>& partitions = found->second.partitions;
  if (record.partition < 0 || static_cast<std::size_t>(record.partition) > partitions.size()) {
    return misfit(record, "partitions are numbered without gaps");
  }
  const auto index = static_cast<std::size_t>(record.partition);
  if (index == partitions.size()) {
    partitions.push_back(record);
    return {};
  }
  PartitionRecord& known = partitions[index];
  if (record.partition_epoch <= known.partition_epoch) return misfit(record, "its partition epoch does not grow");
  if (record.leader_epoch < known.leader_epoch) return misfit(record, "its leader epoch goes back");
  known = record;
  return {};
}

Result<> ClusterImage::take(const ConfigRecord& record) {
  const ConfigName name{record.scope, record.name};
  if (record.value.has_value()) {
    configs_[name].insert_or_assign(record.key, *record.value);
    return {};
  }
  const auto found = configs_.find(name);
  if (found == configs_.end() || found->second.erase(record.key) == 0) return misfit(record, "it was not set");
  if (found->second.empty()) configs_.erase(found);
  return {};
}

Result<> ClusterImage::take(const ProducerIdsRecord& record) {
  if (record.next_producer_id < next_producer_id_) return misfit(record, "producer ids go back");
  next_producer_id_ = record.next_producer_id;
  return {};
}

Result<> ClusterImage::take(const FeatureRecord& record) {
  if (record.name.empty() || record.level < 0) return misfit(record, "a feature has a name and a level");
  if (record.level > 0) {
    features_.insert_or_assign(record.name, record.level);
  } else if (features_.erase(record.name) == 0) {
    return misfit(record, "it was not on");
  }
  return {};
}

const BrokerRecord* ClusterImage::broker(BrokerId id) const {
  const auto found = brokers_.find(id);
  return found == brokers_.end() ? nullptr : &found->second;
}

bool ClusterImage::active(BrokerId id) const {
  const BrokerRecord* found = broker(id);
  return found != nullptr && found->active();
}

const TopicImage* ClusterImage::topic(const Uuid& id) const {
  const auto found = topics_.find(id);
  return found == topics_.end() ? nullptr : &found->second;
}

const TopicImage* ClusterImage::topic(std::string_view name) const {
  const auto found = topic_ids_.find(name);
  return found == topic_ids_.end() ? nullptr : topic(found->second);
}

const PartitionRecord* ClusterImage::partition(const Uuid& topic_id, std::int32_t index) const {
  const TopicImage* found = topic(topic_id);
  if (found == nullptr || index < 0 || static_cast<std::size_t>(index) >= found->partitions.size()) return nullptr;
  return &found->partitions[static_cast<std::size_t>(index)];
}

const ConfigValues& ClusterImage::config(ConfigScope scope, std::string_view name) const {
  static const ConfigValues none;
  const auto found = configs_.find({scope, std::string(name)});
  return found == configs_.end() ? none : found->second;
}

std::vector<Record> ClusterImage::snapshot() const {
  std::vector<Record> records{SnapshotRecord{applied_}};
  for (const auto& [id, broker] : brokers_) records.emplace_back(broker);
  for (const auto& [id, topic] : topics_) {
    records.emplace_back(TopicRecord{id, topic.name});
    for (const PartitionRecord& partition : topic.partitions) records.emplace_back(partition);
  }
  for (const auto& [name, values] : configs_) {
    for (const auto& [key, value] : values) records.emplace_back(ConfigRecord{name.first, name.second, key, value});
  }
  records.emplace_back(ProducerIdsRecord{next_producer_id_});
  for (const auto& [name, level] : features_) records.emplace_back(FeatureRecord{name, level});
  return records;
}

Result<ClusterImage> ClusterImage::from_snapshot(const std::vector<Record>& records) {
  const auto* head = records.empty() ? nullptr : std::get_if<SnapshotRecord>(&records.front());
  if (head == nullptr || head->applied < 0) return Error(Errc::corrupt, "a metadata snapshot does not begin with its head");
  ClusterImage image;
  for (std::size_t i = 1; i < records.size(); ++i) TRY(image.apply(records[i]));
  image.applied_ = head->applied;
  image.brokers_as_of_ = head->applied;
  return image;
}

bool ClusterImage::operator==(const ClusterImage& other) const { return snapshot() == other.snapshot(); }

namespace {

void check_partition(const ClusterImage& image, const TopicImage& topic, const PartitionRecord& partition,
                     std::vector<std::string>& broken) {
  const auto require = [&](bool holds, std::string_view rule) {
    if (!holds) broken.push_back(fmt::format("{}-{}: {}", topic.name, partition.partition, rule));
  };
  const auto within = [&](const std::vector<BrokerId>& part) {
    return std::all_of(part.begin(), part.end(), [&](BrokerId id) { return contains(partition.replicas, id); });
  };
  const auto distinct = [](const std::vector<BrokerId>& ids) {
    return std::set<BrokerId>(ids.begin(), ids.end()).size() == ids.size();
  };
  require(!partition.replicas.empty(), "has no replicas");
  require(distinct(partition.replicas), "names a replica twice");
  require(distinct(partition.isr), "names an ISR member twice");
  require(distinct(partition.elr), "names an ELR member twice");
  require(within(partition.isr), "the ISR is not within the replicas");
  require(within(partition.elr), "the ELR is not within the replicas");
  require(distinct(partition.last_known_elr), "names a member of the last known ELR twice");
  require(within(partition.last_known_elr), "the last known ELR is not within the replicas");
  require(within(partition.adding), "a replica being added is no replica");
  require(within(partition.removing), "a replica being removed is no replica");
  require(std::none_of(partition.isr.begin(), partition.isr.end(), [&](BrokerId id) { return contains(partition.elr, id); }),
          "a broker is in ISR and ELR");
  require(std::none_of(partition.last_known_elr.begin(), partition.last_known_elr.end(),
                       [&](BrokerId id) { return contains(partition.isr, id) || contains(partition.elr, id); }),
          "a broker is in the last known ELR, and in ISR or ELR");
  require(std::all_of(partition.isr.begin(), partition.isr.end(), [&](BrokerId id) { return !image.broker(id)->fenced; }),
          "a fenced broker is in the ISR");
  if (partition.leader != no_broker) {
    require(contains(partition.isr, partition.leader), "the leader is not in the ISR");
    require(!partition.recovering || partition.isr.size() == 1, "a recovering leader is not alone in the ISR");
  }
}

}  // namespace

std::vector<std::string> ClusterImage::broken_invariants() const {
  std::vector<std::string> broken;
  std::set<BrokerEpoch> epochs;
  for (const auto& [id, broker] : brokers_) {
    if (broker.broker_epoch < 0) broken.push_back(fmt::format("broker {} has no epoch", id));
    if (!epochs.insert(broker.broker_epoch).second) {
      broken.push_back(fmt::format("two brokers have epoch {}", broker.broker_epoch));
    }
  }
  for (const auto& [id, topic] : topics_) {
    for (const PartitionRecord& partition : topic.partitions) {
      const auto known = [&](BrokerId replica) { return broker(replica) != nullptr; };
      if (!std::all_of(partition.isr.begin(), partition.isr.end(), known)) {
        broken.push_back(fmt::format("{}-{}: an ISR member is not registered", topic.name, partition.partition));
        continue;
      }
      check_partition(*this, topic, partition, broken);
    }
  }
  return broken;
}

}  // namespace faultline::metadata
