// Read committed, read atomic and causal by their definitions: is there any order of commits that extends reads (and sessions) and keeps the
// axiom? All orders are tried.
#include "checkers/transactions/consistency_level.h"
#include "naive_transactions.h"

namespace faultline::transactions {

namespace {

using Relation = std::vector<std::vector<bool>>;

Relation closure(Relation relation) {
  for (std::size_t via = 0; via < relation.size(); ++via) {
    for (std::size_t a = 0; a < relation.size(); ++a) {
      for (std::size_t b = 0; b < relation.size(); ++b) {
        if (relation[a][via] && relation[via][b]) relation[a][b] = true;
      }
    }
  }
  return relation;
}

// Whether the transactions not in `placed` can follow in some order, each after all that must precede it.
bool some_order(const Relation& before, std::vector<bool>& placed, std::size_t count) {
  if (count == before.size()) return true;
  for (std::size_t next = 0; next < before.size(); ++next) {
    bool possible = !placed[next];
    for (std::size_t a = 0; a < before.size(); ++a) possible = possible && (placed[a] || !before[a][next]);
    if (!possible) continue;
    placed[next] = true;
    if (some_order(before, placed, count + 1)) return true;
    placed[next] = false;
  }
  return false;
}

bool has_order(const Relation& before) {
  std::vector<bool> placed(before.size(), false);
  return some_order(before, placed, 0);
}

}  // namespace

bool NaiveTransactions::session_order(std::uint32_t a, std::uint32_t b) const {
  const auto& transactions = history_.transactions;
  if (transactions[a].process != transactions[b].process || !before(a, b) || !effective(b)) return false;
  // A process that does two things at a time is no session.
  for (std::uint32_t x = 0; x < transactions.size(); ++x) {
    for (std::uint32_t y = x + 1; y < transactions.size(); ++y) {
      if (transactions[x].process != transactions[a].process || transactions[y].process != transactions[a].process) continue;
      if (ok(x) && effective(y) && !before(x, y)) return false;
    }
  }
  return true;
}

// Whose value an ok read returned: a transaction, the initial state (one more than the last), or nobody that can be told. Of a list the
// last element that is not the reader's own counts.
std::optional<std::uint32_t> NaiveTransactions::source_of(const Operation& read) const {
  const auto initial = static_cast<std::uint32_t>(history_.transactions.size());
  if (read.write || !ok(read.transaction)) return std::nullopt;
  const auto effective_writer = [&](const std::optional<Written>& w) {
    return w && w->transaction != read.transaction && effective(w->transaction) ? std::optional(w->transaction) : std::nullopt;
  };
  if (options_.workload == Workload::rw_register) {
    return Value(read.value) == nil ? std::optional(initial) : effective_writer(writer(read.key, read.value));
  }
  for (auto element = read.list.rbegin(); element != read.list.rend(); ++element) {
    const auto w = writer(read.key, *element);
    if (!w || w->transaction != read.transaction) return effective_writer(w);
  }
  return initial;
}

// The last row stands for the initial state, which wrote every key.
NaiveTransactions::Relation NaiveTransactions::visible_sources(bool sessions) const {
  const auto initial = static_cast<std::uint32_t>(history_.transactions.size());
  Relation relation(initial + 1, std::vector<bool>(initial + 1, false));
  for (const Operation& o : operations_) {
    const auto source = source_of(o);
    if (source && *source != initial) relation[*source][o.transaction] = true;
  }
  for (std::uint32_t a = 0; a < initial; ++a) {
    relation[initial][a] = true;
    for (std::uint32_t b = 0; b < initial && sessions; ++b) {
      if (session_order(a, b)) relation[a][b] = true;
    }
  }
  return relation;
}

// What must precede what beside the axioms: the order of versions, where it is known.
NaiveTransactions::Relation NaiveTransactions::with_versions(Relation relation) const {
  const auto initial = static_cast<std::uint32_t>(history_.transactions.size());
  if (options_.workload == Workload::rw_register) return relation;
  for (std::uint32_t a = 0; a < initial; ++a) {
    for (std::uint32_t b = 0; b < initial; ++b) relation[a][b] = relation[a][b] || graph_.has(a, b, EdgeKind::ww);
  }
  return relation;
}

NaiveTransactions::Relation NaiveTransactions::forced(const std::string& axiom, const Relation& before) const {
  const std::size_t initial = history_.transactions.size();
  const Relation everything = closure(before);
  Relation result = with_versions(before);
  for (const Operation& read : operations_) {
    const auto source = source_of(read);
    if (!source) continue;
    for (std::uint32_t other = 0; other < initial; ++other) {
      bool writes = false;
      bool read_earlier = false;
      for (const Operation& o : operations_) {
        writes = writes || (o.write && o.transaction == other && o.key == read.key);
        if (o.write || o.transaction != read.transaction || o.at >= read.at) continue;
        const auto from = writer(o.key, o.value);
        read_earlier = read_earlier || (from && from->transaction == other);
      }
      bool visible = everything[other][read.transaction];
      if (axiom == "committed") visible = read_earlier;
      if (axiom == "atomic") visible = before[other][read.transaction];
      if (visible && writes && effective(other) && other != *source && other != read.transaction) result[other][*source] = true;
    }
  }
  return result;
}

std::optional<std::set<std::string>> NaiveTransactions::visibility() const {
  const ConsistencyLevel level = options_.level;
  if (!has_order(with_versions(visible_sources(true)))) return std::nullopt;
  const auto violates = [this](const std::string& axiom, bool sessions) {
    return !has_order(forced(axiom, visible_sources(sessions)));
  };
  using Names = std::set<std::string>;
  if (options_.workload == Workload::list_append) {
    if (proscribes(level, "G-single") || !proscribes(level, "read-atomic-cycle")) return Names{};
    if (violates("atomic", false)) return Names{"read-atomic-cycle"};
    return proscribes(level, "causal-cycle") && violates("causal", true) ? Names{"causal-cycle"} : Names{};
  }
  if (!proscribes(level, "read-committed-cycle")) return Names{};
  if (violates("committed", false)) return Names{"read-committed-cycle"};
  if (proscribes(level, "read-atomic-cycle") && violates("atomic", false)) return Names{"read-atomic-cycle"};
  if (proscribes(level, "causal-cycle")) return violates("causal", true) ? Names{"causal-cycle"} : Names{};
  const bool in_sessions = proscribes(level, "read-committed-cycle-process");
  return in_sessions && violates("committed", true) ? Names{"read-committed-cycle-process"} : Names{};
}

}  // namespace faultline::transactions
