// White-box invariants of the controller's decisions, each held against the one before it.
//
// A look at the metadata now and then sees where the controller has got to, and not how: between two looks a partition may have had
// three leaders. The watch is shown every decision in the order in which they took effect, so that each step can be asked whether it was
// allowed: who may lead, who may be admitted, what a new incarnation or a new disk takes away.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checkers/cluster_invariants.h"
#include "checkers/verdict.h"

namespace faultline::checkers {

namespace anomaly {
inline constexpr std::string_view partition_epoch_reused = "partition-epoch-reused";
inline constexpr std::string_view led_twice = "led-twice-in-epoch";
inline constexpr std::string_view elected_unheard = "elected-without-the-records";
inline constexpr std::string_view admitted_unheard = "admitted-without-the-records";
inline constexpr std::string_view incarnation_kept = "incarnation-kept-standing";
inline constexpr std::string_view broker_epoch_went_back = "broker-epoch-went-back";
inline constexpr std::string_view producer_ids_reused = "producer-ids-reused";
inline constexpr std::string_view leader_misinformed = "leader-misinformed";
inline constexpr std::string_view damage_kept_standing = "damage-kept-standing";
}  // namespace anomaly

/// A broker as the controller has it.
struct BrokerView {
  std::int32_t node = 0;
  std::int64_t epoch = -1;
  std::uint64_t disk = 0;  // tells one set of directories from another
  bool fenced = true;
  bool shutting_down = false;
};

class DecisionWatch {
 public:
  using Brokers = std::map<std::int32_t, BrokerView>;

  /// A partition's record took effect. `brokers` are as they were then.
  ///   the partition epoch grows; the leader epoch does not fall;
  ///   a leader epoch belongs to one incarnation of one broker;
  ///   a new leader was in the ISR or the ELR, or joins the ISR on the word of the leader before it, or the record says that it was
  ///   elected uncleanly; then, unless that is allowed, all who had the records last are there to be compared;
  ///   who is new in the ISR is there, and a leader has vouched for it; who is new in the ELR was in the ISR.
  std::vector<Finding> decided(const PartitionView& before, const PartitionView& after, const Brokers& brokers,
                               bool unclean_allowed);

  /// A broker has registered, and everything that was decided together with that has taken effect: it leads nothing, and on another
  /// disk than before it is in no ISR and no ELR.
  std::vector<Finding> registered(const BrokerView* before, const BrokerView& after, std::span<const PartitionView> partitions);

  /// What a leader believes of its partition is what was decided under that partition epoch.
  std::vector<Finding> believed(std::int32_t node, const PartitionView& belief) const;

  /// A broker has said at its registration that a log of it may lack what it acknowledged. `partition` is as it was when that had taken
  /// effect: the broker is in neither ISR nor ELR.
  static std::vector<Finding> reported_damage(std::int32_t node, std::int64_t broker_epoch, const PartitionView& partition);

  /// Producer ids below `next` are given away: the next block begins behind the one before.
  std::vector<Finding> gave_producer_ids(std::int64_t next);

 private:
  // Of each partition, the last few decisions, oldest first: leaders have learned of newer ones by then.
  static constexpr std::size_t decisions_kept = 32;
  std::map<std::string, std::deque<PartitionView>> decisions_;
  std::map<std::pair<std::string, std::int32_t>, std::pair<std::int32_t, std::int64_t>> leaders_;  // node and its epoch
  std::int64_t newest_broker_ = -1;
  std::int64_t next_producer_id_ = -1;
};

}  // namespace faultline::checkers
