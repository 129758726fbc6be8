// Which topics exist: a small file beside the logs, replaced atomically at each change. This file decides; a directory of a
// partition that it does not name is a leftover, and one that is missing is made at the next start.
// Format: docs/formats/topics.md.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/slice.h"
#include "base/time.h"
#include "broker/protocol/uuid.h"
#include "runtime/disk.h"

namespace faultline {

struct TopicRecord {
  std::string name;
  protocol::Uuid id;
  std::int32_t partition_count = 0;
  std::map<std::string, std::string> overrides;  // topic configuration that was set, by Kafka's names

  bool operator==(const TopicRecord&) const = default;
};

struct TopicStoreContent {
  /// How often a broker has started on this directory. It is the leader epoch of every partition: a new incarnation never leads
  /// in an epoch that an earlier one led in.
  std::int32_t incarnation = 0;
  std::map<std::string, TopicRecord> topics;

  bool operator==(const TopicStoreContent&) const = default;
};

/// The file's bytes. Pure.
Slice encode_topic_store(const TopicStoreContent& content);
/// Errors: corrupt, with what is wrong.
Result<TopicStoreContent> decode_topic_store(const Slice& bytes);

/// What the directory says, or nothing if there is no such file. Errors: corrupt, io_error, timed_out, cancelled.
Result<TopicStoreContent> load_topic_store(Disk& disk, Time deadline);
/// Durable when it returns. Errors: as replace_file.
Result<> save_topic_store(Disk& disk, const TopicStoreContent& content, Time deadline);

}  // namespace faultline
