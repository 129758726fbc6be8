#include "broker/node/broker_config.h"

#include <algorithm>
#include <array>

#include "broker/node/properties.h"

namespace faultline {
namespace {

using Key = ConfigKey<BrokerConfig>;

// Some thirty years. Times are counted in nanoseconds, and a few of them are multiplied.
constexpr std::int64_t ms_max = 1'000'000'000'000;

constexpr std::array<std::string_view, 4> roles{"broker,controller", "controller,broker", "broker", "controller"};
constexpr std::array broker_keys{
    Key{"node.id", &BrokerConfig::node_id, "The number of this process in its cluster.", 0},
    Key{"process.roles", &BrokerConfig::process_roles, "What this process is: broker, controller, or both.", 0, 0, roles},
    Key{"cluster.id", &BrokerConfig::cluster_id, "The cluster's id; a data directory of another cluster is refused."},
    Key{"controller.listeners", &BrokerConfig::controller_listeners,
        "Where a controller accepts the quorum and the brokers: HOST:PORT. (Kafka names it among the listeners.)"},
    Key{"controller.quorum.bootstrap.servers", &BrokerConfig::controller_quorum_bootstrap_servers,
        "Where the quorum can be found: ID@HOST:PORT,... Without it the process is a cluster of one. (Kafka's form has no ids.)"},
    Key{"listeners", &BrokerConfig::listeners, "Where to accept connections: HOST:PORT."},
    Key{"advertised.listeners", &BrokerConfig::advertised_listeners,
        "Where clients are told to connect, if not to the listener."},
    Key{"broker.rack", &BrokerConfig::rack, "The rack or zone of this broker."},
    Key{"num.partitions", &BrokerConfig::num_partitions, "Partitions of a topic that is created without saying how many.", 1},
    Key{"auto.create.topics.enable", &BrokerConfig::auto_create_topics_enable,
        "Create a topic when a client asks for its metadata."},
    Key{"delete.topic.enable", &BrokerConfig::delete_topic_enable, "Whether topics can be deleted."},
    Key{"max.connections", &BrokerConfig::max_connections, "Connections beyond this are closed at once.", 1},
    Key{"connections.max.idle.ms", &BrokerConfig::connections_max_idle_ms,
        "A connection without a request for this long is closed.", 1, ms_max},
    Key{"socket.request.max.bytes", &BrokerConfig::socket_request_max_bytes, "A larger request closes its connection.", 1},
    Key{"queued.max.request.bytes", &BrokerConfig::queued_max_request_bytes,
        "Memory for requests with records that are being received or answered, and as much again for all others.", 1},
    Key{"fetch.max.bytes", &BrokerConfig::fetch_max_bytes,
        "The largest answer to a fetch, but for a first batch larger than this.", 1024},
    Key{"log.retention.check.interval.ms", &BrokerConfig::log_retention_check_interval_ms, "How often retention runs.", 1,
        ms_max},
    Key{"producer.id.expiration.ms", &BrokerConfig::producer_id_expiration_ms,
        "How long an idempotent producer that sends nothing is remembered, by each partition.", 1, ms_max},
    Key{"controller.quorum.fetch.timeout.ms", &BrokerConfig::controller_quorum_fetch_timeout_ms,
        "How long a voter that does not hear the quorum's leader waits, at least, before it stands for election.", 10, ms_max},
    Key{"controller.quorum.fetch.max.bytes", &BrokerConfig::controller_quorum_fetch_max_bytes,
        "How much of the metadata log goes to another node at once; a larger entry goes alone.", 1, 100 * 1024 * 1024},
    Key{"metadata.log.max.record.bytes.between.snapshots", &BrokerConfig::metadata_log_max_record_bytes_between_snapshots,
        "Bytes of metadata log after which a snapshot is taken.", 1024},
    Key{"broker.heartbeat.interval.ms", &BrokerConfig::broker_heartbeat_interval_ms,
        "How often a broker lets the controller hear of it.", 1, ms_max},
    Key{"broker.session.timeout.ms", &BrokerConfig::broker_session_timeout_ms,
        "A broker that was silent for this long is fenced: it leads nothing any more.", 1, ms_max},
    Key{"controlled.shutdown.max.wait.ms", &BrokerConfig::controlled_shutdown_max_wait_ms,
        "How long a broker that stops waits until others lead what it led. (Kafka has no such limit.)", 0, ms_max},
    Key{"default.replication.factor", &BrokerConfig::default_replication_factor,
        "Replicas of a topic that is created without saying how many.", 1, INT16_MAX},
    Key{"auto.leader.rebalance.enable", &BrokerConfig::auto_leader_rebalance_enable,
        "Whether preferred leaders get their partitions back by themselves."},
    Key{"leader.imbalance.check.interval.seconds", &BrokerConfig::leader_imbalance_check_interval_seconds,
        "How often preferred leaders are looked after.", 1, 1'000'000},
    Key{"replica.lag.time.max.ms", &BrokerConfig::replica_lag_time_max_ms,
        "A follower that has not been caught up for this long leaves the in-sync set.", 1, ms_max},
    Key{"replica.fetch.wait.max.ms", &BrokerConfig::replica_fetch_wait_max_ms,
        "How long a leader holds a follower's fetch back while there is nothing new.", 1, 60'000},
    Key{"replica.fetch.response.max.bytes", &BrokerConfig::replica_fetch_response_max_bytes,
        "The largest answer that a follower asks for, but for a first batch larger than this.", 1},
    Key{"follower.replication.throttled.rate", &BrokerConfig::follower_replication_throttled_rate,
        "Bytes a second that this broker fetches, at most, for replicas that are not in sync.", 1},
    Key{"request.receive.timeout.ms", &BrokerConfig::request_receive_timeout_ms,
        "A request that takes longer to arrive than this, from its first byte to its last, closes its connection. (Kafka has no "
        "such limit.)",
        1, ms_max},
    Key{"disk.timeout.ms", &BrokerConfig::disk_timeout_ms,
        "A disk operation that takes longer than this counts as failed, and so takes its log offline. (Kafka has no such limit.)",
        1, ms_max},
};
constexpr ConfigTable<BrokerConfig> table{broker_keys};

constexpr std::array topic_defaults{
    TopicDefaultKey{"compression.type", "compression.type"},
    TopicDefaultKey{"log.cleanup.policy", "cleanup.policy"},
    TopicDefaultKey{"log.flush.interval.messages", "flush.messages"},
    TopicDefaultKey{"log.index.interval.bytes", "index.interval.bytes"},
    TopicDefaultKey{"log.message.timestamp.type", "message.timestamp.type"},
    TopicDefaultKey{"log.retention.bytes", "retention.bytes"},
    TopicDefaultKey{"log.retention.ms", "retention.ms"},
    TopicDefaultKey{"log.retention.minutes", "retention.ms", 60'000},
    TopicDefaultKey{"log.retention.hours", "retention.ms", 3'600'000},
    TopicDefaultKey{"log.roll.ms", "segment.ms"},
    TopicDefaultKey{"log.roll.hours", "segment.ms", 3'600'000},
    TopicDefaultKey{"log.segment.bytes", "segment.bytes"},
    TopicDefaultKey{"log.segment.delete.delay.ms", "file.delete.delay.ms"},
    TopicDefaultKey{"message.max.bytes", "max.message.bytes"},
    TopicDefaultKey{"min.insync.replicas", "min.insync.replicas"},
    TopicDefaultKey{"unclean.leader.election.enable", "unclean.leader.election.enable"},
};

Result<> set_topic_default(BrokerConfig& config, const TopicDefaultKey& alias, std::string_view value) {
  if (alias.scale == 1) {
    Result<> set = topic_config_table().set(config.topic_defaults, alias.topic_key, value);
    // Name the key that the user wrote.
    if (!set)
      return Error(Errc::invalid_argument, std::string(alias.broker_key) + set.error().detail.substr(alias.topic_key.size()));
    return {};
  }
  const std::int64_t units = TRY(config_detail::parse_integer(alias.broker_key, value, -1, INT64_MAX / alias.scale));
  return topic_config_table().set(config.topic_defaults, alias.topic_key, std::to_string(units < 0 ? -1 : units * alias.scale));
}

Result<Endpoint> parse_listener(std::string_view text) {
  constexpr std::string_view plaintext = "PLAINTEXT://";
  if (text.starts_with(plaintext)) text.remove_prefix(plaintext.size());
  if (text.find("://") != std::string_view::npos || text.find(',') != std::string_view::npos) {
    return Error(Errc::invalid_argument, "expected one PLAINTEXT listener, HOST:PORT, got '" + std::string(text) + "'");
  }
  Result<Endpoint> endpoint = parse_endpoint(text);
  if (!endpoint) return Error(Errc::invalid_argument, endpoint.error().detail);
  return endpoint;
}

}  // namespace

const ConfigTable<BrokerConfig>& broker_config_table() { return table; }
std::span<const TopicDefaultKey> topic_default_keys() { return topic_defaults; }

Result<> BrokerConfig::validate() const {
  TRY(listen_endpoint());
  TRY(bootstrap_servers());
  if (!is_alone() && has_controller_role()) TRY(controller_listen_endpoint());
  if (is_alone() && !(has_broker_role() && has_controller_role())) {
    return Error(Errc::invalid_argument,
                 "process.roles: a cluster of one needs both roles; controller.quorum.bootstrap.servers names a larger one");
  }
  if (broker_session_timeout_ms <= broker_heartbeat_interval_ms) {
    return Error(Errc::invalid_argument,
                 "broker.session.timeout.ms is not longer than broker.heartbeat.interval.ms: every broker would be fenced");
  }
  const Endpoint advertised = TRY(advertised_endpoint());
  if (advertised.host == "0.0.0.0" || advertised.host == "::") {
    return Error(Errc::invalid_argument, "advertised.listeners: clients cannot connect to " + advertised.host +
                                             "; set advertised.listeners to a host name that they can reach");
  }
  if (topic_defaults.max_message_bytes > socket_request_max_bytes) {
    return Error(Errc::invalid_argument, "message.max.bytes is larger than socket.request.max.bytes");
  }
  if (queued_max_request_bytes < socket_request_max_bytes) {
    return Error(Errc::invalid_argument,
                 "queued.max.request.bytes is smaller than socket.request.max.bytes: the largest request would wait for ever");
  }
  return {};
}

Result<Endpoint> BrokerConfig::listen_endpoint() const { return parse_listener(listeners); }

Result<Endpoint> BrokerConfig::advertised_endpoint() const {
  return parse_listener(advertised_listeners.empty() ? listeners : advertised_listeners);
}

Result<Endpoint> BrokerConfig::controller_listen_endpoint() const {
  Result<Endpoint> endpoint = parse_endpoint(controller_listeners);
  if (!endpoint) return Error(Errc::invalid_argument, "controller.listeners: " + endpoint.error().detail);
  return endpoint;
}

Result<std::map<std::int32_t, Endpoint>> BrokerConfig::bootstrap_servers() const {
  std::map<std::int32_t, Endpoint> servers;
  std::string_view rest = controller_quorum_bootstrap_servers;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view one = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const std::size_t at = std::min(one.find('@'), one.size());
    const Result<std::int64_t> id = config_detail::parse_integer("node id", one.substr(0, at), 0, INT32_MAX);
    Result<Endpoint> endpoint = parse_endpoint(one.substr(std::min(at + 1, one.size())));
    if (!id || !endpoint || !servers.emplace(static_cast<std::int32_t>(*id), *endpoint).second) {
      return Error(Errc::invalid_argument, "controller.quorum.bootstrap.servers: expected ID@HOST:PORT,..., each id once, got '" +
                                               std::string(one) + "'");
    }
  }
  return servers;
}

Result<> set_broker_config(BrokerConfig& config, std::string_view key, std::string_view value) {
  for (const TopicDefaultKey& alias : topic_defaults) {
    if (alias.broker_key == key) return set_topic_default(config, alias, value);
  }
  if (table.find(key) != nullptr) return table.set(config, key, value);
  std::vector<std::string_view> known = table.names();
  for (const TopicDefaultKey& alias : topic_defaults) known.push_back(alias.broker_key);
  return config_detail::unknown_key(key, known);
}

Result<> read_properties(BrokerConfig& config, std::string_view file_name, std::string_view text) {
  return parse_properties(file_name, text,
                          [&](std::string_view key, std::string_view value) { return set_broker_config(config, key, value); });
}

}  // namespace faultline
