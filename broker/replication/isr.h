// Isr: a leader's in-sync set between what is committed and what it has asked for (KIP-497).
//
// A change is a proposal to the controller, one at a time, compared and set against the partition epoch. Until it is known what became
// of it, two sets matter: the *committed* ISR, which the controller would elect from, and the *maximal* ISR, committed and proposed
// together, whose every member the watermark waits for. A proposed addition counts at once, since the controller may have taken it in
// already; a proposed removal counts until it is committed, since that member may still be elected.
//
//   accepted            the answer's ISR is committed
//   INELIGIBLE_REPLICA  the controller says that the partition epoch was right and nothing was done: back to the committed set.
//                       But if the proposal was sent more than once, another copy may still be on its way and be accepted when the
//                       member has become eligible again: its members count until a further change, if need be one that
//                       changes nothing but the partition epoch, has made every copy void
//   may be retried      lost, timed out, not the controller: nobody knows whether it was done; the same proposal is sent again
//   refused             anything else: nobody knows either; the maximal set stays until newer metadata come
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/exhibit.h"
#include "broker/replication/partition_state.h"

namespace faultline::replication {

/// A member with the broker epoch under which it fetched: an incarnation that is gone cannot be admitted (KIP-903).
struct IsrMember {
  BrokerId broker = no_broker;
  std::int64_t broker_epoch = unknown_broker_epoch;

  bool operator==(const IsrMember&) const = default;
};

/// An AlterPartition request. `number` tells a leader's own requests apart.
struct IsrProposal {
  std::uint64_t number = 0;
  std::int32_t leader_epoch = 0;
  std::int32_t partition_epoch = 0;
  std::vector<IsrMember> isr;

  bool operator==(const IsrProposal&) const = default;
};

struct IsrAnswer {
  enum class Kind : std::uint8_t { accepted, ineligible_replica, retriable, refused };

  std::uint64_t number = 0;
  Kind kind = Kind::retriable;
  // Of an accepted one.
  std::int32_t leader_epoch = 0;
  std::int32_t partition_epoch = 0;
  BrokerIds isr;
  std::int32_t min_insync_replicas = 0;  // that the controller has decided by; 0: not said
  bool repeated = false;                 // of any: there may be another copy of the request on its way
};

class Isr {
 public:
  explicit Isr(PartitionState committed, Exhibits exhibits = {}) : committed_(std::move(committed)), exhibits_(exhibits) {}

  const PartitionState& committed() const { return committed_; }
  bool in_maximal(BrokerId id) const;
  BrokerIds maximal() const;
  /// Whether a new proposal may be made: none is under way, and none is left whose outcome is unknown.
  bool may_propose() const { return !in_flight_.has_value() && !pending_.has_value(); }
  /// Whether one must be made, even if it only proposes what is committed.
  bool must_propose() const { return may_propose() && (!doubtful_.empty() || committed_.recovering); }
  /// The request that has not been answered.
  std::optional<std::uint64_t> in_flight() const { return in_flight_; }

  /// Requires: may_propose(). Returns: what to send.
  IsrProposal propose(std::vector<IsrMember> isr);
  /// Returns: what to send again.
  std::optional<IsrProposal> answered(const IsrAnswer& answer);
  /// Metadata of the same leader epoch. Returns: whether they were newer.
  bool learned(const PartitionState& state);

 private:
  void commit(const IsrAnswer& answer);
  void settle();

  PartitionState committed_;
  std::optional<IsrProposal> pending_;      // counts towards the maximal ISR
  std::optional<std::uint64_t> in_flight_;  // has not been answered
  bool sent_again_ = false;                 // pending_ was
  BrokerIds doubtful_;                      // of proposals of which a copy may still be accepted
  std::uint64_t last_number_ = 0;
  const Exhibits exhibits_;
};

}  // namespace faultline::replication
