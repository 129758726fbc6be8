// White-box invariants of replicated partitions: what the controller holds of them against what the replicas hold.
//
// Whoever knows the cluster fills in the snapshots: the controller's view of a partition, and of each replica its marks, its records
// and its durable image. Of one moment, and between two, each in a function of its own; what concerns a whole run is a watch.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checkers/log_invariants.h"
#include "checkers/verdict.h"

namespace faultline::checkers {

namespace anomaly {
inline constexpr std::string_view isr_outside_replicas = "isr-outside-replicas";
inline constexpr std::string_view leader_outside_isr = "leader-outside-isr";
inline constexpr std::string_view fenced_in_isr = "fenced-in-isr";
inline constexpr std::string_view leader_epoch_went_back = "leader-epoch-went-back";
inline constexpr std::string_view leader_without_epoch = "leader-without-epoch";
inline constexpr std::string_view two_leaders_in_epoch = "two-leaders-in-epoch";
inline constexpr std::string_view committed_not_replicated = "committed-not-replicated";
inline constexpr std::string_view committed_not_durable = "committed-not-durable";
inline constexpr std::string_view replicas_differ = "replicas-differ";
inline constexpr std::string_view acknowledged_not_committed = "acknowledged-not-committed";
inline constexpr std::string_view broker_epoch_reused = "broker-epoch-reused";
inline constexpr std::string_view unfenced_too_early = "unfenced-too-early";
inline constexpr std::string_view metadata_not_carried_out = "metadata-not-carried-out";
}  // namespace anomaly

/// A partition as the controller has it.
struct PartitionView {
  std::string partition;
  std::int32_t leader = -1;  // a node, or none
  std::int32_t leader_epoch = 0;
  std::int32_t partition_epoch = 0;
  std::vector<std::int32_t> replicas;
  std::vector<std::int32_t> isr;           // in-sync replicas
  std::vector<std::int32_t> elr;           // eligible leader replicas (KIP-966)
  std::vector<std::int32_t> last_known{};  // had all records last, should ISR and ELR be empty
  std::vector<std::int32_t> fenced{};      // those of the replicas that the controller does not hear from
  bool recovering = false;                 // elected uncleanly, and not done with that
};

/// A replica of that partition. Records are sorted by offset and begin at `log_start`.
struct ReplicaSnapshot {
  std::int32_t node = 0;
  bool leads = false;  // believes to be the leader, in `leader_epoch`
  std::int32_t leader_epoch = 0;
  std::int64_t log_start = 0;
  std::int64_t high_watermark = 0;
  std::vector<RecordDigest> records;  // as it would serve them
  std::vector<RecordDigest> durable;  // as they would be there after a power loss
};

/// Invariants of the controller's view: ISR and ELR are replicas, no node is in both, none in the ISR is fenced, and the leader is in
/// the ISR.
std::vector<Finding> check_view(const PartitionView& view);

/// Invariants between two views of one partition: the leader epoch never goes back, and a new leader has a new one.
///
/// Requires: the same partition; `before` was taken first.
std::vector<Finding> check_view_progress(const PartitionView& before, const PartitionView& after);

struct ReplicationRules {
  bool synced = true;             // what is committed is in the durable image of every member of ISR and ELR
  bool unclean_election = false;  // there was one: replicas may differ
};

/// Invariants of one moment: every record below the highest watermark is on every member of ISR and ELR, the same one, and in synced topics in
/// its durable image; any two replicas are identical below the smaller of their watermarks, where both retain it.
///
/// Members of which there is no snapshot are not judged.
std::vector<Finding> check_replication(const PartitionView& view, std::span<const ReplicaSnapshot> replicas,
                                       const ReplicationRules& rules);

/// Acknowledged (acks=all) implies committed: below the highest watermark, or below the log start.
std::vector<Finding> check_acknowledged_committed(const PartitionView& view, std::span<const ReplicaSnapshot> replicas,
                                                  std::span<const RecordDigest> acknowledged);

/// A broker that the controller has unfenced has carried out the metadata records up to its own registration, which is the one with the
/// number of its epoch.
std::vector<Finding> check_unfenced(std::int32_t node, std::int64_t broker_epoch, std::int64_t applied);

/// A replica on a broker that says of metadata that it has carried them out.
struct CarriedOut {
  struct Role {
    std::int32_t leader = -1;
    std::int32_t leader_epoch = -1;

    bool operator==(const Role&) const = default;
  };
  struct Setting {
    std::string key;
    std::string decided;
    std::string in_force;
  };

  std::int32_t node = -1;
  std::string partition;
  std::int64_t applied = 0;     // up to where the metadata are carried out
  std::optional<Role> decided;  // nothing: the partition is gone
  std::optional<Role> held;     // nothing: it waits for a disk, and tries again from time to time
  std::vector<Setting> settings;
};

/// It has ended the roles that those metadata end, and works with the settings that they set.
std::vector<Finding> check_carried_out(const CarriedOut& replica);

/// Over a whole run: a partition has one leader in a leader epoch, and an incarnation of a broker one epoch, which no other had.
class ClusterWatch {
 public:
  std::vector<Finding> observe_leader(const std::string& partition, const ReplicaSnapshot& replica);
  std::vector<Finding> observe_broker(std::int32_t node, std::uint64_t incarnation, std::int64_t broker_epoch);

 private:
  std::map<std::pair<std::string, std::int32_t>, std::int32_t> leaders_;    // by partition and leader epoch
  std::map<std::int64_t, std::pair<std::int32_t, std::uint64_t>> holders_;  // by broker epoch: node and incarnation
};

}  // namespace faultline::checkers
