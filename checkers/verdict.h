// What a checker answers: a verdict, the findings behind it, and how much the run has tested at all.
//
// Anomalies are named by text, not by an enum: every checker adds its own, reports and scenarios ("expect lost-write") treat all
// alike. The names are those that the literature and the other checkers use (Adya, Elle, Jepsen's Kafka workload), so that a
// finding can be looked up. A verdict is a value without pointers into the history it judges.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace faultline::checkers {

/// The names of the anomalies of a log. Defined in docs/formats/history.md ("What the log checker looks for").
namespace anomaly {
inline constexpr std::string_view inconsistent_offsets = "inconsistent-offsets";
inline constexpr std::string_view duplicate = "duplicate";
inline constexpr std::string_view aborted_read = "G1a";
/// A value was read that nobody sent. Elle's word for it; the log workloads of others have no name for it.
inline constexpr std::string_view garbage_read = "garbage-read";
/// An operation polled what it sent itself, before it can have committed it.
inline constexpr std::string_view precommitted_read = "precommitted-read";
inline constexpr std::string_view lost_write = "lost-write";
/// A lost-write, or unseen, after more faults at once than the configuration claims to survive.
inline constexpr std::string_view lost_beyond_bound = "lost-beyond-bound";
inline constexpr std::string_view unseen = "unseen";
inline constexpr std::string_view poll_skip = "poll-skip";
inline constexpr std::string_view nonmonotonic_poll = "nonmonotonic-poll";
inline constexpr std::string_view int_poll_skip = "int-poll-skip";
inline constexpr std::string_view int_nonmonotonic_poll = "int-nonmonotonic-poll";
inline constexpr std::string_view nonmonotonic_send = "nonmonotonic-send";
inline constexpr std::string_view int_nonmonotonic_send = "int-nonmonotonic-send";
inline constexpr std::string_view int_send_skip = "int-send-skip";
/// No order of the operations explains what they returned (checkers/log_linearizability.h).
inline constexpr std::string_view not_linearizable = "not-linearizable";
}  // namespace anomaly

/// One instance of an anomaly.
struct Finding {
  std::string anomaly{};
  bool failure = true;                   // false: worth telling, but allowed by the rules in force
  std::string partition{};               // empty where the anomaly concerns no partition
  std::vector<std::uint32_t> witness{};  // the operations that suffice to see it: indices into LogHistory::operations
  std::string text{};                    // what is wrong, in a sentence or two
};

/// How often an anomaly occurred; the findings list only the first few of each.
struct AnomalyCount {
  std::string anomaly;
  bool failure = true;
  std::uint64_t count = 0;
};

/// How much a run has tested. All are counts, so that shares need no floating point.
struct Vacuity {
  std::uint64_t operations = 0;
  std::uint64_t sends = 0;
  std::uint64_t polls = 0;
  std::uint64_t ok = 0;
  std::uint64_t failed = 0;
  std::uint64_t indefinite = 0;
  std::uint64_t acknowledged = 0;       // records in acknowledged sends
  std::uint64_t acknowledged_read = 0;  // ... of which some ok poll returned the value
  std::uint64_t records_read = 0;       // records returned by ok polls, repetitions included
  std::uint64_t ok_polls = 0;
  std::uint64_t faults = 0;
  std::uint64_t faults_overlapping = 0;  // faults during which at least one operation was under way
  std::uint64_t partitions = 0;
  std::vector<std::string> never_polled;       // no ok poll returned a record of it
  std::vector<std::string> never_read_to_end;  // no final read reached a stated end of it
};

struct Verdict {
  enum class Outcome : std::uint8_t { valid, invalid, unknown };

  Outcome outcome = Outcome::valid;
  std::string reason;                // of `unknown`: why there is no answer
  std::vector<Finding> findings;     // by anomaly in a fixed order, at most a few of each
  std::vector<AnomalyCount> counts;  // every anomaly that occurred, in the same order
  Vacuity vacuity;

  /// How often `name` occurred.
  std::uint64_t count(std::string_view name) const;
};

std::string_view to_string(Verdict::Outcome outcome);

/// What a run must have done for its verdict to mean anything. The defaults ask for nothing.
struct Requirements {
  std::uint64_t min_acknowledged = 0;
  std::uint64_t min_records_read = 0;
  Ratio min_read_share{0, 1};        // of the acknowledged records
  Ratio max_indefinite_share{1, 1};  // of the operations
  std::uint64_t min_faults_overlapping = 0;
  bool every_partition_polled = false;
  bool every_partition_read_to_end = false;

  bool operator==(const Requirements&) const = default;
};

/// The requirements that `vacuity` does not meet, one sentence each; empty if all are met.
std::vector<std::string> unmet(const Requirements& requirements, const Vacuity& vacuity);

}  // namespace faultline::checkers
