// What can be set per topic, under Kafka's names and with Kafka's defaults, except flush.messages: ours is 1, so that an
// acknowledged write is on the disk. Keys of what this broker does not do (compaction, recompression) are unknown to it rather
// than accepted without effect.
#pragma once

#include <cstdint>
#include <string>

#include "broker/node/config_table.h"

namespace faultline {

struct TopicConfig {
  std::string cleanup_policy = "delete";
  std::string compression_type = "producer";
  std::string message_timestamp_type = "CreateTime";
  std::int64_t file_delete_delay_ms = 60'000;
  std::int64_t flush_messages = 1;
  std::int32_t index_interval_bytes = 4096;
  std::int32_t max_message_bytes = 1'048'588;
  std::int32_t min_insync_replicas = 1;
  std::int64_t retention_bytes = -1;
  std::int64_t retention_ms = 604'800'000;
  std::int32_t segment_bytes = 1 << 30;
  std::int64_t segment_ms = 604'800'000;
  bool unclean_leader_election_enable = false;

  bool operator==(const TopicConfig&) const = default;
};

const ConfigTable<TopicConfig>& topic_config_table();

}  // namespace faultline
