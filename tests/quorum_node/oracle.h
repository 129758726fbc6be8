// What the nodes of one simulated quorum must agree on, as only somebody who sees all of them can tell.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "broker/protocol/endian.h"
#include "broker/quorum/node/state_machine.h"

namespace faultline::quorum::test {

/// The number that a command carries; each is proposed once.
using Id = std::uint64_t;
inline constexpr Id no_id = 0;  // of an entry that is no command

inline Id id_of(const raft::Entry& entry) {
  const auto* command = std::get_if<raft::Command>(&entry.body);
  return command == nullptr ? no_id : protocol::load_be<Id>(command->data.data());
}

inline Slice command_of(Id id) {
  Buffer buffer(sizeof(Id));
  protocol::store_be<Id>(buffer.data(), id);
  return std::move(buffer).freeze();
}

class Oracle {
 public:
  /// A node applies an entry: all of them must apply the same ones.
  void applied(const raft::Entry& entry) {
    const auto index = static_cast<std::size_t>(entry.at.index.value());
    if (index > log_.size() + 1 || index == 0) FAIL("entry " << index << " was applied before those in front of it");
    const Seen seen{entry.at, id_of(entry)};
    if (index <= log_.size()) {
      if (log_[index - 1] != seen) FAIL("two nodes applied different entries at " << index);
      return;
    }
    log_.push_back(seen);
    if (seen.id != no_id && !applied_.insert(seen.id).second) FAIL("command " << seen.id << " was applied twice");
  }

  /// The commands among the first entries.
  std::vector<Id> commands_up_to(raft::Index last) const {
    std::vector<Id> result;
    for (std::size_t i = 0; i < static_cast<std::size_t>(last.value()); ++i) {
      if (log_.at(i).id != no_id) result.push_back(log_[i].id);
    }
    return result;
  }

  Id next_id() { return ++last_id_; }
  raft::Index end() const { return raft::Index(static_cast<std::int64_t>(log_.size())); }

  /// What a proposer was told.
  void acknowledged(const std::vector<Id>& ids, raft::Index last) {
    acknowledged_.insert(acknowledged_.end(), ids.begin(), ids.end());
    acknowledged_to_ = std::max(acknowledged_to_, last);
  }
  void refused(const std::vector<Id>& ids) { refused_.insert(refused_.end(), ids.begin(), ids.end()); }

  /// Reads that begin now must see this much.
  raft::Index acknowledged_to() const { return acknowledged_to_; }
  std::size_t acknowledged_count() const { return acknowledged_.size(); }

  void check_what_was_told() const {
    for (const Id id : acknowledged_) {
      if (!applied_.contains(id)) FAIL("command " << id << " was acknowledged and is not there");
    }
    for (const Id id : refused_) {
      if (applied_.contains(id)) FAIL("command " << id << " was said to have been replaced, and is there");
    }
  }

 private:
  struct Seen {
    raft::Position at;
    Id id = no_id;
    bool operator==(const Seen&) const = default;
  };

  std::vector<Seen> log_;  // what was applied anywhere
  std::set<Id> applied_;
  std::vector<Id> acknowledged_;
  std::vector<Id> refused_;
  raft::Index acknowledged_to_;
  Id last_id_ = 0;
};

/// The state machine: all commands, in order.
class Ledger final : public StateMachine {
 public:
  explicit Ledger(Oracle& oracle) : oracle_(oracle) {}

  Result<> reset(const raft::Position& last, const Slice& snapshot) override {
    ids_.clear();
    for (std::size_t at = 0; at < snapshot.size(); at += sizeof(Id)) ids_.push_back(protocol::load_be<Id>(snapshot.data() + at));
    if (ids_ != oracle_.commands_up_to(last.index)) FAIL("a snapshot is not what was applied up to its end");
    ++resets_;
    return {};
  }

  Result<> apply(const raft::Entry& entry) override {
    oracle_.applied(entry);
    if (const Id id = id_of(entry); id != no_id) ids_.push_back(id);
    return {};
  }

  Slice snapshot() const override {
    Buffer buffer(ids_.size() * sizeof(Id));
    std::size_t at = 0;
    for (const Id id : ids_) {
      protocol::store_be<Id>(buffer.data() + at, id);
      at += sizeof(Id);
    }
    return std::move(buffer).freeze();
  }

  void stepped() override { ++steps_; }

  const std::vector<Id>& ids() const { return ids_; }
  int resets() const { return resets_; }
  int steps() const { return steps_; }

 private:
  Oracle& oracle_;
  std::vector<Id> ids_;
  int resets_ = 0;
  int steps_ = 0;
};

}  // namespace faultline::quorum::test
