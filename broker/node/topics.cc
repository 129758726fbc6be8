#include "broker/node/topics.h"

#include <algorithm>
#include <utility>

#include "broker/metadata/topic_name.h"

namespace faultline {
namespace {

constexpr TracePoint topic_created{"topics.created", TraceLevel::info};
constexpr TracePoint topic_deleted{"topics.deleted", TraceLevel::info};
constexpr TracePoint log_left_over{"topics.log_left_over", TraceLevel::warning};
constexpr TracePoint no_reserve{"topics.no_reserve", TraceLevel::warning};
constexpr TracePoint partition_offline{"topics.partition_offline", TraceLevel::error};

constexpr std::int32_t partitions_max = 100'000;

// What a delete on a full disk takes: the new list of topics beside the old one, and some blocks of the file system's own.
constexpr std::uint64_t reserve_bytes_min = 64 * 1024;

Outcome<> check_count(std::int32_t count) {
  if (count < 1) return Refusal(ErrorCode::invalid_partitions, "a topic needs at least one partition");
  if (count > partitions_max)
    return Refusal(ErrorCode::invalid_partitions, "more than " + std::to_string(partitions_max) + " partitions");
  return {};
}

Outcome<> storage_outcome(const Result<>& result) {
  if (result) return {};
  return Refusal(ErrorCode::kafka_storage_error, to_string(result.error()));
}

}  // namespace

Topics::Topics(Env& env, DataDirectory& directory, TopicConfig defaults, Duration disk_timeout, Exhibits exhibits)
    : env_(env),
      directory_(directory),
      defaults_(std::move(defaults)),
      disk_timeout_(disk_timeout),
      exhibits_(exhibits),
      reserve_(env.disk),
      ids_(env.random.stream("topic ids")) {}

Result<std::unique_ptr<Topics>> Topics::open(Env& env, DataDirectory& directory, const TopicConfig& defaults,
                                             Duration disk_timeout, Exhibits exhibits) {
  std::unique_ptr<Topics> topics(new Topics(env, directory, defaults, disk_timeout, exhibits));
  TRY(topics->restore());
  return topics;
}

Result<> Topics::restore() {
  content_ = TRY(load_topic_store(env_.disk, disk_deadline()));
  const bool first_start = content_.incarnation == 0;
  std::vector<PartitionId> known;
  for (const auto& [name, record] : content_.topics) {
    for (std::int32_t i = 0; i < record.partition_count; ++i) known.push_back({name, i});
  }
  // Without its list of topics a directory with logs in it is damaged, not new: its logs are not leftovers.
  if (first_start && TRY(directory_.holds_logs()))
    return Error(Errc::corrupt, "the data directory has partitions but no topics.json");
  TRY(directory_.remove_leftovers(known));
  // Durable before anything is served: the next incarnation must not lead in this epoch again.
  ++content_.incarnation;
  TRY(make_room_for([&] { return save(content_); }));
  keep_room();
  for (const auto& [name, record] : content_.topics) {
    Outcome<TopicConfig> config = effective_config(record.overrides);
    if (!config) return Error(Errc::corrupt, "topic " + name + ": " + config.error().message);
    Topic topic{record, std::move(*config), {}};
    for (std::int32_t i = 0; i < record.partition_count; ++i) {
      topic.partitions.push_back(TRY(restore_partition(PartitionId{name, i}, topic.config)));
    }
    names_by_id_[record.id] = name;
    topics_.emplace(name, std::move(topic));
  }
  return {};
}

Result<std::shared_ptr<Partition>> Topics::restore_partition(const PartitionId& id, const TopicConfig& config) {
  Result<std::unique_ptr<PartitionLog>> log = directory_.open_log(id, log_config_of(config, disk_timeout_, exhibits_));
  Result<std::shared_ptr<Partition>> partition =
      log ? lead(id, config, std::move(*log)) : Result<std::shared_ptr<Partition>>(log.error());
  if (partition || partition.error() == Errc::cancelled) return partition;
  // One bad log takes its partition offline, not the broker.
  const std::string why = to_string(partition.error());
  env_.trace.emit(partition_offline, {{"topic", id.topic}, {"partition", id.index}, {"why", why}});
  return std::shared_ptr<Partition>();
}

Result<std::shared_ptr<Partition>> Topics::lead(const PartitionId& id, const TopicConfig& config,
                                                std::unique_ptr<PartitionLog> log) {
  TRY(log->begin_epoch(leader_epoch()));
  return std::make_shared<Partition>(env_, id, leader_epoch(), config, std::move(log), exhibits_);
}

const Topic* Topics::find(std::string_view name) const {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : &found->second;
}

const Topic* Topics::find(const protocol::Uuid& id) const {
  const auto found = names_by_id_.find(id);
  return found == names_by_id_.end() ? nullptr : find(found->second);
}

Outcome<std::shared_ptr<Partition>> Topics::partition_of(const Topic& topic, std::int32_t index) {
  if (index < 0 || static_cast<std::size_t>(index) >= topic.partitions.size()) {
    return Refusal(ErrorCode::unknown_topic_or_partition, topic.record.name + " has no partition " + std::to_string(index));
  }
  const std::shared_ptr<Partition>& partition = topic.partitions[static_cast<std::size_t>(index)];
  if (partition == nullptr) return Refusal(ErrorCode::kafka_storage_error, "the partition's log cannot be opened");
  return partition;
}

Outcome<std::shared_ptr<Partition>> Topics::partition(std::string_view topic, std::int32_t index) const {
  const Topic* found = find(topic);
  if (found == nullptr) return Refusal(ErrorCode::unknown_topic_or_partition, "no topic '" + std::string(topic) + "'");
  return partition_of(*found, index);
}

Outcome<std::shared_ptr<Partition>> Topics::partition(const protocol::Uuid& topic, std::int32_t index) const {
  const Topic* found = find(topic);
  if (found == nullptr) return Refusal(ErrorCode::unknown_topic_id, "no topic with id " + to_string(topic));
  return partition_of(*found, index);
}

std::vector<std::shared_ptr<Partition>> Topics::partitions() const {
  std::vector<std::shared_ptr<Partition>> all;
  for (const auto& [name, topic] : topics_) {
    for (const std::shared_ptr<Partition>& partition : topic.partitions) {
      if (partition != nullptr) all.push_back(partition);
    }
  }
  return all;
}

Outcome<TopicConfig> Topics::effective_config(const ConfigOverrides& overrides) const {
  TopicConfig config = defaults_;
  for (const auto& [key, value] : overrides) {
    const Result<> set = topic_config_table().set(config, key, value);
    if (!set) return Refusal(ErrorCode::invalid_config, set.error().detail);
  }
  return config;
}

protocol::Uuid Topics::new_id() {
  // The zero id means "none"; a drawn one is as good as never zero, and never twice the same.
  protocol::Uuid id;
  do {
    const std::uint64_t high = ids_.next();
    const std::uint64_t low = ids_.next();
    id = protocol::Uuid::of(high, low);
  } while (id.is_zero() || names_by_id_.contains(id));
  return id;
}

Result<> Topics::save(const TopicStoreContent& content) { return save_topic_store(env_.disk, content, disk_deadline()); }

/// For what must be possible on a full disk as well. Errors: those of `change`.
Result<> Topics::make_room_for(const std::function<Result<>()>& change) {
  Result<> changed = change();
  if (changed || !(changed.error() == Errc::no_space)) return changed;
  if (!reserve_.release(disk_deadline())) return changed;
  return change();
}

/// After make_room_for(). That there is none now is no failure of anything: it is tried again at the next occasion.
void Topics::keep_room() {
  const std::uint64_t bytes = std::max<std::uint64_t>(reserve_bytes_min, 2 * encode_topic_store(content_).size());
  const Result<> held = reserve_.hold(bytes, disk_deadline());
  if (!held) env_.trace.emit(no_reserve, {{"error", to_string(held.error().code)}});
}

Outcome<> Topics::commit(TopicStoreContent content, Room room) {
  const auto save_it = [&] { return save(content); };
  const Result<> saved = room == Room::reserved ? make_room_for(save_it) : save_it();
  if (saved) {
    content_ = std::move(content);
    if (room == Room::free) keep_room();  // the list may have outgrown it
    return {};
  }
  file_is_uncertain_ = saved.error() == Errc::timed_out || saved.error() == Errc::cancelled || !file_is_unchanged();
  return storage_outcome(saved);
}

/// Whether the file that a crash would leave is surely the old one: the new one has not taken its name.
bool Topics::file_is_unchanged() {
  const Result<TopicStoreContent> present = load_topic_store(env_.disk, disk_deadline());
  return present && *present == content_;
}

/// Writes the file again after a change that failed half-way, so that it says what is true.
Outcome<> Topics::settle() {
  if (!file_is_uncertain_) return {};
  TRY(storage_outcome(make_room_for([&] { return save(content_); })));
  file_is_uncertain_ = false;
  return {};
}

Result<> Topics::add_partitions(Topic& topic, std::int32_t count) {
  for (auto index = static_cast<std::int32_t>(topic.partitions.size()); index < count; ++index) {
    const PartitionId id{topic.record.name, index};
    std::unique_ptr<PartitionLog> log = TRY(directory_.create_log(id, log_config_of(topic.config, disk_timeout_, exhibits_)));
    topic.partitions.push_back(TRY(lead(id, topic.config, std::move(log))));
  }
  return {};
}

Outcome<protocol::Uuid> Topics::create(const NewTopic& wanted, bool validate_only) {
  TRY(metadata::check_topic_name(wanted.name));
  TRY(check_count(wanted.partition_count));
  Topic topic;
  topic.config = TRY(effective_config(wanted.overrides));
  const Mutex::Guard guard = TRY(lock());
  if (find(wanted.name) != nullptr) return Refusal(ErrorCode::topic_already_exists, "topic '" + wanted.name + "' already exists");
  if (validate_only) return protocol::Uuid{};
  const protocol::Uuid id = new_id();
  topic.record = {wanted.name, id, wanted.partition_count, wanted.overrides};
  // The topic exists from the moment the file names it; logs that a crash leaves without a name are leftovers.
  TRY(storage_outcome(add_partitions(topic, wanted.partition_count)));
  TopicStoreContent content = content_;
  content.topics[wanted.name] = topic.record;
  TRY(commit(std::move(content)));
  names_by_id_[id] = wanted.name;
  topics_[wanted.name] = std::move(topic);
  env_.trace.emit(topic_created, {{"topic", wanted.name}, {"partitions", wanted.partition_count}});
  return id;
}

Outcome<> Topics::remove(const std::string& name) {
  const Mutex::Guard guard = TRY(lock());
  const auto found = topics_.find(name);
  if (found == topics_.end()) return Refusal(ErrorCode::unknown_topic_or_partition, "no topic '" + name + "'");
  TopicStoreContent content = content_;
  content.topics.erase(name);
  Outcome<> committed = commit(std::move(content), Room::reserved);
  if (!committed) {
    // If the file cannot be put right, the topic may be gone at the next start: nothing more may be acknowledged on it.
    if (!settle()) {
      for (std::shared_ptr<Partition>& partition : found->second.partitions) {
        if (const std::shared_ptr<Partition> offline = std::exchange(partition, nullptr)) offline->retire();
      }
    }
    return committed;
  }
  const Topic topic = std::move(found->second);
  topics_.erase(found);
  names_by_id_.erase(topic.record.id);
  env_.trace.emit(topic_deleted, {{"topic", name}});
  for (const std::shared_ptr<Partition>& partition : topic.partitions) {
    if (partition != nullptr) partition->resign();
  }
  for (const std::shared_ptr<Partition>& partition : topic.partitions) {
    if (partition != nullptr) partition->retire();
  }
  // The topic is gone whatever happens from here on: what cannot be removed is a leftover, for the next start or the next topic
  // of this name.
  for (std::int32_t i = 0; i < topic.record.partition_count; ++i) {
    const PartitionId id{name, i};
    const Result<> away = make_room_for([&] { return directory_.delete_log(id); });
    if (!away) env_.trace.emit(log_left_over, {{"log", to_string(id)}, {"error", to_string(away.error().code)}});
  }
  keep_room();
  return {};
}

Outcome<> Topics::grow(const std::string& name, std::int32_t partition_count, bool validate_only) {
  TRY(check_count(partition_count));
  const Mutex::Guard guard = TRY(lock());
  const auto found = topics_.find(name);
  if (found == topics_.end()) return Refusal(ErrorCode::unknown_topic_or_partition, "no topic '" + name + "'");
  const std::int32_t present = found->second.record.partition_count;
  if (partition_count <= present) {
    return Refusal(ErrorCode::invalid_partitions,
                   "the topic has " + std::to_string(present) + " partitions; their number can only grow");
  }
  if (validate_only) return {};
  Topic grown = found->second;
  grown.record.partition_count = partition_count;
  TRY(storage_outcome(add_partitions(grown, partition_count)));
  TopicStoreContent content = content_;
  content.topics[name].partition_count = partition_count;
  TRY(commit(std::move(content)));
  topics_[name] = std::move(grown);
  return {};
}

Outcome<> Topics::configure(const std::string& name, const EditConfig& edit, bool validate_only) {
  const Mutex::Guard guard = TRY(lock());
  const auto found = topics_.find(name);
  if (found == topics_.end()) return Refusal(ErrorCode::unknown_topic_or_partition, "no topic '" + name + "'");
  ConfigOverrides overrides = found->second.record.overrides;
  TRY(edit(overrides));
  const TopicConfig config = TRY(effective_config(overrides));
  if (validate_only) return {};
  TopicStoreContent content = content_;
  content.topics[name].overrides = overrides;
  TRY(commit(std::move(content)));
  found->second.record.overrides = overrides;
  found->second.config = config;
  for (const std::shared_ptr<Partition>& partition : found->second.partitions) {
    if (partition != nullptr) TRY(partition->configure(config, disk_timeout_));
  }
  return {};
}

Result<> Topics::close() {
  Result<> closed;
  for (const std::shared_ptr<Partition>& partition : partitions()) {
    partition->resign();
    const Result<> one = partition->log().close();
    if (closed && !one) closed = one;
  }
  return closed;
}

Outcome<Mutex::Guard> Topics::lock() {
  Result<Mutex::Guard> guard = changing_.lock();
  if (!guard) return Refusal(guard.error());
  TRY(settle());
  return std::move(*guard);
}

}  // namespace faultline
