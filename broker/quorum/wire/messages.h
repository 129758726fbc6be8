// What nodes of a quorum say to each other, as it is written: the structs of broker/raft/messages.h once more, in the types of the
// wire and with a table each. Only convert.cc knows both; the core stays free of codecs, and its structs may change without changing what is
// on the wire.
//
// `key` is a message's number in the frame. A field that a later version adds gets `since` and a default that means "not said".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "broker/protocol/records.h"
#include "broker/protocol/schema.h"
#include "broker/protocol/uuid.h"

namespace faultline::quorum::wire {

using protocol::field;
using protocol::Records;
using protocol::tagged;
using protocol::Uuid;
using protocol::Version;

struct ReplicaKey {
  std::int32_t node = 0;
  Uuid directory;  // zero: not known

  bool operator==(const ReplicaKey&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("node", &Self::node), field("directory", &Self::directory));
  }
};

struct Position {
  std::int32_t term = 0;
  std::int64_t index = 0;

  bool operator==(const Position&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("term", &Self::term), field("index", &Self::index));
  }
};

struct Voter {
  ReplicaKey key;
  std::string endpoint;

  bool operator==(const Voter&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("key", &Self::key), field("endpoint", &Self::endpoint));
  }
};

/// Just one of `command`, `leader`, `voters` is there.
struct Entry {
  Position at;
  std::optional<Records> command;
  std::optional<ReplicaKey> leader;
  std::optional<std::vector<Voter>> voters;

  bool operator==(const Entry&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("at", &Self::at), field("command", &Self::command), field("leader", &Self::leader, tagged(0, 0)),
                      field("voters", &Self::voters, tagged(1, 0)));
  }
};

struct SnapshotMeta {
  Position last;
  std::vector<Voter> voters;
  std::uint64_t size_bytes = 0;

  bool operator==(const SnapshotMeta&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("last", &Self::last), field("voters", &Self::voters), field("size_bytes", &Self::size_bytes));
  }
};

/// In front of every message. The cluster's id keeps a node that was given a wrong address out of somebody else's log. A message that names
/// the leader says where it is, too: who has slept through changes of the voters could not find it otherwise.
struct Envelope {
  std::string cluster_id;
  ReplicaKey from;
  ReplicaKey to;
  std::int32_t term = 0;
  std::string leader_endpoint{};  // "": not known, or no leader is named

  bool operator==(const Envelope&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("cluster_id", &Self::cluster_id), field("from", &Self::from), field("to", &Self::to),
                      field("term", &Self::term), field("leader_endpoint", &Self::leader_endpoint, tagged(0, 0)));
  }
};

struct VoteRequest {
  static constexpr std::int16_t key = 0;
  static constexpr Version latest_version = 0;

  Envelope envelope;
  std::int8_t kind = 0;  // 0: would you vote for me? 1: do
  Position last;

  bool operator==(const VoteRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("envelope", &Self::envelope), field("kind", &Self::kind), field("last", &Self::last));
  }
};

struct VoteReply {
  static constexpr std::int16_t key = 1;
  static constexpr Version latest_version = 0;

  Envelope envelope;
  std::int8_t kind = 0;
  bool granted = false;
  std::optional<ReplicaKey> leader;

  bool operator==(const VoteReply&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("envelope", &Self::envelope), field("kind", &Self::kind), field("granted", &Self::granted),
                      field("leader", &Self::leader));
  }
};

struct AppendRequest {
  static constexpr std::int16_t key = 2;
  static constexpr Version latest_version = 0;

  Envelope envelope;
  Position previous;
  std::vector<Entry> entries;
  std::int64_t commit = 0;
  std::uint64_t read_round = 0;

  bool operator==(const AppendRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("envelope", &Self::envelope), field("previous", &Self::previous), field("entries", &Self::entries),
                      field("commit", &Self::commit), field("read_round", &Self::read_round));
  }
};

struct AppendAccepted {
  static constexpr std::int16_t key = 3;
  static constexpr Version latest_version = 0;

  Envelope envelope;
  std::int64_t received = 0;
  std::int64_t durable = 0;
  std::uint64_t read_round = 0;

  bool operator==(const AppendAccepted&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("envelope", &Self::envelope), field("received", &Self::received), field("durable", &Self::durable),
                      field("read_round", &Self::read_round));
  }
};

struct AppendRejected {
  static constexpr std::int16_t key = 4;
  static constexpr Version latest_version = 0;

  Envelope envelope;
  std::int64_t previous = 0;
  Position hint;
  std::uint64_t read_round = 0;

  bool operator==(const AppendRejected&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("envelope", &Self::envelope), field("previous", &Self::previous), field("hint", &Self::hint),
                      field("read_round", &Self::read_round));
  }
};

struct SnapshotChunk {
  static constexpr std::int16_t key = 5;
  static constexpr Version latest_version = 0;

  Envelope envelope;
  SnapshotMeta snapshot;
  std::uint64_t offset = 0;
  Records data;
  std::uint64_t read_round = 0;

  bool operator==(const SnapshotChunk&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("envelope", &Self::envelope), field("snapshot", &Self::snapshot), field("offset", &Self::offset),
                      field("data", &Self::data), field("read_round", &Self::read_round));
  }
};

struct SnapshotProgress {
  static constexpr std::int16_t key = 6;
  static constexpr Version latest_version = 0;

  Envelope envelope;
  Position snapshot;
  std::uint64_t received_bytes = 0;
  std::uint64_t read_round = 0;

  bool operator==(const SnapshotProgress&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("envelope", &Self::envelope), field("snapshot", &Self::snapshot),
                      field("received_bytes", &Self::received_bytes), field("read_round", &Self::read_round));
  }
};

struct TimeoutNow {
  static constexpr std::int16_t key = 7;
  static constexpr Version latest_version = 0;

  Envelope envelope;

  bool operator==(const TimeoutNow&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("envelope", &Self::envelope));
  }
};

struct Observe {
  static constexpr std::int16_t key = 8;
  static constexpr Version latest_version = 0;

  Envelope envelope;
  Position last;

  bool operator==(const Observe&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("envelope", &Self::envelope), field("last", &Self::last));
  }
};

struct LeaderHint {
  static constexpr std::int16_t key = 9;
  static constexpr Version latest_version = 0;

  Envelope envelope;
  std::optional<ReplicaKey> leader;

  bool operator==(const LeaderHint&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("envelope", &Self::envelope), field("leader", &Self::leader));
  }
};

}  // namespace faultline::quorum::wire
