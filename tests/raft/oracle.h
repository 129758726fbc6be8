// What must hold between all nodes of a cluster, checked after every step from what the nodes did (figure 3 of the paper).
//
// Everything is compared with what was seen before anywhere, so that a check costs only what changed: each (term, index) is remembered
// with its contents and its predecessor's term, which is log matching by induction; each committed index with its entry and the state of
// the machine after it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "broker/raft/core.h"
#include "disk.h"

namespace faultline::raft::testing {

enum class Rule : std::uint8_t {
  election_safety,
  leader_append_only,
  log_matching,
  leader_completeness,
  state_machine_safety,
  monotone,
  one_vote,
  durable_majority,
  read_index,
  core_invariant,
  fatal,
  progress,
};

std::string_view to_string(Rule rule);

struct Violation {
  Rule rule;
  std::string what;
};

/// The state of the machine: a hash of all that was applied.
struct Machine {
  Index applied;
  std::uint64_t state = 0;
};

std::uint64_t digest_of(const Entry& entry);
void apply_to(Machine& machine, const Entry& entry);
/// A snapshot of the machine, of `size` bytes, which must be at least 8 and a multiple of it.
std::string bytes_of(const Machine& machine, std::size_t size);
std::uint64_t state_in(std::string_view bytes);

/// Finds the disk of a directory, also of one that was wiped: it keeps what it had.
using DiskOf = std::map<ReplicaKey, const Disk*>;

class Oracle {
 public:
  /// Looks at a core after a step. `before_step`: its term, commit index and whether it led.
  struct Before {
    Term term;
    Index commit;
    bool led = false;
  };
  void after_step(const Core& core, const Before& before, const Effects& effects, const Machine& machine_before,
                  const DiskOf& disks);
  void check_restored(const Core& core, Index index, std::uint64_t state);
  void read_asked(std::uint64_t id) { reads_[id] = committed_end(); }
  void report(Rule rule, std::string what);
  /// Broken promises of a single node, and white-box rules, are not findings.
  void outcomes_only() { outcomes_only_ = true; }

  /// The greatest index that any node has applied.
  Index committed_end() const { return Index(static_cast<std::int64_t>(committed_.size())); }
  std::uint64_t state_at(Index index) const;
  const std::optional<Violation>& violation() const { return violation_; }
  std::size_t leaders() const { return leaders_.size(); }

 private:
  struct Known {
    Term previous_term;
    std::uint64_t digest;
  };
  struct Committed {
    Position at;
    std::uint64_t digest;
    std::uint64_t state;
  };

  void check_leadership(const Core& core, const Before& before, const Effects& effects);
  void check_appends(const Core& core, const Effects& effects);
  void check_votes(const Effects& effects);
  void check_applied(const Core& core, const Effects& effects, Machine machine, const DiskOf& disks);
  void check_majority(const Core& core, const Position& position, const DiskOf& disks);

  std::map<Term, ReplicaKey> leaders_;
  std::map<Position, Known> entries_;
  std::vector<Committed> committed_;  // of index 1, 2, ...
  std::map<std::pair<ReplicaKey, Term>, ReplicaKey> votes_;
  std::map<std::uint64_t, Index> reads_;
  std::optional<Violation> violation_;
  bool outcomes_only_ = false;
};

}  // namespace faultline::raft::testing
