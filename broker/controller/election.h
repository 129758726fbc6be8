// Who leads a partition, who is in sync, who is eligible: one function decides it for every cause.
//
// Whatever happens (a broker is fenced, comes back, loses its disk, leaves; a leader reports its ISR; an operator asks), it comes down
// to a change of a partition's record, after which ISR, ELR, leader and epochs must fit together again. Doing that in one place is
// what keeps the rules the same for all of them:
//
//   - fenced and departing brokers, and those that may have lost data, leave the ISR;
//   - while the ISR is smaller than the minimum, nothing is committed: so whoever leaves it, and whoever was eligible before, still has
//     all that is committed: ELR = (old ISR and old ELR) - new ISR - those that may have lost data. With the ISR large enough it is
//     empty (KIP-966);
//   - those of the ELR whose logs were damaged are remembered: with nobody else left, the longest of what they kept is the best there is.
//     Whoever comes back on another disk kept nothing, and is forgotten;
//   - a leader is elected from the ISR; from the ELR only if the ISR is empty; from the rest only if loss is allowed;
//   - every change of the leader, also to none, is a new leader epoch; every change is a new partition epoch.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/exhibit.h"
#include "broker/metadata/image.h"

namespace faultline::controller {

using metadata::BrokerEpoch;
using metadata::BrokerId;
using metadata::ClusterImage;
using metadata::PartitionRecord;

/// How a leader is looked for, when the present one may stay or there is none.
enum class Election : std::uint8_t {
  online,     // keep the leader; without one, the first candidate in the order of the replicas
  preferred,  // the first replica, if it is in the ISR
  unclean,    // as online, and if there is no candidate: any replica that is there, whatever it lacks
};

struct ElectionRules {
  const ClusterImage& image;
  std::int32_t min_insync_replicas = 1;  // as configured; at most the number of replicas counts
  bool unclean_allowed = false;          // unclean.leader.election.enable
  Exhibits exhibits{};
};

/// What is to change. What is not named stays as it is.
struct PartitionChange {
  std::optional<std::vector<BrokerId>> isr{};
  std::vector<BrokerId> lost_data{};  // may lack a part of what they once acknowledged
  std::vector<BrokerId> lost_disk{};  // have nothing of it
  std::optional<std::vector<BrokerId>> replicas{};
  std::optional<std::vector<BrokerId>> adding{};
  std::optional<std::vector<BrokerId>> removing{};
  std::optional<bool> recovering{};
  bool forget_elr = false;  // its meaning has changed: min.insync.replicas is another now
  Election election = Election::online;
  BrokerId elect_unclean = metadata::no_broker;  // this one, with the loss of what it lacks
};

/// The partition after `change`, with all rules kept; nothing, if it is the same.
std::optional<PartitionRecord> settle(const PartitionRecord& before, const PartitionChange& change, const ElectionRules& rules);

}  // namespace faultline::controller
