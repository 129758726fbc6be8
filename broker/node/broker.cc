#include "broker/node/broker.h"

#include <algorithm>
#include <utility>

#include "broker/node/clean_shutdown.h"
#include "broker/node/effective_config.h"
#include "broker/node/format.h"
#include "broker/protocol/allocate_producer_ids.h"
#include "broker/protocol/alter_partition.h"
#include "runtime/companions.h"

namespace faultline {
namespace {

constexpr TracePoint retention_failed{"node.retention_failed", TraceLevel::warning};
constexpr TracePoint formatted{"node.formatted", TraceLevel::info};

// A leader is heard of this many times in the time after which it counts as lost.
constexpr int heartbeats_per_timeout = 5;

// How long a voter that may go stays for others that may not yet, and for answers that are on their way to them.
constexpr Duration patience_with_leavers = 1s;
constexpr Duration last_words = 100ms;

Duration milliseconds(std::int64_t count) { return std::chrono::milliseconds(count); }

protocol::Uuid draw_id(RandomStream& ids) {
  const std::uint64_t high = ids.next();
  const std::uint64_t low = ids.next();
  return protocol::Uuid::of(high, low);
}

/// Whether there is such a setting, and it can be changed while a broker runs: of a broker's own only the defaults of topics can.
Outcome<> check_config_key(metadata::ConfigScope scope, std::string_view key) {
  if (scope == metadata::ConfigScope::topic) {
    if (topic_config_table().find(key) != nullptr) return {};
    return Refusal(ErrorCode::invalid_config, config_detail::unknown_key(key, topic_config_table().names()).detail);
  }
  const auto keys = topic_default_keys();
  if (std::ranges::any_of(keys, [&](const TopicDefaultKey& alias) { return alias.broker_key == key; })) return {};
  if (broker_config_table().find(key) != nullptr)
    return Refusal(ErrorCode::invalid_config, std::string(key) + " cannot be changed while the broker runs");
  BrokerConfig unused;
  return Refusal(ErrorCode::invalid_config, set_broker_config(unused, key, "").error().detail);
}

/// Whether these settings, all that would be set there, are legal.
Outcome<> check_config(metadata::ConfigScope scope, const metadata::ConfigValues& values) {
  for (const auto& [key, value] : values) {
    TRY(check_config_key(scope, key));
    TopicConfig topic;
    BrokerConfig broker;
    const Result<> set = scope == metadata::ConfigScope::topic ? topic_config_table().set(topic, key, value)
                                                               : set_broker_config(broker, key, value);
    if (!set) return Refusal(ErrorCode::invalid_config, set.error().detail);
  }
  return {};
}

}  // namespace

Broker::Broker(Env& env, const BrokerConfig& config, Endpoint advertised)
    : env_(env), config_(config), advertised_(std::move(advertised)), tasks_(env.tasks) {}

Time Broker::disk_deadline() const { return after(env_.clock.now(), milliseconds(config_.disk_timeout_ms)); }

Result<std::unique_ptr<Broker>> Broker::open(Env& env, const BrokerConfig& config) {
  TRY(config.validate());
  Endpoint advertised = TRY(config.advertised_endpoint());
  std::unique_ptr<Broker> broker(new Broker(env, config, std::move(advertised)));
  TRY(broker->open_directory());
  TRY(broker->join_quorum());
  if (config.has_broker_role()) TRY(broker->open_replicas());
  return broker;
}

// A directory that was never used becomes the only voter of a cluster of its own, or a newcomer without a vote: what an earlier
// directory of this node has promised, this one does not know.
Result<> Broker::open_directory() {
  const Duration disk_timeout = milliseconds(config_.disk_timeout_ms);
  Result<std::unique_ptr<DataDirectory>> directory = DataDirectory::open(env_, config_.node_id, disk_timeout);
  if (!directory && directory.error() == Errc::not_found) {
    RandomStream ids = env_.random.stream("storage ids");
    StorageFormat format;
    format.node_id = config_.node_id;
    format.directory_id = draw_id(ids);
    format.cluster_id = config_.cluster_id;
    if (config_.is_alone()) {
      if (format.cluster_id.empty()) format.cluster_id = to_string(draw_id(ids));
      format.voters =
          raft::VoterSet({{.key = replica_key(config_.node_id, format.directory_id), .endpoint = config_.controller_listeners}});
    } else if (format.cluster_id.empty()) {
      return Error(Errc::invalid_argument, "cluster.id: a new data directory must be told which cluster it belongs to");
    }
    TRY(format_storage(env_, format, disk_timeout));
    env_.trace.emit(formatted, {{"cluster", format.cluster_id}, {"directory", to_string(format.directory_id)}});
    directory = DataDirectory::open(env_, config_.node_id, disk_timeout);
  }
  directory_ = TRY(std::move(directory));
  if (!config_.cluster_id.empty() && config_.cluster_id != directory_->cluster_id()) {
    return Error(Errc::invalid_argument,
                 "the data directory belongs to cluster " + directory_->cluster_id() + ", not to " + config_.cluster_id);
  }
  previous_epoch_ = TRY(take_clean_shutdown(env_.disk, disk_deadline()));
  return {};
}

Result<> Broker::join_quorum() {
  quorum::NodeConfig node;
  node.cluster_id = directory_->cluster_id();
  node.self = replica_key(config_.node_id, directory_->directory_id());
  node.io_timeout = milliseconds(config_.disk_timeout_ms);
  node.snapshot_after_bytes = static_cast<std::uint64_t>(config_.metadata_log_max_record_bytes_between_snapshots);
  node.raft.election_timeout = milliseconds(config_.controller_quorum_fetch_timeout_ms);
  node.raft.heartbeat_interval = node.raft.election_timeout / heartbeats_per_timeout;
  node.raft.max_append_bytes = static_cast<std::size_t>(config_.controller_quorum_fetch_max_bytes);
  node.raft.exhibits = config_.exhibits;
  for (const auto& [id, endpoint] : TRY(config_.bootstrap_servers())) {
    node.bootstrap[raft::NodeId(id)] = endpoint;
    node.raft.bootstrap.push_back(raft::NodeId(id));
  }
  Result<std::unique_ptr<quorum::Node>> opened = quorum::Node::open(env_, std::move(node), metadata_);
  if (!opened && opened.error() == Errc::not_found) {
    return Error(Errc::corrupt, "the data directory is formatted, but what its node has voted and its metadata are not there: " +
                                    opened.error().detail + "; restore it, or start on an empty directory");
  }
  quorum_ = TRY(std::move(opened));
  if (config_.has_controller_role())
    service_ = std::make_unique<control::ControllerService>(env_, *quorum_, metadata_, controller_config());
  client::ConnectionConfig connections;
  connections.client_id = "broker-" + std::to_string(config_.node_id);
  connections.request_timeout = milliseconds(config_.broker_session_timeout_ms);
  connections.setup_timeout = milliseconds(config_.broker_heartbeat_interval_ms);
  channel_ = std::make_unique<control::ControllerChannel>(env_, *quorum_, metadata_, service_.get(), connections);
  return {};
}

controller::ControllerConfig Broker::controller_config() const {
  controller::ControllerConfig config;
  config.cluster_id = directory_->cluster_id();
  config.session_timeout = milliseconds(config_.broker_session_timeout_ms);
  config.leader_balance_interval = std::chrono::seconds(config_.leader_imbalance_check_interval_seconds);
  config.leader_balance = config_.auto_leader_rebalance_enable;
  config.default_partitions = config_.num_partitions;
  config.default_replication = config_.default_replication_factor;
  config.default_min_insync_replicas = config_.topic_defaults.min_insync_replicas;
  config.default_unclean_election = config_.topic_defaults.unclean_leader_election_enable;
  config.default_flush_messages = config_.topic_defaults.flush_messages;
  config.exhibits = config_.exhibits;
  config.check_config = check_config;
  config.check_config_key = check_config_key;
  return config;
}

Result<> Broker::open_replicas() {
  peers_ = std::make_unique<PeerConnections>(env_, metadata_.image());
  ReplicasConfig replicas;
  replicas.broker_id = config_.node_id;
  replicas.topic_defaults = config_.topic_defaults;
  replicas.disk_timeout = milliseconds(config_.disk_timeout_ms);
  replicas.lag_time_max = milliseconds(config_.replica_lag_time_max_ms);
  replicas.fetch_wait_max = milliseconds(config_.replica_fetch_wait_max_ms);
  replicas.fetch_bytes_max = config_.replica_fetch_response_max_bytes;
  const std::int64_t throttle = config_.follower_replication_throttled_rate;
  replicas.catch_up_bytes_per_second = throttle == INT64_MAX ? 0 : throttle;
  replicas.exhibits = config_.exhibits;
  replicas.topic_config = [this](const metadata::ClusterImage& image, std::string_view topic) {
    return effective_topic_config(config_, image, topic);
  };
  Peers peers;
  peers.fetch = [this](metadata::BrokerId broker, const protocol::FetchRequest& request, Time deadline) {
    return peers_->fetch(broker, request, deadline);
  };
  peers.alter_partition = [this](const protocol::AlterPartitionRequest& request, Time deadline, bool& repeated) {
    return channel_->call(request, deadline, &repeated);
  };
  replicas_ = TRY(Replicas::open(env_, *directory_, replicas, std::move(peers)));
  producer_ids_ = std::make_unique<ProducerIds>([this](Time deadline) -> Outcome<ProducerIds::Block> {
    protocol::AllocateProducerIdsRequest request;
    request.broker_id = config_.node_id;
    request.broker_epoch = lifecycle_->epoch();
    const Result<protocol::AllocateProducerIdsResponse> answer = channel_->call(request, deadline);
    if (!answer) return Refusal(ErrorCode::coordinator_not_available, to_string(answer.error()));
    if (answer->error_code != ErrorCode::none) return Refusal(ErrorCode::coordinator_not_available);
    return ProducerIds::Block{answer->producer_id_start, answer->producer_id_len};
  });
  lifecycle_ =
      std::make_unique<Lifecycle>(env_, *channel_, identity(), reports(), milliseconds(config_.broker_heartbeat_interval_ms));
  replicas_->on_applied([this](std::int64_t applied) { lifecycle_->carried_out(applied); });
  replicas_->on_disk_failure([this] { lifecycle_->disk_failed(); });
  return {};
}

BrokerIdentity Broker::identity() {
  return {.broker_id = config_.node_id,
          .cluster_id = directory_->cluster_id(),
          .directory_id = directory_->directory_id(),
          .rack = config_.rack,
          .previous_epoch = previous_epoch_,
          .damaged = replicas_->damaged()};
}

BrokerReports Broker::reports() {
  return {.applied = [this] { return replicas_->applied(); },
          .disk_failure = [this] { return replicas_->disk_failure(); },
          .log_end = [this](const controller::PartitionName& partition) { return replicas_->log_end(partition); }};
}

/// Called after each step of the quorum that changed the image, and when this incarnation has got its epoch.
void Broker::follow_metadata() { replicas_->learn(metadata_.image(), lifecycle_->epoch()); }

Result<> Broker::run() {
  Companions parts(env_.tasks);
  parts.start("quorum", [this] { return quorum_->run(); });
  if (service_ != nullptr) parts.start("controller", [this] { return service_->run(); });
  if (replicas_ != nullptr) {
    metadata_.on_change([this] { follow_metadata(); });
    parts.start("lifecycle",
                [this] { return lifecycle_->run(advertised_, [this](metadata::BrokerEpoch) { follow_metadata(); }); });
    parts.start("maintenance", [this] { return maintain(); });
  }
  TRY(parts.wait());
  return parts.end();
}

Result<> Broker::wait_ready(Time deadline) {
  if (lifecycle_ == nullptr) return {};
  return lifecycle_->wait_active(deadline);
}

Result<> Broker::wait_metadata(std::int64_t applied, Time deadline) { return replicas_->wait_applied(applied, deadline); }

void Broker::leave(Duration patience) {
  // A controller that has gone has a successor within about two of its timeouts; if there is none by then, nobody is left to ask.
  const Duration unheard = 2 * milliseconds(config_.controller_quorum_fetch_timeout_ms);
  if (lifecycle_ != nullptr) lifecycle_->leave(after(env_.clock.now(), patience), unheard);
  resign();
  if (config_.has_controller_role()) wait_for_others();
}

void Broker::resign() {
  if (replicas_ != nullptr) replicas_->resign();
}

bool Broker::others_leave() const {
  return std::ranges::any_of(metadata_.image().brokers(), [this](const auto& entry) {
    return entry.first != config_.node_id && entry.second.shutting_down && !entry.second.fenced;
  });
}

// A whole cluster is stopped at once: that a broker may go has to be committed, and the last ones would wait for a majority in vain.
void Broker::wait_for_others() {
  if (!others_leave()) return;
  static_cast<void>(metadata_.wait_until([this] { return !others_leave(); }, after(env_.clock.now(), patience_with_leavers)));
  // They are still to be told.
  static_cast<void>(sleep_until(after(env_.clock.now(), last_words)));
}

Result<> Broker::maintain() {
  for (;;) {
    TRY(sleep_until(after(env_.clock.now(), milliseconds(config_.log_retention_check_interval_ms))));
    for (const std::shared_ptr<Partition>& partition : replicas_->partitions()) {
      const Result<> tidied = partition->tidy(milliseconds(config_.producer_id_expiration_ms));
      if (tidied) continue;
      if (tidied.error() == Errc::cancelled) return tidied;
      const std::string name = to_string(partition->id());
      env_.trace.emit(retention_failed, {{"log", name}, {"error", to_string(tidied.error().code)}});
    }
  }
}

Result<> Broker::close() {
  if (replicas_ == nullptr) return {};
  TRY(replicas_->close());
  if (lifecycle_->epoch() == metadata::no_broker_epoch) return {};
  return note_clean_shutdown(env_.disk, lifecycle_->epoch(), disk_deadline());
}

}  // namespace faultline
