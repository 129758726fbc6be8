// Messages of a quorum as a sender could make them, every kind with every shape of its parts, and what it means that two are equal.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/random.h"
#include "broker/raft/messages.h"

namespace faultline::quorum {

class Arbitrary {
 public:
  explicit Arbitrary(std::uint64_t seed) : random_(seed) {}

  raft::Message message(std::size_t kind) {
    raft::Message message;
    message.from = key();
    message.to = key();
    message.term = raft::Term(static_cast<std::int32_t>(random_.between(100, INT32_MAX)));
    message.body = body(kind);
    return message;
  }

  std::string text() { return bytes(20); }

 private:
  bool flip() { return random_.below(2) == 0; }
  std::string bytes(std::size_t most) {
    std::string result(random_.below(most + 1), '\0');
    for (char& c : result) c = static_cast<char>(random_.below(256));
    return result;
  }
  raft::Index index() { return raft::Index(flip() ? random_.between(0, 50) : random_.between(0, std::int64_t{1} << 60)); }
  raft::Position position() {
    const raft::Term term(static_cast<std::int32_t>(random_.between(0, 50)));
    return {term, index()};
  }
  raft::ReplicaKey key() {
    raft::ReplicaKey result;
    result.node = raft::NodeId(static_cast<std::int32_t>(random_.between(0, INT32_MAX)));
    if (flip()) return result;
    result.directory.high = random_.next();
    result.directory.low = random_.next();
    return result;
  }
  std::optional<raft::ReplicaKey> maybe_key() {
    if (flip()) return std::nullopt;
    return key();
  }
  raft::VoterSet voters() {
    std::vector<raft::Voter> result;
    for (std::int32_t node = static_cast<std::int32_t>(random_.below(5)); node > 0; --node) {
      raft::Voter voter{key(), text()};
      voter.key.node = raft::NodeId(node);
      result.push_back(std::move(voter));
    }
    return raft::VoterSet(std::move(result));
  }
  raft::SnapshotMeta snapshot() {
    raft::SnapshotMeta meta;
    meta.last = position();
    meta.voters = voters();
    meta.size_bytes = random_.next() | 0xffff;
    return meta;
  }
  raft::AppendRequest append() {
    raft::AppendRequest request;
    request.previous = position();
    request.commit = index();
    request.read_round = random_.next();
    raft::Position last = request.previous;
    for (std::uint64_t left = random_.below(5); left > 0; --left) {
      last.index = raft::next_after(last.index);
      if (flip()) ++last.term;
      request.entries.push_back({last, {}});
      switch (random_.below(3)) {
        case 0: request.entries.back().body = raft::NewLeader{key()}; break;
        case 1: request.entries.back().body = raft::VotersChanged{voters()}; break;
        default: request.entries.back().body = raft::Command{Slice::copy_of(bytes(flip() ? 10 : 2000))}; break;
      }
    }
    return request;
  }

  raft::MessageBody body(std::size_t kind) {
    const raft::VoteKind vote = flip() ? raft::VoteKind::pre : raft::VoteKind::real;
    const std::uint64_t round = random_.next();
    switch (kind) {
      case 0: return raft::VoteRequest{vote, position()};
      case 1: return raft::VoteReply{vote, flip(), maybe_key()};
      case 2: return append();
      case 3: {
        const raft::Index durable = index();
        return raft::AppendAccepted{durable + random_.between(0, 9), durable, round};
      }
      case 4: return raft::AppendRejected{index(), position(), round};
      case 5: return raft::SnapshotChunk{snapshot(), random_.below(0xff00), Slice::copy_of(bytes(250)), round};
      case 6: return raft::SnapshotProgress{position(), random_.next(), round};
      case 7: return raft::TimeoutNow{};
      case 8: return raft::Observe{position()};
      default: return raft::LeaderHint{maybe_key()};
    }
  }

  RandomStream random_;
};

// Structured bindings name every member, so that one that is added does not compile until it is compared.

inline auto parts(const raft::VoteRequest& m) {
  const auto& [kind, last] = m;
  return std::tuple(kind, last);
}
inline auto parts(const raft::VoteReply& m) {
  const auto& [kind, granted, leader] = m;
  return std::tuple(kind, granted, leader);
}
inline auto parts(const raft::NewLeader& m) { return m.leader; }
inline auto parts(const raft::Command& m) {
  const auto& [data] = m;
  return std::string(as_text(data));
}
inline auto parts(const raft::VotersChanged& m) { return m.voters; }

template <class... Bodies>
bool same(const std::variant<Bodies...>& a, const std::variant<Bodies...>& b);

inline bool same_entry(const raft::Entry& a, const raft::Entry& b) {
  const auto& [at, body] = a;
  return at == b.at && same(body, b.body);
}

inline auto parts(const raft::AppendRequest& m) {
  const auto& [previous, entries, commit, read_round] = m;
  return std::tuple(previous, entries.size(), commit, read_round);
}
inline auto parts(const raft::AppendAccepted& m) {
  const auto& [received, durable, read_round] = m;
  return std::tuple(received, durable, read_round);
}
inline auto parts(const raft::AppendRejected& m) {
  const auto& [previous, hint, read_round] = m;
  return std::tuple(previous, hint, read_round);
}
inline auto parts(const raft::SnapshotChunk& m) {
  const auto& [snapshot, offset, data, read_round] = m;
  return std::tuple(snapshot, offset, std::string(as_text(data)), read_round);
}
inline auto parts(const raft::SnapshotProgress& m) {
  const auto& [snapshot, received_bytes, read_round] = m;
  return std::tuple(snapshot, received_bytes, read_round);
}
inline auto parts(const raft::TimeoutNow&) { return std::tuple(); }
inline auto parts(const raft::Observe& m) {
  const auto& [last] = m;
  return last;
}
inline auto parts(const raft::LeaderHint& m) {
  const auto& [leader] = m;
  return leader;
}

template <class... Bodies>
bool same(const std::variant<Bodies...>& a, const std::variant<Bodies...>& b) {
  if (a.index() != b.index()) return false;
  return std::visit(
      [&]<class Body>(const Body& left) {
        const Body& right = std::get<Body>(b);
        if constexpr (std::is_same_v<Body, raft::AppendRequest>) {
          return parts(left) == parts(right) &&
                 std::equal(left.entries.begin(), left.entries.end(), right.entries.begin(), same_entry);
        } else {
          return parts(left) == parts(right);
        }
      },
      a);
}

inline bool same(const raft::Message& a, const raft::Message& b) {
  const auto& [from, to, term, body] = a;
  return from == b.from && to == b.to && term == b.term && same(body, b.body);
}

}  // namespace faultline::quorum
