// Registration: a broker says who it is, gets an epoch for this incarnation, and tells what it may have lost.
//
// A new incarnation begins fenced: it leads nothing that it led before, not even for a moment, until it has replayed its own
// registration. Otherwise a fast restart would go on in an epoch in which others already hold other records at the same offsets.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "broker/controller/partition_changes.h"

namespace faultline::controller {

using metadata::BrokerRecord;
using metadata::contains;

namespace {

Outcome<> check_directories(const metadata::ClusterImage& image, const Registration& request) {
  const std::set<Uuid> directories(request.directories.begin(), request.directories.end());
  if (directories.empty() || directories.size() != request.directories.size() || directories.contains(Uuid{})) {
    return Refusal(ErrorCode::invalid_registration, "a broker names its directories, each once");
  }
  for (const auto& [id, broker] : image.brokers()) {
    if (id == request.broker_id) continue;
    for (const Uuid& directory : broker.directories) {
      if (directories.contains(directory)) {
        return Refusal(ErrorCode::invalid_registration,
                       fmt::format("directory {} is that of broker {}", protocol::to_string(directory), id));
      }
    }
  }
  return {};
}

// Whoever cannot work at the level of the cluster could not read what the others write.
Outcome<> check_features(const metadata::ClusterImage& image, const Registration& request) {
  for (const auto& [name, level] : image.features()) {
    const auto range = std::find_if(request.features.begin(), request.features.end(),
                                    [&feature = name](const metadata::FeatureRange& known) { return known.name == feature; });
    if (range == request.features.end() || !range->contains(level)) {
      return Refusal(ErrorCode::unsupported_version,
                     fmt::format("the cluster is at {} {}, which the broker does not know", name, level));
    }
  }
  return {};
}

}  // namespace

Outcome<BrokerEpoch> Controller::register_broker(Time now, const Registration& request) {
  if (request.cluster_id != config_.cluster_id) {
    return Refusal(ErrorCode::inconsistent_cluster_id,
                   fmt::format("this is cluster {}, not {}", config_.cluster_id, request.cluster_id));
  }
  if (request.broker_id < 0) return Refusal(ErrorCode::invalid_registration, "a broker's id is not negative");
  TRY(check_directories(image_, request));
  TRY(check_features(image_, request));
  const BrokerRecord* known = image_.broker(request.broker_id);
  const bool again = known != nullptr && known->incarnation == request.incarnation;
  // One process holds the lock of a directory: another one that has it now proves that the earlier one is dead.
  const bool same_disk = known != nullptr && known->directories == request.directories;
  if (!again && !same_disk && known != nullptr && sessions_.alive(request.broker_id, now)) {
    return Refusal(ErrorCode::duplicate_broker_registration,
                   fmt::format("another process is alive as broker {}", request.broker_id));
  }

  BrokerRecord record = again ? *known : BrokerRecord{};
  record.broker_id = request.broker_id;
  record.incarnation = request.incarnation;
  record.endpoints = request.endpoints;
  record.rack = request.rack;
  record.directories = request.directories;
  record.features = request.features;
  if (again) {  // the answer was lost, or it has moved
    if (!(record == *known)) decide(record);
    return record.broker_epoch;
  }

  const std::optional<BrokerRecord> before = known == nullptr ? std::nullopt : std::optional(*known);
  record.broker_epoch = image_.applied();
  // The wrong rule: it goes on where its predecessor stopped, in the same leader epochs.
  record.fenced = !(config_.exhibits.on(Exhibit::epoch_led_twice) && before.has_value() && before->active());
  decide(record);
  sessions_.end(request.broker_id);
  sessions_.touch(request.broker_id, now, 0);
  shut_downs_.erase(request.broker_id);
  change_partitions(
      [&](const PartitionRecord& partition) {
        return contains(partition.isr, record.broker_id) || contains(partition.elr, record.broker_id) ||
               contains(partition.last_known_elr, record.broker_id);
      },
      [&](const PartitionRecord& partition) {
        PartitionChange change;
        if (before.has_value() && before->directories != request.directories) {
          change.lost_disk = {record.broker_id};
        } else if (may_have_lost_data(request, before, partition)) {
          change.lost_data = {record.broker_id};
        }
        return change;
      });
  return record.broker_epoch;
}

// An interrupted write at the end of a log that acknowledges only what is synced takes nothing that was acknowledged. Everything else
// that can go wrong between two incarnations may.
bool Controller::may_have_lost_data(const Registration& request, const std::optional<BrokerRecord>& before,
                                    const PartitionRecord& partition) const {
  if (!before.has_value()) return true;
  const PartitionName name{partition.topic_id, partition.partition};
  if (std::find(request.damaged.begin(), request.damaged.end(), name) != request.damaged.end()) return true;
  const bool clean = request.previous_epoch == before->broker_epoch;
  const bool acknowledges_unsynced = flush_messages(partition.topic_id, request.broker_id) > 1;
  return acknowledges_unsynced && !clean;
}

Outcome<> Controller::unregister_broker(BrokerId broker) {
  const BrokerRecord* known = image_.broker(broker);
  if (known == nullptr) {
    return Refusal(ErrorCode::broker_id_not_registered, fmt::format("broker {} is not registered", broker));
  }
  if (!known->fenced) return Refusal(ErrorCode::invalid_request, fmt::format("broker {} is alive", broker));
  decide(metadata::RemoveBrokerRecord{broker});
  sessions_.end(broker);
  return {};
}

}  // namespace faultline::controller
