// Topics: which topics exist, their configuration and their partitions. The one place that creates, grows, configures and
// deletes them; every change is durable before it is visible.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "broker/node/data_directory.h"
#include "broker/node/partition.h"
#include "broker/node/space_reserve.h"
#include "broker/node/topic_config.h"
#include "broker/node/topic_store.h"
#include "broker/protocol/outcome.h"
#include "broker/protocol/uuid.h"
#include "runtime/env.h"
#include "runtime/sync.h"

namespace faultline {

using ConfigOverrides = std::map<std::string, std::string>;
using EditConfig = std::function<Outcome<>(ConfigOverrides& overrides)>;

struct Topic {
  TopicRecord record;
  TopicConfig config;  // the broker's defaults with the overrides on top
  /// Shared with requests in flight, which may outlive the topic. A partition whose log cannot be opened is nullptr: offline.
  std::vector<std::shared_ptr<Partition>> partitions;
};

struct NewTopic {
  std::string name;
  std::int32_t partition_count = 0;
  ConfigOverrides overrides;
};

class Topics {
 public:
  /// Restores what the directory holds, as a new incarnation. Errors: corrupt, io_error, timed_out, cancelled.
  static Result<std::unique_ptr<Topics>> open(Env& env, DataDirectory& directory, const TopicConfig& defaults,
                                              Duration disk_timeout, Exhibits exhibits = {});

  const Topic* find(std::string_view name) const;
  const Topic* find(const protocol::Uuid& id) const;
  /// Sorted by name.
  const std::map<std::string, Topic, std::less<>>& all() const { return topics_; }

  /// Errors: UNKNOWN_TOPIC_OR_PARTITION; KAFKA_STORAGE_ERROR for a partition that is offline.
  Outcome<std::shared_ptr<Partition>> partition(std::string_view topic, std::int32_t index) const;
  Outcome<std::shared_ptr<Partition>> partition(const protocol::Uuid& topic, std::int32_t index) const;

  /// Every partition that is not offline; shared, so that the list can be walked across suspensions.
  std::vector<std::shared_ptr<Partition>> partitions() const;

  // Changes. All suspend, one at a time; with `validate_only` they check and change nothing.

  /// Errors: INVALID_TOPIC_EXCEPTION, TOPIC_ALREADY_EXISTS, INVALID_PARTITIONS, INVALID_CONFIG, KAFKA_STORAGE_ERROR.
  Outcome<protocol::Uuid> create(const NewTopic& topic, bool validate_only);
  /// Errors: UNKNOWN_TOPIC_OR_PARTITION, KAFKA_STORAGE_ERROR.
  Outcome<> remove(const std::string& name);
  /// Errors: UNKNOWN_TOPIC_OR_PARTITION, INVALID_PARTITIONS, KAFKA_STORAGE_ERROR.
  Outcome<> grow(const std::string& name, std::int32_t partition_count, bool validate_only);
  /// Lets `edit` change the overrides as they are when this change's turn has come. Errors: UNKNOWN_TOPIC_OR_PARTITION,
  /// INVALID_CONFIG, KAFKA_STORAGE_ERROR; those of `edit`.
  Outcome<> configure(const std::string& name, const EditConfig& edit, bool validate_only);

  /// Syncs and closes every log. Errors: the first failure; the others are closed all the same.
  Result<> close();

  /// The epoch in which this incarnation leads every partition.
  std::int32_t leader_epoch() const { return content_.incarnation; }

 private:
  Topics(Env& env, DataDirectory& directory, TopicConfig defaults, Duration disk_timeout, Exhibits exhibits);

  Result<> restore();
  Outcome<TopicConfig> effective_config(const ConfigOverrides& overrides) const;
  Result<std::shared_ptr<Partition>> lead(const PartitionId& id, const TopicConfig& config, std::unique_ptr<PartitionLog> log);
  Result<std::shared_ptr<Partition>> restore_partition(const PartitionId& id, const TopicConfig& config);
  Result<> add_partitions(Topic& topic, std::int32_t count);
  /// Whether a change may use the room that is kept for a full disk.
  enum class Room : std::uint8_t { free, reserved };
  Outcome<> commit(TopicStoreContent content, Room room = Room::free);
  Result<> save(const TopicStoreContent& content);
  Result<> make_room_for(const std::function<Result<>()>& change);
  void keep_room();
  Outcome<> settle();
  bool file_is_unchanged();
  Outcome<Mutex::Guard> lock();
  protocol::Uuid new_id();
  static Outcome<std::shared_ptr<Partition>> partition_of(const Topic& topic, std::int32_t index);
  Time disk_deadline() const { return after(env_.clock.now(), disk_timeout_); }

  // Constant after construction.
  Env& env_;
  DataDirectory& directory_;
  const TopicConfig defaults_;
  const Duration disk_timeout_;
  const Exhibits exhibits_;
  // Volatile; content_ mirrors what is on the disk, unless a change failed half-way.
  TopicStoreContent content_;
  bool file_is_uncertain_ = false;
  SpaceReserve reserve_;
  std::map<std::string, Topic, std::less<>> topics_;
  std::map<protocol::Uuid, std::string> names_by_id_;
  RandomStream ids_;
  Mutex changing_;
};

}  // namespace faultline
