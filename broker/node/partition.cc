#include "broker/node/partition.h"

#include <algorithm>
#include <utility>

namespace faultline {

std::string to_string(const PartitionId& id) { return id.topic + "-" + std::to_string(id.index); }

LogConfig log_config_of(const TopicConfig& config, Duration disk_timeout, Exhibits exhibits) {
  // Kafka's users write the greatest number there is for "never".
  const auto time = [](std::int64_t ms) { return std::min(ms, longest_ms); };
  LogConfig log;
  log.segment_bytes = config.segment_bytes;
  log.segment_ms = time(config.segment_ms);
  log.index_interval_bytes = config.index_interval_bytes;
  log.retention_ms = time(config.retention_ms);
  log.retention_bytes = config.retention_bytes;
  log.flush_messages = config.flush_messages;
  log.max_message_bytes = config.max_message_bytes;
  log.file_delete_delay_ms = time(config.file_delete_delay_ms);
  log.exhibits = exhibits;
  log.io_timeout_ms = std::chrono::ceil<std::chrono::milliseconds>(disk_timeout).count();
  return log;
}

Partition::Partition(PartitionHost& host, metadata::Uuid topic_id, PartitionId id, const TopicConfig& config,
                     std::unique_ptr<PartitionLog> log)
    : host_(host),
      topic_id_(topic_id),
      id_(std::move(id)),
      config_(config),
      log_(std::move(log)),
      high_watermark_(log_->noted_high_watermark()),
      watched_start_(log_->log_start()),
      tasks_(host.env.tasks) {
  log_->on_progress([this] { on_log_progress(); });
  log_->on_written([this] { on_log_written(); });
}

// What is under way ends with the tasks, and has nobody left to tell.
Partition::~Partition() {
  role_.emplace<Idle>();
  log_->on_progress({});
  log_->on_written({});
}

const replication::Leader* Partition::leading() const {
  const auto* role = std::get_if<Leading>(&role_);
  return role == nullptr ? nullptr : &role->rules;
}

const replication::Follower* Partition::following() const {
  const auto* role = std::get_if<Following>(&role_);
  return role == nullptr ? nullptr : &role->rules;
}

BrokerId Partition::leader() const {
  if (leads()) return host_.self;
  const auto* role = std::get_if<Following>(&role_);
  return role == nullptr ? replication::no_broker : role->leader;
}

std::int32_t Partition::leader_epoch() const {
  if (const replication::Leader* rules = leading()) return rules->leader_epoch();
  if (const replication::Follower* rules = following()) return rules->leader_epoch();
  return replication::no_epoch;
}

std::int64_t Partition::high_watermark() const {
  if (const replication::Leader* rules = leading()) return rules->high_watermark();
  const replication::Follower* rules = following();
  const std::int64_t known = rules == nullptr ? high_watermark_ : rules->high_watermark();
  // What lies before the log's start was committed, or nobody would have deleted it; a log that is being cut ends where it is cut.
  return std::clamp(known, log_->log_start(), log_->log_end());
}

Outcome<> Partition::check_leader_epoch(std::int32_t leader_epoch, ReadFrom from) const {
  const bool serves = from == ReadFrom::leader ? leads() : !std::holds_alternative<Idle>(role_);
  if (!serves) return Refusal(ErrorCode::not_leader_or_follower);
  switch (replication::check_epoch(leader_epoch, this->leader_epoch())) {
    case replication::EpochCheck::current: return {};
    case replication::EpochCheck::fenced: return Refusal(ErrorCode::fenced_leader_epoch);
    case replication::EpochCheck::unknown: return Refusal(ErrorCode::unknown_leader_epoch);
  }
  return {};
}

// --- what the log tells ---

replication::LeaderLog Partition::leader_log() const {
  return {.start = log_->log_start(), .durable_end = log_->stable_end(), .end = log_->written_end()};
}

replication::FollowerLog Partition::follower_log() const {
  return {.start = log_->log_start(), .end = log_->log_end(), .epochs = log_->epochs()};
}

void Partition::on_log_progress() {
  if (log_->fenced() && !failure_told_) {
    failure_told_ = true;
    host_.log_failed(*this);
  }
  if (auto* role = std::get_if<Leading>(&role_)) {
    const replication::LeaderEffects effects = role->rules.log_moved(leader_log(), host_.env.clock.now());
    role->rules.check_invariants();
    take(effects);
    // Whoever waits for the leader's disk alone is waiting for this.
    progress_.notify_all();
  } else if (std::holds_alternative<Following>(role_)) {
    stored();
  }
  // A consumer has nothing of records that are durable here alone.
  if (std::exchange(watched_start_, log_->log_start()) != log_->log_start() || log_->fenced()) wake_watchers(watchers_);
  wake_watchers(replica_watchers_);
}

// What is written can be fetched by followers, while it is being synced here.
void Partition::on_log_written() {
  if (!replica_watchers_.empty()) wake_watchers(replica_watchers_);
}

void Partition::take(const replication::LeaderEffects& effects) {
  if (effects.watermark_moved) log_->note_high_watermark(high_watermark());
  if (effects.watermark_moved || effects.isr_changed) wake_all();
  if (effects.propose) host_.propose(*this, *effects.propose);
}

void Partition::wake_watchers(const std::vector<Event*>& watchers) {
  for (Event* watcher : watchers) watcher->set();
}

void Partition::wake_all() {
  progress_.notify_all();
  wake_watchers(watchers_);
  wake_watchers(replica_watchers_);
}

// --- trimming and settings ---

Result<> Partition::configure(const TopicConfig& config) {
  config_ = config;
  configured_ = false;
  TRY(log_->configure(log_config_of(config, host_.disk_timeout, host_.exhibits)));
  configured_ = true;
  return {};
}

}  // namespace faultline
