// What a client knows about the cluster: brokers, topics, leaders. A value; Cluster (broker/client/cluster.h) keeps it fresh.
//
// Two rules protect it from old answers, which a broker that lags behind may give at any time: a partition's leader epoch never goes
// back while the topic is the same, and a topic that was made anew is recognised by its id.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "broker/client/record.h"
#include "broker/protocol/error_code.h"
#include "broker/protocol/metadata.h"
#include "broker/protocol/uuid.h"
#include "runtime/network.h"

namespace faultline::client {

struct PartitionMetadata {
  std::int32_t leader = -1;  // -1: none at present
  std::int32_t leader_epoch = -1;
  std::vector<std::int32_t> replicas;
  std::vector<std::int32_t> isr;
  std::vector<std::int32_t> offline;
  protocol::ErrorCode error = protocol::ErrorCode::none;
};

struct TopicMetadata {
  protocol::Uuid id;
  bool is_internal = false;
  bool is_stale = false;  // a broker contradicted it: ask again before using it
  Time fetched_at{};
  protocol::ErrorCode error = protocol::ErrorCode::none;
  std::map<std::int32_t, PartitionMetadata> partitions;
};

struct Metadata {
  std::map<std::int32_t, Endpoint> brokers;
  std::int32_t controller = -1;
  std::optional<std::string> cluster_id;
  std::map<std::string, TopicMetadata, std::less<>> topics;

  const TopicMetadata* topic(std::string_view name) const;
  const PartitionMetadata* partition(const TopicPartition& partition) const;

  /// Takes over what `answer` says. Topics it does not mention stay as they are.
  void merge(const protocol::MetadataResponse& answer, Time now);
};

}  // namespace faultline::client
