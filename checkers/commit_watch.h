// White-box invariants of replication while it goes on: what was committed once is where it must be at every later moment, not only when
// everything has healed.
//
// A loss is made long before it is seen. A member joins the ISR without a record, or is let in again under an old number: only if it is
// elected, and the others are gone, does a client miss something. The promise is broken at the first of these steps, and this is where
// the watch sees it: every member of ISR and ELR that the controller could elect now is asked, by its marks, for everything that was
// ever committed. Marks are numbers that a replica has at hand, so that this can be asked many times a second.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "checkers/cluster_invariants.h"
#include "checkers/producer_invariants.h"
#include "checkers/verdict.h"

namespace faultline::checkers {

namespace anomaly {
inline constexpr std::string_view committed_beyond_durable = "committed-beyond-durable";
inline constexpr std::string_view member_lacks_committed = "member-lacks-committed";
inline constexpr std::string_view epochs_differ = "epochs-differ";
inline constexpr std::string_view leader_without_its_epoch = "leader-without-its-epoch";
inline constexpr std::string_view producers_differ = "producers-differ";
inline constexpr std::string_view joined_too_early = "joined-too-early";
inline constexpr std::string_view member_keeps_deleted = "member-keeps-deleted";
}  // namespace anomaly

/// From which offset on a log's records are of a leader epoch.
struct EpochMark {
  std::int32_t epoch = 0;
  std::int64_t start = 0;
};

/// What a log knows of a producer.
struct ProducerMark {
  /// Of the batches that are remembered, so that they are known when they come again.
  struct Batch {
    std::int32_t last_sequence = -1;
    std::int64_t last_offset = -1;

    bool operator==(const Batch&) const = default;
  };

  std::int64_t producer = 0;
  std::int16_t epoch = 0;
  std::int64_t last_offset = 0;                           // of its newest batch, markers included
  std::array<Batch, batches_to_know_again> batches = {};  // newest first; with offset -1: none
};

/// A running replica at one moment.
struct ReplicaMarks {
  std::int32_t node = 0;
  bool registered = false;  // the controller's view speaks of this incarnation
  bool leads = false;       // believes to be the leader, in `leader_epoch`
  std::int32_t leader_epoch = 0;
  std::int64_t log_start = 0;
  std::int64_t high_watermark = 0;
  std::int64_t safe_end = 0;  // of what survives what the topic claims to survive: the durable end
  std::int64_t log_end = 0;
  std::vector<EpochMark> epochs{};        // both grow
  std::vector<ProducerMark> producers{};  // by id; empty if they are not to be compared now
};

/// Over a whole run, partition by partition, in topics that sync before they acknowledge and allow no unclean election.
class CommitWatch {
 public:
  /// What was acknowledged with acks=all up to `end` is committed, and so is what lies below any replica's watermark:
  ///   a leader's watermark is not beyond its own safe end;
  ///   every registered member of ISR and ELR, and whoever leads in the view's epoch, has all that was ever committed, safely;
  ///   each of them has let go of what lies below `deleted_below`, as DeleteRecords has answered;
  ///   any two of them have it in the same leader epochs;
  ///   a leader has entered its epoch;
  ///   who has joined the ISR in an epoch has everything up to where that epoch starts in its leader's log: until then nobody knows how much of
  ///   that was committed before;
  ///   two of them that have exactly that know the same of every producer of which both retain something.
  ///
  /// Requires: `view` is not older than the one of the call before.
  std::vector<Finding> observe(const PartitionView& view, std::span<const ReplicaMarks> replicas, std::int64_t acknowledged_end,
                               std::int64_t deleted_below = 0);

  /// The partition was elected uncleanly, which gives up what was promised: it is not judged any more.
  void give_up(const std::string& partition) { given_up_.insert(partition); }

 private:
  struct Committed {
    std::int64_t end = 0;
    std::int32_t node = -1;  // whose watermark that was; -1: it was acknowledged
  };
  struct Members {
    std::int32_t leader_epoch = -1;
    std::set<std::int32_t> from_before;  // in the ISR since this epoch began, as far as it was seen
  };
  void note_members(const PartitionView& view);
  void check_joined(const PartitionView& view, std::span<const ReplicaMarks> replicas, std::vector<Finding>& findings) const;

  std::map<std::string, Committed> committed_;
  std::map<std::string, Members> members_;
  std::set<std::string> given_up_;
};

}  // namespace faultline::checkers
