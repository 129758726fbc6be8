#include "checkers/transactions/check_transactions.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <utility>

#include "checkers/finding_list.h"
#include "checkers/transactions/cycles.h"
#include "checkers/transactions/list_reads.h"
#include "checkers/transactions/list_versions.h"
#include "checkers/transactions/names.h"
#include "checkers/transactions/register_reads.h"
#include "checkers/transactions/register_versions.h"
#include "checkers/transactions/render_cycle.h"
#include "checkers/transactions/visibility.h"
#include "checkers/transactions/write_index.h"

namespace faultline::transactions {

using checkers::Finding;
using checkers::FindingList;
using checkers::Outcome;
using checkers::Verdict;

namespace {

constexpr std::array single_anomalies{anomaly::aborted_read,       anomaly::intermediate_read,    anomaly::internal,
                                      anomaly::future_read,        anomaly::garbage_read,         anomaly::duplicate_elements,
                                      anomaly::incompatible_order, anomaly::dirty_update,         anomaly::lost_update,
                                      anomaly::cyclic_versions,    anomaly::read_committed_cycle, anomaly::read_atomic_cycle,
                                      anomaly::causal_cycle};

std::vector<std::string> tolerated_by(ConsistencyLevel level) {
  std::vector<std::string> names;
  const auto add = [&](std::string name) {
    if (!proscribes(level, name)) names.push_back(std::move(name));
  };
  for (const std::string_view name : single_anomalies) add(std::string(name));
  for (const OrderKind order : order_kinds) {
    for (const CycleKind kind : cycle_kinds) add(cycle_name(kind, order));
  }
  return names;
}

// The strongest edges of order that a cycle proscribed by `level` may have.
OrderKind order_of(ConsistencyLevel level) {
  OrderKind result = OrderKind::none;
  for (const OrderKind order : order_kinds) {
    if (proscribes(level, cycle_name(CycleKind::g0, order))) result = order;
  }
  return result;
}

checkers::Vacuity measure(const TransactionHistory& history) {
  checkers::Vacuity vacuity;
  vacuity.operations = history.transactions.size();
  vacuity.partitions = history.keys.size();
  std::vector<bool> read(history.keys.size(), false);
  for (const Transaction& t : history.transactions) {
    const bool ok = t.outcome == Outcome::ok;
    vacuity.ok += ok ? 1 : 0;
    vacuity.failed += t.outcome == Outcome::fail ? 1 : 0;
    vacuity.indefinite += t.outcome == Outcome::indefinite ? 1 : 0;
    for (std::uint32_t i = t.first; i < t.first + t.count; ++i) {
      const MicroOperation& operation = history.operations[i];
      vacuity.sends += operation.is_write() ? 1 : 0;
      vacuity.polls += operation.is_write() ? 0 : 1;
      if (!ok) continue;
      vacuity.acknowledged += operation.is_write() ? 1 : 0;
      if (operation.function() != Function::read_list && operation.function() != Function::read_register) continue;
      ++vacuity.ok_polls;
      read[operation.key().value()] = true;
      if (operation.function() == Function::read_list) vacuity.records_read += operation.count;
      if (operation.function() == Function::read_register && operation.value() != nil) ++vacuity.records_read;
    }
  }
  constexpr std::size_t names_shown = 20;
  for (std::size_t key = 0; key < read.size() && vacuity.never_polled.size() < names_shown; ++key) {
    if (!read[key]) vacuity.never_polled.push_back(history.keys[key]);
  }
  return vacuity;
}

// The two analyses behind one face.
struct Versions {
  std::optional<ListVersions> lists;
  std::optional<RegisterVersions> registers;

  void add_edges(EdgeList& edges) const { lists ? lists->add_edges(edges) : registers->add_edges(edges); }
  Evidence evidence(std::uint32_t from, std::uint32_t to, EdgeKind kind) const {
    return lists ? lists->evidence(from, to, kind) : registers->evidence(from, to, kind);
  }
};

class Check {
 public:
  Check(const TransactionHistory& history, const TransactionOptions& options)
      : history_(history),
        options_(options),
        tolerated_(tolerated_by(options.level)),
        found_(tolerated_, options.findings_per_anomaly) {}

  TransactionVerdict run() && {
    WriteIndex writes(history_, options_.workload);
    if (writes.unusable_keys() != 0) {
      doubt(std::to_string(writes.unusable_keys()) + " keys could not be judged: " + writes.flaw());
    }
    analyse(writes);
    return conclude();
  }

 private:
  void analyse(WriteIndex& writes) {
    if (out_of_budget()) return;
    Versions versions;
    RegisterReads reads;
    if (options_.workload == Workload::list_append) {
      versions.lists.emplace(history_, writes);
      if (out_of_budget()) return;
      versions.lists->find_version_anomalies(found_);
      check_list_reads(history_, writes, *versions.lists, found_);
      reads.effective = versions.lists->effective();
      count_read_appends(writes);
    } else {
      reads = read_registers(history_, writes, found_);
      if (out_of_budget()) return;
      versions.registers.emplace(history_, writes, reads, options_.register_orders, found_);
    }
    if (out_of_budget()) return;
    search_cycles(versions, reads.effective);
    if (out_of_budget()) return;
    search_visibility(writes, versions, reads);
  }

  // Lists tell the order of versions, so that of the levels without G-single only those above read committed have more to ask.
  void search_visibility(const WriteIndex& writes, const Versions& versions, RegisterReads& reads) {
    const bool lists = versions.lists.has_value();
    const bool asked = proscribes(options_.level, lists ? anomaly::read_atomic_cycle : anomaly::read_committed_cycle);
    if (!asked || (lists && proscribes(options_.level, cycle_name(CycleKind::g_single, OrderKind::none)))) return;
    if (lists) reads.touches = appends_by_transaction(history_, reads.effective);
    const VisibilityQuestion question{
        .level = options_.level,
        .versions_known = lists,
        .add_versions = [&](EdgeList& edges) { versions.add_edges(edges); },
        .evidence = [&](std::uint32_t from, std::uint32_t to, EdgeKind kind) { return versions.evidence(from, to, kind); },
        .out_of_budget = options_.out_of_budget};
    switch (check_visibility(history_, writes, reads, question, found_, cycles_)) {
      case VisibilityAnswer::decided: return;
      case VisibilityAnswer::too_many_sessions: return doubt("the history has too many sessions to decide causal consistency");
      case VisibilityAnswer::out_of_budget: return doubt("the budget was used up before the axioms of visibility were decided");
    }
  }

  void count_read_appends(const WriteIndex& writes) {
    for (std::uint32_t slot = 0; slot < writes.slot_count(); ++slot) {
      const Write& write = writes.slot(slot);
      if (write.operation == no_operation || write.place == 0) continue;
      if (history_.transactions[write.transaction()].outcome == Outcome::ok) ++acknowledged_read_;
    }
  }

  void search_cycles(const Versions& versions, const Effective& effective) {
    EdgeList edges(static_cast<std::uint32_t>(history_.transactions.size()));
    versions.add_edges(edges);
    const std::uint32_t data_nodes = edges.node_count();
    const OrderKind order = order_of(options_.level);
    add_order_edges(history_, effective, order, edges);
    if (edges.overflows()) return doubt("the history is too large to look for cycles in it");
    DependencyGraph graph;
    edges.build(graph);
    edges = EdgeList();
    const ComponentSearch::Options search{.order = order,
                                          .wants_cycle = [this](CycleKind kind, OrderKind o) { return wants_cycle(kind, o); },
                                          .out_of_budget = &options_.out_of_budget};
    const CyclesResult result = find_cycles(history_, graph, data_nodes, search);
    if (result.stopped) doubt("the budget was used up before all cycles were looked for");
    if (result.undecided != 0) {
      doubt(std::to_string(result.undecided) + " components of the graph were too large to be searched for every kind of cycle");
    }
    for (const ComponentCycle& cycle : result.cycles) report(cycle, versions);
  }

  bool wants_cycle(CycleKind kind, OrderKind order) {
    const auto bit = static_cast<std::size_t>(std::countr_zero(cycle_bit(kind, order)));
    return shown_[bit]++ < options_.findings_per_anomaly;
  }

  void report(const ComponentCycle& component_cycle, const Versions& versions) {
    const std::string name = cycle_name(component_cycle.cycle_class.kind, component_cycle.cycle_class.order);
    found_.add(name, [&] {
      Cycle cycle;
      cycle.anomaly = name;
      cycle.failure = proscribes(options_.level, name);
      for (const CycleEdge& edge : component_cycle.edges) {
        CycleStep& step = cycle.steps.emplace_back();
        step.transaction = edge.transaction;
        step.dependency = static_cast<Dependency>(edge.edge);
      }
      prove(cycle, versions);
      Finding finding{.witness = {}, .text = cycle_text(history_, cycle)};
      for (const CycleStep& step : cycle.steps) finding.witness.push_back(step.transaction);
      if (!component_cycle.shortest) finding.text += " (There may be a shorter one.)";
      cycles_.push_back(std::move(cycle));
      return finding;
    });
  }

  void prove(Cycle& cycle, const Versions& versions) const {
    for (std::size_t i = 0; i < cycle.steps.size(); ++i) {
      CycleStep& step = cycle.steps[i];
      const std::size_t next = i + 1 == cycle.steps.size() ? 0 : i + 1;
      const Evidence evidence =
          versions.evidence(step.transaction, cycle.steps[next].transaction, static_cast<EdgeKind>(step.dependency));
      step.key = evidence.key;
      step.value = evidence.older;
      step.newer = evidence.newer;
      step.text = sentence(step, cycle.steps[next].transaction, "T" + std::to_string(i + 1), "T" + std::to_string(next + 1));
    }
  }

  std::string sentence(const CycleStep& step, std::uint32_t other, const std::string& a, const std::string& b) const {
    const Transaction& from = history_.transactions[step.transaction];
    if (step.dependency == Dependency::process) {
      return a + " ended before " + b + " began in the same process " + std::to_string(from.process);
    }
    if (step.dependency == Dependency::realtime) {
      return a + " ended (event " + std::to_string(from.completion_index) + ") before " + b + " began (event " +
             std::to_string(history_.transactions[other].invoke_index) + ")";
    }
    const std::string key(history_.key_name(step.key));
    const std::string value = history_.value_text(step.value);
    const std::string newer = history_.value_text(step.newer);
    const bool lists = options_.workload == Workload::list_append;
    switch (step.dependency) {
      case Dependency::ww:
        return lists ? a + " appended " + value + " to " + key + ", and " + b + " appended " + newer + " after it"
                     : a + " wrote " + value + " to " + key + ", and " + b + " replaced it by " + newer;
      case Dependency::wr:
        return lists ? b + " read " + key + " with " + value + " at its end, which " + a + " appended"
                     : b + " read " + value + " from " + key + ", which " + a + " wrote";
      default: break;
    }
    if (step.value == nil) {
      return a + " found nothing in " + key + (lists ? ", to which " + b + " appended " : ", to which " + b + " wrote ") + newer;
    }
    return lists ? a + " read " + key + " up to " + value + " and not yet " + newer + ", which " + b + " appended"
                 : a + " read " + value + " from " + key + ", which " + b + " replaced by " + newer;
  }

  // Notes what it means if there is none left.
  bool out_of_budget() {
    if (!options_.out_of_budget || !options_.out_of_budget()) return false;
    doubt("the budget was used up before all was looked for");
    return true;
  }

  void doubt(const std::string& reason) { doubts_ += (doubts_.empty() ? "" : "; ") + reason; }

  TransactionVerdict conclude() {
    TransactionVerdict result;
    Verdict& verdict = result.verdict;
    verdict.outcome = found_.has_failure() ? Verdict::Outcome::invalid
                      : doubts_.empty()    ? Verdict::Outcome::valid
                                           : Verdict::Outcome::unknown;
    std::move(found_).into(verdict);
    if (verdict.outcome == Verdict::Outcome::unknown) verdict.reason = doubts_;
    verdict.vacuity = measure(history_);
    verdict.vacuity.acknowledged_read = acknowledged_read_;
    std::vector<std::string> names;
    for (const checkers::AnomalyCount& count : verdict.counts) names.push_back(count.anomaly);
    result.ruled_out = weakest_ruled_out(names);
    // In the order of the findings: by anomaly.
    for (const std::string& name : names) {
      for (Cycle& cycle : cycles_) {
        if (cycle.anomaly == name) result.cycles.push_back(std::move(cycle));
      }
    }
    return result;
  }

  const TransactionHistory& history_;
  const TransactionOptions& options_;
  const std::vector<std::string> tolerated_;
  FindingList found_;
  std::vector<Cycle> cycles_;
  std::array<std::uint32_t, cycle_kinds.size() * order_kinds.size()> shown_{};  // per kind of cycle: examples asked for
  std::uint64_t acknowledged_read_ = 0;
  std::string doubts_;
};

}  // namespace

std::string_view to_string(Dependency dependency) {
  constexpr std::array<std::string_view, 6> names{"ww", "wr", "rw", "process", "realtime", "commit"};
  return names[static_cast<std::size_t>(dependency)];
}

TransactionVerdict check_transactions(const TransactionHistory& history, const TransactionOptions& options) {
  return Check(history, options).run();
}

}  // namespace faultline::transactions
