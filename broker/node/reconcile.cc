// How replicas follow the metadata. A comparison never suspends: it ends roles that are over, hands on what needs no disk, and leaves the
// rest to a fiber for each partition. Such a job works towards the target as it is when it looks, until there is nothing left to do, so
// that of several changes in a row only the last is carried out.
#include <algorithm>
#include <utility>

#include "broker/node/replicas.h"

namespace faultline {
namespace {

constexpr TracePoint step_failed{"replicas.step_failed", TraceLevel::warning};
constexpr TracePoint log_dropped{"replicas.log_dropped", TraceLevel::warning};
constexpr TracePoint log_removed{"replicas.log_removed", TraceLevel::info};

// A step that failed, for want of space for instance, is tried again.
constexpr Duration retry_pause = 1s;

replication::PartitionState state_of(const metadata::PartitionRecord& record) {
  return {.leader = record.leader,
          .leader_epoch = record.leader_epoch,
          .partition_epoch = record.partition_epoch,
          .replicas = record.replicas,
          .isr = record.isr,
          .recovering = record.recovering};
}

}  // namespace

void Replicas::learn(const metadata::ClusterImage& image, metadata::BrokerEpoch self_epoch) {
  image_ = &image;
  self_epoch_ = self_epoch;
  news_.set();
}

void Replicas::follow_metadata() {
  while (news_.wait()) {
    news_.reset();
    compare();
  }
}

void Replicas::compare() {
  const metadata::BrokerRecord* self = image_->broker(config_.broker_id);
  // What an earlier incarnation did is no business of this one: until the metadata know it, nothing in them is for it.
  const bool registered = self != nullptr && self_epoch_ != metadata::no_broker_epoch && self->broker_epoch == self_epoch_;
  compared_before_ = std::exchange(compared_, image_->applied());
  const bool brokers_changed = learn_brokers();
  isr_updates_.set_broker_epoch(registered ? self_epoch_ : metadata::no_broker_epoch);
  for (auto& [leader, fetcher] : fetchers_) fetcher->set_broker_epoch(self_epoch_);
  if (!registered) {
    for (auto& [name, slot] : slots_) {
      if (slot.partition != nullptr) slot.partition->end_role();
    }
  } else {
    if (!std::exchange(damage_reported_, true)) forget_damage();
    for (const auto& [id, topic] : image_->topics()) compare_topic(topic, brokers_changed);
    for (auto& [name, slot] : slots_) {
      const metadata::PartitionRecord* record = image_->partition(name.topic_id, name.partition);
      if (record == nullptr || !replication::contains(record->replicas, config_.broker_id)) aim(name, slot, std::nullopt);
    }
  }
  move_applied();
}

// Returns: whether anything that replication looks at is different.
bool Replicas::learn_brokers() {
  if (brokers_as_of_ == image_->brokers_as_of()) return false;
  brokers_as_of_ = image_->brokers_as_of();
  bool same = true;
  for (const auto& [id, record] : image_->brokers()) {
    const replication::BrokerStatus status{record.broker_epoch, record.fenced, record.shutting_down};
    const auto [known, is_new] = host_.brokers.try_emplace(id, status);
    same = same && !is_new && known->second == status;
    known->second = status;
  }
  if (host_.brokers.size() == image_->brokers().size()) return !same;
  std::erase_if(host_.brokers, [&](const auto& known) { return image_->broker(known.first) == nullptr; });
  return true;
}

void Replicas::compare_topic(const metadata::TopicImage& topic, bool brokers_changed) {
  std::optional<TopicConfig> config;
  for (const metadata::PartitionRecord& record : topic.partitions) {
    if (!replication::contains(record.replicas, config_.broker_id)) continue;
    if (!config) config = settings_of(topic.name);
    Slot& slot = slots_[{record.topic_id, record.partition}];
    const bool same_state = slot.target && slot.target->state.partition_epoch == record.partition_epoch &&
                            slot.target->state.leader_epoch == record.leader_epoch;
    const bool stuck = same_state && !slot.job_runs && !hopeless(slot) && !carried_out(slot);  // its role was taken from it
    if (!same_state || slot.target->config != *config || stuck) {
      aim({record.topic_id, record.partition}, slot,
          Target{.id = {topic.name, record.partition}, .state = state_of(record), .config = *config});
    } else if (brokers_changed && slot.partition != nullptr) {
      slot.partition->learn(slot.target->state, slot.target->config.min_insync_replicas);
    }
  }
}

TopicConfig Replicas::settings_of(const std::string& topic) const {
  if (config_.topic_config) return config_.topic_config(*image_, topic);
  TopicConfig config = config_.topic_defaults;
  for (const auto& [key, value] : image_->config(metadata::ConfigScope::topic, topic)) {
    // The controller has let nothing else in.
    static_cast<void>(topic_config_table().set(config, key, value));
  }
  return config;
}

// Does at once what can be done at once: a role that is over ends now, and an in-sync set of the same epoch needs no disk.
void Replicas::aim(const PartitionName& name, Slot& slot, std::optional<Target> target) {
  if (!target && !slot.target && slot.job_runs) return;  // it goes already
  Partition* const partition = slot.partition.get();
  if (partition != nullptr) {
    const bool same_epoch = target && partition->leader_epoch() == target->state.leader_epoch;
    if (!same_epoch) partition->end_role();
    if (same_epoch) partition->learn(target->state, target->config.min_insync_replicas);
  }
  slot.target = std::move(target);
  ++slot.version;
  if (!slot.job_runs && !carried_out(slot)) start_job(name, slot);
}

/// Whether nothing is left to do for the target.
bool Replicas::carried_out(const Slot& slot) {
  if (!slot.target || slot.partition == nullptr) return false;
  const Partition& partition = *slot.partition;
  const replication::PartitionState& state = slot.target->state;
  if (!partition.configured() || partition.config() != slot.target->config) return false;
  if (state.leader == replication::no_broker) return partition.leader_epoch() == replication::no_epoch;
  return partition.leader_epoch() == state.leader_epoch && partition.leader() == state.leader;
}

/// A failed disk does not get better, and a log that is refused stays refused: somebody has to look, or another target comes.
bool Replicas::hopeless(const Slot& slot) {
  return slot.bad_log || (slot.partition != nullptr && slot.partition->log().fenced());
}

void Replicas::start_job(const PartitionName& name, Slot& slot) {
  slot.job_runs = true;
  const std::int64_t since = compared_before_;
  under_way_.insert(since);
  jobs_.spawn("replicas.change", [this, name, since] { work_on(name, since); });
}

void Replicas::work_on(const PartitionName& name, std::int64_t since) {
  bool waited_for = true;
  // Metadata count as carried out also if a disk stands in the way: that partition is offline then.
  const auto tried = [&] {
    if (!std::exchange(waited_for, false)) return;
    under_way_.erase(under_way_.find(since));
    move_applied();
  };
  for (;;) {
    Slot& slot = slots_.at(name);  // stays where it is while its job runs
    const std::uint64_t version = slot.version;
    const Result<> done = slot.target ? step(name, slot) : remove(slot);
    if (!done && done.error() == Errc::cancelled) return;
    if (!done) {
      const std::string text = to_string(slot.id);
      const std::string why = to_string(done.error());
      env_.trace.emit(step_failed, {{"partition", text}, {"why", why}});
    }
    if (done && slot.version != version) continue;
    tried();
    if (slot.version != version) continue;
    if (!done && !hopeless(slot)) {
      if (!sleep_until(after(env_.clock.now(), retry_pause))) return;
      continue;
    }
    slot.job_runs = false;
    if (done && !slot.target) slots_.erase(name);
    slot_freed_.notify_all();
    return;
  }
}

/// One partition's way to its target. Suspends; the target may be another one afterwards.
Result<> Replicas::step(const PartitionName& name, Slot& slot) {
  const Target target = *slot.target;
  if (slot.bad_log) {
    // If others are trusted with what it holds, it can be fetched anew. Else it is kept for whoever can repair it; and so is one that a
    // disk kept from being opened: operations of that attempt may still come to land under its name.
    const bool led_elsewhere = target.state.leader != replication::no_broker && target.state.leader != config_.broker_id;
    if (!led_elsewhere || !slot.refused) return Error(Errc::corrupt, "its log cannot be opened");
    env_.trace.emit(log_dropped, {{"partition", to_string(slot.id)}, {"leader", target.state.leader}});
    TRY(directory_.delete_log(slot.id));
    slot.bad_log = false;
  }
  if (slot.partition == nullptr) TRY(make(name, slot, target));
  const std::shared_ptr<Partition> partition = slot.partition;
  if (partition->leader_epoch() != target.state.leader_epoch) partition->end_role();
  if (!partition->configured() || partition->config() != target.config) TRY(partition->configure(target.config));
  if (target.state.leader == replication::no_broker || !slot.target || *slot.target != target) return {};
  if (partition->leader_epoch() == target.state.leader_epoch) {
    partition->learn(target.state, target.config.min_insync_replicas);
    return {};
  }
  return target.state.leader == config_.broker_id ? partition->begin_leading(target.state)
                                                  : partition->begin_following(target.state);
}

Result<> Replicas::make(const PartitionName& name, Slot& slot, const Target& target) {
  // A topic of the same name that is on its way out still has the directory.
  TRY(slot_freed_.wait_until([&] {
    return std::ranges::none_of(slots_, [&](const auto& other) { return other.first != name && other.second.id == target.id; });
  }));
  slot.id = target.id;
  const LogConfig config = log_config_of(target.config, config_.disk_timeout, config_.exhibits);
  std::unique_ptr<PartitionLog> log = TRY(directory_.create_log(target.id, name.topic_id, config));
  slot.partition = std::make_shared<Partition>(host_, name.topic_id, target.id, target.config, std::move(log));
  return slot.partition->configure(target.config);
}

Result<> Replicas::remove(Slot& slot) {
  if (slot.partition != nullptr) {
    // In the slot, not on this fiber: a crash drops the youngest fiber first, which must not take the log from under the others.
    slot.leaving = std::exchange(slot.partition, nullptr);
    slot.leaving->retire();
    slot.leaving = nullptr;
  }
  if (slot.id == PartitionId{}) return {};  // it was never made
  TRY(directory_.delete_log(slot.id));
  env_.trace.emit(log_removed, {{"partition", to_string(slot.id)}});
  slot.id = {};
  slot.bad_log = false;
  return {};
}

// The controller has been told, and what it decided upon that is in the metadata.
void Replicas::forget_damage() {
  for (const PartitionName& name : damaged_) {
    const std::shared_ptr<Partition> partition = slots_.at(name).partition;
    if (partition == nullptr) continue;
    jobs_.spawn("replicas.damage", [partition] { static_cast<void>(partition->log().forget_damage()); });
  }
}

void Replicas::move_applied() {
  applied_ = under_way_.empty() ? compared_ : std::min(compared_, *under_way_.begin());
  if (applied_listener_) applied_listener_(applied_);
  applied_moved_.notify_all();
}

Result<> Replicas::wait_applied(std::int64_t applied, Time deadline) {
  return applied_moved_.wait_until([&] { return applied_ >= applied; }, deadline);
}

ReplicaFetcher& Replicas::fetcher_of(BrokerId leader) {
  std::unique_ptr<ReplicaFetcher>& fetcher = fetchers_[leader];
  if (fetcher == nullptr) {
    const FetcherConfig config{.self = config_.broker_id,
                               .wait_max = config_.fetch_wait_max,
                               .timeout = config_.fetch_timeout,
                               .bytes_max = config_.fetch_bytes_max,
                               .partition_bytes_max = config_.partition_bytes_max};
    fetcher = std::make_unique<ReplicaFetcher>(env_, peers_, config, leader, throttle_);
    fetcher->set_broker_epoch(self_epoch_);
    tasks_.spawn("replicas.fetcher", [fetcher = fetcher.get()] { fetcher->run(); });
  }
  return *fetcher;
}

}  // namespace faultline
