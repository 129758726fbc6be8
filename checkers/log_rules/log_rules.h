// What a partitioned log promises beyond order: per key, to groups, to transactions, of producers, and about what it throws away.
//
// check_log judges what holds of every log; the rules here hold where a configuration says so. Each is a pure function of the
// history and its LogModel, in a file of its own, and finds anomalies of its own names (names.h). What a history does not have (no
// groups, no sequences) costs one look and finds nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "checkers/finding_list.h"
#include "checkers/history.h"
#include "checkers/log_checker.h"
#include "checkers/log_model.h"
#include "checkers/verdict.h"

namespace faultline::log_rules {

/// What a partition may throw away. Nothing else may be gone.
struct RetentionPolicy {
  checkers::PartitionId partition{};
  /// Its log start at the end of the run, as the broker tells it.
  std::int64_t log_start = 0;
  /// Records below were deleted on request.
  std::int64_t deleted_below = 0;
  std::optional<Duration> retention{};            // retention.ms
  std::optional<std::int64_t> retention_bytes{};  // retention.bytes; judged only if all sizes are known
  bool compact = false;                           // cleanup.policy
  Duration min_compaction_lag{};                  // min.compaction.lag.ms
  Duration delete_retention{};                    // delete.retention.ms: how long a tombstone stays
};

/// Which dependencies between operations are followed in search of cycles.
enum class Dependencies : std::uint8_t {
  none,
  reads,   // who was read precedes who read: G1c (with -process and -realtime) is a failure
  writes,  // ... and the order of offsets: who wrote first, and who found the end before something was written
};

struct Promises {
  Dependencies dependencies = Dependencies::none;
  bool key_order = false;                     // records of one key from one producer lie in the order in which they were sent
  std::optional<Duration> recency_bound{};    // a consumer that polls gets the next record within this
  std::optional<Duration> write_bound{};      // a partition that somebody writes to takes a write within this
  std::optional<Duration> produce_p99{};      // 99 of 100 sends are acknowledged within this
  std::optional<Duration> ownership_bound{};  // every partition of a group is owned this long after the last change
  std::vector<std::string> exactly_once_groups{};  // their transactions process each record once
  std::vector<RetentionPolicy> retention{};
  std::vector<std::string> tolerated{};  // told, but no failure
  std::uint32_t findings_per_anomaly = 8;
};

/// The cycles that Kafka's transactions show without a fault: writes are not isolated and become visible partition by partition, so
/// that with Dependencies::writes every cycle is told and none is a failure. To be added to Promises::tolerated.
std::vector<std::string> cycles_normal_with_writes();

/// Judges `history` by all rules. `unknown` if values repeat. Sequences, group generations and commits, the visibility of
/// transactions and lost commits are judged wherever the history tells of them; the rest where `promises` ask for it.
checkers::Verdict check_log_rules(const checkers::LogHistory& history, const Promises& promises);

/// What every rule is given.
struct Context {
  const checkers::LogHistory& history;
  const checkers::LogModel& model;
  const Promises& promises;
  checkers::FindingList& found;
  std::uint64_t* steps = nullptr;  // counts what the rules that claim to be near linear look at, for the tests of that claim

  void step() const {
    if (steps != nullptr) ++*steps;
  }
  /// The offset below which a partition owes nothing.
  std::int64_t owed_from(std::uint32_t partition) const;
  const RetentionPolicy* policy_of(std::uint32_t partition) const;
};

/// Returns: why not all cycles could be looked for; empty if all were.
std::string find_cycles(const Context& context);
void find_reordered_keys(const Context& context);
void find_stale_reads(const Context& context);
void find_write_stalls(const Context& context);
void find_slow_produce(const Context& context);
void find_split_ownership(const Context& context);
void find_unowned_partitions(const Context& context);
void find_bad_commits(const Context& context);
void find_processing_errors(const Context& context);
void find_sequence_errors(const Context& context);
void find_torn_transactions(const Context& context);
void find_reads_beyond_lso(const Context& context);
void find_early_deletions(const Context& context);
void find_compaction_errors(const Context& context);

}  // namespace faultline::log_rules
