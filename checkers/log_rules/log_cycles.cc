// Cycles of dependencies among the operations of a log: Adya's phenomena, where the version order is known, since it is the offsets.
//
//   wr  an ok operation polled what another sent
//   ww  two operations sent neighbours of one partition (by index), the first the earlier
//   rw  a read that states an exact end precedes who sent the first record at or beyond it. A poll without an end says only how far it
//       got, not that there was no more, and gives no such edge
// Operations take part if they are committed. The search is that of the transactions checker, and so are the names: G0, G1c, G-single,
// G-nonadjacent, G2-item, each with its -process and -realtime form. With Dependencies::reads there are only wr edges, from every record
// polled; with ww edges the last record polled of each partition says as much as all.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "checkers/log_rules/log_rules.h"
#include "checkers/transactions/cycles.h"

namespace faultline::log_rules {

namespace {

using checkers::LogOperation;
using checkers::no_offset;
using checkers::no_row;
using checkers::Outcome;
using transactions::EdgeKind;

class Cycles {
 public:
  explicit Cycles(const Context& context)
      : context_(context), history_(context.history), model_(context.model), edges_(operation_count()) {}

  std::string run() {
    if (edges_.overflows()) return "the history has too many operations for the search of cycles";
    const transactions::Effective effective = describe_operations();
    add_reads();
    if (context_.promises.dependencies == Dependencies::writes) {
      add_writes();
      add_anti_dependencies();
    }
    const std::uint32_t data_nodes = edges_.node_count();
    add_order_edges(operations_, effective, transactions::OrderKind::realtime, edges_);
    if (edges_.overflows()) return "the graph has too many nodes for the search of cycles";
    transactions::DependencyGraph graph;
    edges_.build(graph);
    std::vector<std::uint32_t> shown(32, 0);
    const std::function<bool()> never;
    const transactions::CyclesResult result =
        transactions::find_cycles(operations_, graph, data_nodes,
                                  {.order = transactions::OrderKind::realtime,
                                   .wants_cycle =
                                       [&](transactions::CycleKind kind, transactions::OrderKind order) {
                                         const int name = std::countr_zero(transactions::cycle_bit(kind, order));
                                         return shown[static_cast<std::size_t>(name)]++ < context_.promises.findings_per_anomaly;
                                       },
                                   .out_of_budget = &never});
    for (const transactions::ComponentCycle& cycle : result.cycles) report(cycle);
    if (result.undecided == 0) return "";
    return fmt::format("{} components of the graph were too large to be searched for every kind of cycle", result.undecided);
  }

 private:
  std::uint32_t operation_count() const { return static_cast<std::uint32_t>(history_.operations.size()); }

  bool takes_part(std::uint32_t operation) const {
    return checkers::has_values(history_.operations[operation].kind) && model_.committed[operation];
  }

  // The operations as the search knows them: a node each, with the events between which it happened.
  transactions::Effective describe_operations() {
    transactions::Effective effective(operation_count());
    for (std::uint32_t i = 0; i < operation_count(); ++i) {
      const LogOperation& operation = history_.operations[i];
      effective[i] = takes_part(i);
      operations_.transactions.push_back({.process = operation.process,
                                          .invoke_index = operation.invoke_index,
                                          .completion_index = operation.completion_index,
                                          .source = i,
                                          .outcome = operation.outcome});
    }
    operations_.event_count = history_.event_count;
    return effective;
  }

  std::uint32_t writer_of(std::uint32_t value_row) const {
    const std::uint32_t writer = model_.values[value_row].writer;
    return writer != no_row && takes_part(writer) ? writer : no_row;
  }

  void add(std::uint32_t from, std::uint32_t to, EdgeKind kind) {
    if (from != no_row && to != no_row && from != to) edges_.add(from, to, kind);
  }

  void add_reads() {
    for (std::uint32_t i = 0; i < operation_count(); ++i) {
      if (history_.operations[i].outcome != Outcome::ok) continue;
      const checkers::RecordRange polled = history_.polled_range(history_.operations[i]);
      std::uint32_t last_writer = no_row;
      for (std::uint32_t r = polled.begin; r < polled.end; ++r) {
        const std::uint32_t writer = writer_of(model_.value_rows[r]);
        if (writer != last_writer) add(writer, i, EdgeKind::wr);
        last_writer = writer;
      }
    }
  }

  void add_writes() {
    for (std::uint32_t p = 0; p < history_.partitions.size(); ++p) {
      std::uint32_t before = no_row;
      for (std::uint32_t at = 0; at < model_.index_count(p); ++at) {
        const std::uint32_t writer = writer_of(model_.at_index(p, at).value_row);
        if (writer == no_row) continue;
        add(before, writer, EdgeKind::ww);
        before = writer;
      }
    }
  }

  void add_anti_dependencies() {
    for (std::uint32_t i = 0; i < operation_count(); ++i) {
      const LogOperation& read = history_.operations[i];
      if (read.outcome != Outcome::ok || read.end_offset == no_offset) continue;
      add(i, first_writer_from(read.end_partition.value(), read.end_offset), EdgeKind::rw);
    }
  }

  // Who sent the first record at or beyond `offset`, or no_row.
  std::uint32_t first_writer_from(std::uint32_t partition, std::int64_t offset) const {
    const auto begin = model_.by_index.begin() + model_.partition_base[partition];
    const auto end = begin + model_.index_count(partition);
    auto row = std::partition_point(begin, end, [&](std::uint32_t at) { return model_.offsets[at].offset < offset; });
    for (; row != end; ++row) {
      if (const std::uint32_t writer = writer_of(model_.offsets[*row].value_row); writer != no_row) return writer;
    }
    return no_row;
  }

  void report(const transactions::ComponentCycle& cycle) {
    context_.found.add(cycle_name(cycle.cycle_class.kind, cycle.cycle_class.order), [&] {
      checkers::Finding finding;
      for (std::size_t i = 0; i < cycle.edges.size(); ++i) {
        const std::uint32_t from = cycle.edges[i].transaction;
        const std::uint32_t to = cycle.edges[(i + 1) % cycle.edges.size()].transaction;
        finding.witness.push_back(from);
        finding.text += fmt::format("{}op {} {}", i == 0 ? "" : "; ", from, proof(cycle.edges[i].edge, from, to));
      }
      finding.text += ": a cycle";
      return finding;
    });
  }

  std::string proof(EdgeKind kind, std::uint32_t from, std::uint32_t to) const {
    switch (kind) {
      case EdgeKind::wr: return read_proof(from, to);
      case EdgeKind::ww: return write_proof(from, to);
      case EdgeKind::rw: {
        const LogOperation& read = history_.operations[from];
        return fmt::format("found the end of {} at {}, before op {} wrote there", history_.partition_name(read.end_partition),
                           read.end_offset, to);
      }
      case EdgeKind::process: return fmt::format("was ended when its process began op {}", to);
      case EdgeKind::realtime:
      case EdgeKind::relay: break;
    }
    return fmt::format("had ended before op {} began", to);
  }

  std::string read_proof(std::uint32_t from, std::uint32_t to) const {
    const checkers::RecordRange polled = history_.polled_range(history_.operations[to]);
    for (std::uint32_t r = polled.begin; r < polled.end; ++r) {
      const checkers::LogModel::Value& value = model_.values[model_.value_rows[r]];
      if (value.writer == from)
        return fmt::format("sent value {} to {}, which op {} read", value.value, history_.partitions[value.partition], to);
    }
    return fmt::format("was read by op {}", to);
  }

  std::string write_proof(std::uint32_t from, std::uint32_t to) const {
    const checkers::RecordRange sent = history_.sent_range(history_.operations[from]);
    for (std::uint32_t r = sent.begin; r < sent.end; ++r) {
      const checkers::LogModel::Value& value = model_.values[model_.value_rows[r]];
      if (value.offset_row == no_row) continue;
      for (std::uint32_t at = model_.offsets[value.offset_row].index + 1; at < model_.index_count(value.partition); ++at) {
        const LogModel::Offset& next = model_.at_index(value.partition, at);
        const std::uint32_t writer = writer_of(next.value_row);
        if (writer == no_row) continue;
        if (writer != to) break;
        return fmt::format("sent value {} to {} at offset {}, before value {} of op {} at offset {}", value.value,
                           history_.partitions[value.partition], model_.offsets[value.offset_row].offset,
                           model_.values[next.value_row].value, to, next.offset);
      }
    }
    return fmt::format("wrote before op {}", to);
  }

  using LogModel = checkers::LogModel;

  const Context& context_;
  const checkers::LogHistory& history_;
  const LogModel& model_;
  transactions::EdgeList edges_;
  transactions::TransactionHistory operations_;
};

}  // namespace

std::string find_cycles(const Context& context) { return Cycles(context).run(); }

std::vector<std::string> cycles_normal_with_writes() {
  std::vector<std::string> names;
  for (const transactions::CycleKind kind : transactions::cycle_kinds) {
    for (const transactions::OrderKind order : transactions::order_kinds) names.push_back(cycle_name(kind, order));
  }
  return names;
}

}  // namespace faultline::log_rules
