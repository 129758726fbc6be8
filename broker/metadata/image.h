// The image: the cluster as the metadata records up to some point describe it.
//
// Controller and brokers build it from the same records in the same order, so two images with the same number of applied records are
// equal. It holds decisions only; who was heard of when is the active controller's own, passing knowledge.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "broker/metadata/records.h"

namespace faultline::metadata {

using replication::contains;
/// The level of each feature that is on.
using FeatureLevels = std::map<std::string, std::int16_t, std::less<>>;
using ConfigValues = std::map<std::string, std::string, std::less<>>;

struct TopicImage {
  Uuid id;
  std::string name;
  std::vector<PartitionRecord> partitions;  // by index
};

class ClusterImage {
 public:
  /// Takes in the next record.
  /// Errors: corrupt: it does not fit what came before, which a log of the controller's own making never does. The image is as before.
  Result<> apply(const Record& record);

  /// How many records were applied since the cluster began. The next record's number is this.
  std::int64_t applied() const { return applied_; }

  const std::map<BrokerId, BrokerRecord>& brokers() const { return brokers_; }
  /// What applied() was when a broker was last added, changed or removed; it may be more. Two images that say the same have the same brokers.
  std::int64_t brokers_as_of() const { return brokers_as_of_; }
  const BrokerRecord* broker(BrokerId id) const;
  bool active(BrokerId id) const;

  const std::map<Uuid, TopicImage>& topics() const { return topics_; }
  const TopicImage* topic(const Uuid& id) const;
  const TopicImage* topic(std::string_view name) const;
  const PartitionRecord* partition(const Uuid& topic, std::int32_t index) const;

  /// What was set there; defaults are not known here.
  const ConfigValues& config(ConfigScope scope, std::string_view name) const;

  std::int64_t next_producer_id() const { return next_producer_id_; }

  const FeatureLevels& features() const { return features_; }

  /// The records that make an empty image equal to this one.
  std::vector<Record> snapshot() const;
  /// Errors: corrupt.
  static Result<ClusterImage> from_snapshot(const std::vector<Record>& records);

  bool operator==(const ClusterImage& other) const;

  /// What is broken of the rules in records.h, and between records; empty if nothing is.
  std::vector<std::string> broken_invariants() const;

 private:
  using ConfigName = std::pair<ConfigScope, std::string>;

  Result<> take(const SnapshotRecord& record);
  Result<> take(const BrokerRecord& record);
  Result<> take(const RemoveBrokerRecord& record);
  Result<> take(const TopicRecord& record);
  Result<> take(const RemoveTopicRecord& record);
  Result<> take(const PartitionRecord& record);
  Result<> take(const ConfigRecord& record);
  Result<> take(const ProducerIdsRecord& record);
  Result<> take(const FeatureRecord& record);

  std::int64_t applied_ = 0;
  std::map<BrokerId, BrokerRecord> brokers_;
  std::int64_t brokers_as_of_ = 0;
  std::map<Uuid, TopicImage> topics_;
  std::map<std::string, Uuid, std::less<>> topic_ids_;
  std::map<ConfigName, ConfigValues> configs_;
  std::int64_t next_producer_id_ = 0;
  FeatureLevels features_;
};

}  // namespace faultline::metadata
