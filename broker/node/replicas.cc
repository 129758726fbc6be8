// Opening, lookup, closing. How replicas follow the metadata: reconcile.cc.
#include "broker/node/replicas.h"

#include <algorithm>
#include <utility>

namespace faultline {
namespace {

constexpr TracePoint partition_offline{"replicas.offline", TraceLevel::error};
constexpr TracePoint partition_damaged{"replicas.damaged", TraceLevel::warning};

// Leaders look for followers that have fallen behind this often in the time after which they count as behind.
constexpr int ticks_per_lag_time = 2;

// Recovery reads and writes; so many at once keep a disk busy without making everything late.
constexpr std::uint64_t openings_at_once = 8;

}  // namespace

Replicas::Replicas(Env& env, DataDirectory& directory, const ReplicasConfig& config, Peers peers)
    : env_(env),
      directory_(directory),
      config_(config),
      peers_(std::move(peers)),
      host_{.env = env,
            .self = config.broker_id,
            .lag_time_max = config.lag_time_max,
            .disk_timeout = config.disk_timeout,
            .fetch_backoff = config.fetch_backoff,
            .exhibits = config.exhibits,
            .brokers = {},
            .rack_of =
                [this](BrokerId id) {
                  const metadata::BrokerRecord* broker = image_ == nullptr ? nullptr : image_->broker(id);
                  return broker == nullptr || !broker->rack ? std::string_view() : std::string_view(*broker->rack);
                },
            .propose = [this](Partition& partition,
                              const replication::IsrProposal& proposal) { isr_updates_.submit(partition, proposal); },
            .may_fetch = [this](Partition& partition, BrokerId leader) { fetcher_of(leader).add(partition); },
            .log_failed = [this](Partition& partition) { note_failure(partition); }},
      throttle_(config.catch_up_bytes_per_second),
      isr_updates_(env, peers_, config.broker_id),
      jobs_(env.tasks),
      tasks_(env.tasks) {}

Replicas::~Replicas() = default;

Result<std::unique_ptr<Replicas>> Replicas::open(Env& env, DataDirectory& directory, const ReplicasConfig& config, Peers peers) {
  std::unique_ptr<Replicas> replicas(new Replicas(env, directory, config, std::move(peers)));
  TRY(replicas->open_logs());
  Replicas* self = replicas.get();
  self->tasks_.spawn("replicas.metadata", [self] { self->follow_metadata(); });
  self->tasks_.spawn("replicas.ticks", [self] { self->tick_leaders(); });
  self->tasks_.spawn("replicas.isr", [self] { self->isr_updates_.run(); });
  return replicas;
}

Result<> Replicas::open_logs() {
  const std::vector<DataDirectory::FoundDirectory> found = TRY(directory_.find_logs());
  Semaphore places(openings_at_once);
  Result<> opened;
  TaskGroup openings(env_.tasks);
  for (const DataDirectory::FoundDirectory& directory : found) {
    TRY(places.acquire());
    openings.spawn("replicas.open", [&] {
      const Result<> one = open_one(directory);
      if (opened && !one) opened = one;
      places.release();
    });
  }
  openings.join();
  return opened;
}

// Topics' settings are not known yet: what matters for reading what is there has no settings, and what is known is applied later.
Result<> Replicas::open_one(const DataDirectory::FoundDirectory& found) {
  const TopicConfig& settings = config_.topic_defaults;
  DataDirectory::FoundLog log = TRY(directory_.open_log(found, log_config_of(settings, config_.disk_timeout, config_.exhibits)));
  const PartitionName name{log.topic_id, log.id.index};
  const std::string text = to_string(log.id);
  if (log.damaged) {
    damaged_.insert(name);
    env_.trace.emit(partition_damaged, {{"partition", text}});
  }
  Slot& slot = slots_[name];
  slot.id = log.id;
  slot.bad_log = log.log == nullptr;
  slot.refused = log.refused;
  if (slot.bad_log) {
    env_.trace.emit(partition_offline, {{"partition", text}});
    return {};
  }
  slot.partition = std::make_shared<Partition>(host_, log.topic_id, log.id, settings, std::move(log.log));
  return {};
}

std::vector<PartitionName> Replicas::damaged() const { return {damaged_.begin(), damaged_.end()}; }

Outcome<std::shared_ptr<Partition>> Replicas::in_slot(const metadata::TopicImage& topic, std::int32_t index) const {
  if (index < 0 || static_cast<std::size_t>(index) >= topic.partitions.size()) {
    return Refusal(ErrorCode::unknown_topic_or_partition, topic.name + " has no partition " + std::to_string(index));
  }
  const auto found = slots_.find({topic.id, index});
  if (found == slots_.end()) return Refusal(ErrorCode::not_leader_or_follower, "this broker has no replica of it");
  if (found->second.bad_log) return Refusal(ErrorCode::kafka_storage_error, "the partition's log cannot be opened");
  if (found->second.partition == nullptr) return Refusal(ErrorCode::not_leader_or_follower, "the replica is being made");
  return found->second.partition;
}

Outcome<std::shared_ptr<Partition>> Replicas::partition(std::string_view topic, std::int32_t index) const {
  const metadata::TopicImage* found = image_ == nullptr ? nullptr : image_->topic(topic);
  if (found == nullptr) return Refusal(ErrorCode::unknown_topic_or_partition, "no topic '" + std::string(topic) + "'");
  return in_slot(*found, index);
}

Outcome<std::shared_ptr<Partition>> Replicas::partition(const metadata::Uuid& topic, std::int32_t index) const {
  const metadata::TopicImage* found = image_ == nullptr ? nullptr : image_->topic(topic);
  if (found == nullptr) return Refusal(ErrorCode::unknown_topic_id, "no topic with id " + to_string(topic));
  return in_slot(*found, index);
}

std::vector<std::shared_ptr<Partition>> Replicas::partitions() const {
  std::vector<std::shared_ptr<Partition>> all;
  for (const auto& [name, slot] : slots_) {
    if (slot.partition != nullptr) all.push_back(slot.partition);
  }
  return all;
}

std::vector<PartitionName> Replicas::offline() const {
  std::vector<PartitionName> names;
  for (const auto& [name, slot] : slots_) {
    if (slot.bad_log) names.push_back(name);
  }
  return names;
}

std::optional<controller::LogEnd> Replicas::log_end(const PartitionName& name) const {
  const auto found = slots_.find(name);
  if (found == slots_.end() || found->second.partition == nullptr) return std::nullopt;
  const PartitionLog& log = found->second.partition->log();
  if (log.fenced()) return std::nullopt;
  const bool empty = log.log_end() == log.log_start();
  return controller::LogEnd{empty ? -1 : log.epochs().epoch_at(log.log_end() - 1).value_or(-1), log.log_end()};
}

// Also noted on the disk, if that still works: after a failed sync this log is not one that has kept what it promised.
void Replicas::note_failure(Partition& partition) {
  jobs_.spawn("replicas.damage", [kept = partition.shared_from_this()] { static_cast<void>(kept->log().note_damage()); });
  if (disk_failure_) return;
  disk_failure_ = partition.log().fence_reason();
  if (failure_listener_) failure_listener_();
}

void Replicas::tick_leaders() {
  while (sleep_until(after(env_.clock.now(), config_.lag_time_max / ticks_per_lag_time))) {
    for (auto& [name, slot] : slots_) {
      if (slot.partition != nullptr) slot.partition->tick();
    }
  }
}

void Replicas::resign() {
  tasks_.cancel();
  tasks_.join();
  jobs_.cancel();
  jobs_.join();
  for (const std::shared_ptr<Partition>& partition : partitions()) partition->end_role();
}

Result<> Replicas::close() {
  resign();
  Result<> closed;
  TaskGroup closings(env_.tasks);
  for (const std::shared_ptr<Partition>& partition : partitions()) {
    closings.spawn("replicas.close", [&closed, partition] {
      const Result<> one = partition->log().close();
      if (closed && !one) closed = one;
    });
  }
  closings.join();
  return closed;
}

}  // namespace faultline
