// The records of the cluster's metadata: what the controller decides, one committed record after the other, and every broker
// replays into the same picture (broker/metadata/image.h).
//
// A record holds the whole new state of one thing, not a change of it: applying is then a plain replacement, a snapshot is the list of
// what there is, and nothing has to be added up twice in the same way. Each record is described once, by its table, as Kafka's own
// messages are; new fields are tagged ones. Format: docs/formats/metadata.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/slice.h"
#include "broker/protocol/schema.h"
#include "broker/protocol/uuid.h"
#include "broker/replication/partition_state.h"

namespace faultline::metadata {

using protocol::Uuid;

using replication::BrokerId;
using replication::no_broker;
/// One incarnation of a broker: greater than any that was given before, for any broker.
using BrokerEpoch = std::int64_t;

inline constexpr BrokerEpoch no_broker_epoch = -1;

struct Endpoint {
  std::string listener;
  std::string host;
  std::uint16_t port = 0;

  bool operator==(const Endpoint&) const = default;

  template <class Self>
  static constexpr auto fields() {
    using protocol::field;
    return std::tuple(field("listener", &Self::listener), field("host", &Self::host), field("port", &Self::port));
  }
};

/// The levels of a feature that a broker can work at.
struct FeatureRange {
  std::string name;
  std::int16_t min = 0;
  std::int16_t max = 0;

  bool operator==(const FeatureRange&) const = default;
  bool contains(std::int16_t level) const { return level >= min && level <= max; }

  template <class Self>
  static constexpr auto fields() {
    using protocol::field;
    return std::tuple(field("name", &Self::name), field("min", &Self::min), field("max", &Self::max));
  }
};

/// A broker that has registered; it stays until it is unregistered, also while it is down.
struct BrokerRecord {
  BrokerId broker_id = no_broker;
  BrokerEpoch broker_epoch = no_broker_epoch;
  Uuid incarnation;  // drawn by the process at its start
  std::vector<Endpoint> endpoints;
  std::optional<std::string> rack;
  std::vector<Uuid> directories;
  bool fenced = true;          // leads nothing, is in no ISR: silent for too long, or not yet caught up with the metadata
  bool shutting_down = false;  // has asked to go, and gives its leaderships away
  std::vector<FeatureRange> features;

  bool operator==(const BrokerRecord&) const = default;

  /// May lead, and be in an ISR.
  bool active() const { return !fenced && !shutting_down; }

  template <class Self>
  static constexpr auto fields() {
    using protocol::field;
    return std::tuple(field("broker_id", &Self::broker_id), field("broker_epoch", &Self::broker_epoch),
                      field("incarnation", &Self::incarnation), field("endpoints", &Self::endpoints), field("rack", &Self::rack),
                      field("directories", &Self::directories), field("fenced", &Self::fenced),
                      field("shutting_down", &Self::shutting_down), field("features", &Self::features, protocol::tagged(0, 0)));
  }
};

struct RemoveBrokerRecord {
  BrokerId broker_id = no_broker;

  bool operator==(const RemoveBrokerRecord&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(protocol::field("broker_id", &Self::broker_id));
  }
};

struct TopicRecord {
  Uuid topic_id;
  std::string name;

  bool operator==(const TopicRecord&) const = default;

  template <class Self>
  static constexpr auto fields() {
    using protocol::field;
    return std::tuple(field("topic_id", &Self::topic_id), field("name", &Self::name));
  }
};

/// Its partitions and its configuration go with it.
struct RemoveTopicRecord {
  Uuid topic_id;

  bool operator==(const RemoveTopicRecord&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(protocol::field("topic_id", &Self::topic_id));
  }
};

/// Invariants: isr, elr, last_known_elr, adding and removing are parts of replicas; the first three are disjoint; the leader is in the ISR.
struct PartitionRecord {
  Uuid topic_id;
  std::int32_t partition = 0;
  std::vector<BrokerId> replicas;  // in order of preference; those of a reassignment under way included
  std::vector<BrokerId> adding;
  std::vector<BrokerId> removing;
  std::vector<BrokerId> isr;             // the committed one
  std::vector<BrokerId> elr;             // eligible leader replicas (KIP-966): out of the ISR, but with all that is committed
  std::vector<BrokerId> last_known_elr;  // had all of it last, and may have kept the most, should ISR and ELR be empty
  BrokerId leader = no_broker;
  std::int32_t leader_epoch = 0;     // grows with every change of the leader, also to none
  std::int32_t partition_epoch = 0;  // grows with every change
  bool recovering = false;           // elected uncleanly; until the leader has said that it is done, it is alone in the ISR

  bool operator==(const PartitionRecord&) const = default;

  template <class Self>
  static constexpr auto fields() {
    using protocol::field;
    return std::tuple(field("topic_id", &Self::topic_id), field("partition", &Self::partition),
                      field("replicas", &Self::replicas), field("adding", &Self::adding), field("removing", &Self::removing),
                      field("isr", &Self::isr), field("elr", &Self::elr), field("last_known_elr", &Self::last_known_elr),
                      field("leader", &Self::leader), field("leader_epoch", &Self::leader_epoch),
                      field("partition_epoch", &Self::partition_epoch), field("recovering", &Self::recovering));
  }
};

/// Numbers as in Kafka's config APIs.
enum class ConfigScope : std::int8_t { topic = 2, broker = 4 };

struct ConfigRecord {
  ConfigScope scope = ConfigScope::topic;
  std::string name;  // of the topic; of the broker its id, or "" for all of them
  std::string key;
  std::optional<std::string> value;  // nothing: back to the default

  bool operator==(const ConfigRecord&) const = default;

  template <class Self>
  static constexpr auto fields() {
    using protocol::field;
    return std::tuple(field("scope", &Self::scope), field("name", &Self::name), field("key", &Self::key),
                      field("value", &Self::value));
  }
};

/// All producer ids below this one are given away.
struct ProducerIdsRecord {
  std::int64_t next_producer_id = 0;

  bool operator==(const ProducerIdsRecord&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(protocol::field("next_producer_id", &Self::next_producer_id));
  }
};

/// The first record of a snapshot: how many records are behind the picture that follows.
struct SnapshotRecord {
  std::int64_t applied = 0;

  bool operator==(const SnapshotRecord&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(protocol::field("applied", &Self::applied));
  }
};

/// The level of a feature that the whole cluster works at (KIP-584).
struct FeatureRecord {
  std::string name;
  std::int16_t level = 0;  // 0: the feature is off

  bool operator==(const FeatureRecord&) const = default;

  template <class Self>
  static constexpr auto fields() {
    using protocol::field;
    return std::tuple(field("name", &Self::name), field("level", &Self::level));
  }
};

/// On the wire a record's type is its place in this list: new ones go to the end.
using Record = std::variant<SnapshotRecord, BrokerRecord, RemoveBrokerRecord, TopicRecord, RemoveTopicRecord, PartitionRecord,
                            ConfigRecord, ProducerIdsRecord, FeatureRecord>;

/// Records that take effect together, as one entry of the quorum's log.
Slice encode(std::span<const Record> records);

/// Errors: truncated, malformed, unsupported (of a later version of this program).
Result<std::vector<Record>> decode(const Slice& bytes);

/// One line, for traces: "Partition {topic_id=..., ...}".
std::string to_string(const Record& record);

}  // namespace faultline::metadata
