#include "broker/node/broker_config.h"

#include <array>

#include "broker/node/properties.h"

namespace faultline {
namespace {

using Key = ConfigKey<BrokerConfig>;
constexpr std::array broker_keys{
    Key{"node.id", &BrokerConfig::node_id, "The number of this broker in its cluster.", 0},
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
        "A connection without a request for this long is closed.", 1},
    Key{"socket.request.max.bytes", &BrokerConfig::socket_request_max_bytes, "A larger request closes its connection.", 1},
    Key{"queued.max.request.bytes", &BrokerConfig::queued_max_request_bytes,
        "Memory for requests that are being received or answered.", 1},
    Key{"fetch.max.bytes", &BrokerConfig::fetch_max_bytes,
        "The largest answer to a fetch, but for a first batch larger than this.", 1024},
    Key{"log.retention.check.interval.ms", &BrokerConfig::log_retention_check_interval_ms, "How often retention runs.", 1},
    Key{"producer.id.expiration.ms", &BrokerConfig::producer_id_expiration_ms,
        "How long an idempotent producer that sends nothing is remembered, by each partition.", 1},
    Key{"request.receive.timeout.ms", &BrokerConfig::request_receive_timeout_ms,
        "A request that takes longer to arrive than this, from its first byte to its last, closes its connection. (Kafka has no "
        "such limit.)",
        1},
    Key{"disk.timeout.ms", &BrokerConfig::disk_timeout_ms,
        "A disk operation that takes longer than this counts as failed, and so takes its log offline. (Kafka has no such limit.)",
        1},
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
