#include "checkers/transactions/visibility_reads.h"

#include <map>

namespace faultline::transactions {

using checkers::Outcome;

VisibilityReads::VisibilityReads(const TransactionHistory& history, const WriteIndex& writes, const RegisterReads& reads,
                                 const std::function<bool()>& out_of_budget)
    : history_(history), out_of_budget_(out_of_budget) {
  collect_reads(writes, reads);
  collect_writes(reads);
  collect_sessions(reads);
}

void VisibilityReads::collect_reads(const WriteIndex& writes, const RegisterReads& reads) {
  for (std::uint32_t t = 0; t < history_.transactions.size(); ++t) {
    read_rows_.push_back(static_cast<std::uint32_t>(reads_.size()));
    if (history_.transactions[t].outcome != Outcome::ok) continue;
    for (const MicroOperation& operation : history_.operations_of(t)) {
      if (!writes.usable(operation.key())) continue;
      bool nothing = false;
      const Write* write = write_seen(t, operation, writes, nothing);
      if (nothing) reads_.push_back({.key = operation.key(), .writer = initial()});
      if (write == nullptr || write->transaction() == t || !reads.effective[write->transaction()]) continue;
      reads_.push_back({operation.key(), write->transaction(), Value(write->value)});
    }
  }
  read_rows_.push_back(static_cast<std::uint32_t>(reads_.size()));
}

// The write whose version `operation` of `t` read, or `nothing`. Of a list what others appended counts: its last element that is not
// the transaction's own.
const Write* VisibilityReads::write_seen(std::uint32_t t, const MicroOperation& operation, const WriteIndex& writes,
                                         bool& nothing) const {
  if (operation.function() == Function::read_register) {
    nothing = operation.value() == nil;
    return nothing ? nullptr : writes.find(operation.key(), operation.value());
  }
  if (operation.function() != Function::read_list) return nullptr;
  const auto list = history_.list_of(operation);
  for (auto element = list.rbegin(); element != list.rend(); ++element) {
    const Write* write = writes.find(operation.key(), Value(*element));
    if (write == nullptr || write->transaction() != t) return write;
  }
  nothing = true;
  return nullptr;
}

void VisibilityReads::collect_writes(const RegisterReads& reads) {
  auto touch = reads.touches.begin();
  for (std::uint32_t t = 0; t < history_.transactions.size(); ++t) {
    written_rows_.push_back(static_cast<std::uint32_t>(written_.size()));
    for (; touch != reads.touches.end() && touch->transaction == t; ++touch) {
      if (touch->has_write && reads.effective[t]) written_.push_back(touch->key);
    }
    std::sort(written_.begin() + written_rows_.back(), written_.end());
  }
  written_rows_.push_back(static_cast<std::uint32_t>(written_.size()));
}

// The processes whose transactions come one after another are the sessions. A transaction that took effect and is in none of them is
// a session by itself.
void VisibilityReads::collect_sessions(const RegisterReads& reads) {
  const auto transactions = static_cast<std::uint32_t>(history_.transactions.size());
  session_before_.assign(transactions, no_transaction);
  session_.assign(transactions, no_transaction);
  position_.assign(transactions, 1);
  std::map<std::int32_t, Session> sessions;
  for (std::uint32_t t = 0; t < transactions; ++t) {
    const Transaction& transaction = history_.transactions[t];
    if (!reads.effective[t]) continue;
    Session& session = sessions[transaction.process];
    session.final = t;
    session.overlaps = session.overlaps || overlaps(session.last, t);
    if (transaction.outcome == Outcome::ok) session.last = t;
  }
  for (auto& [process, session] : sessions) {
    session.last = no_transaction;
    if (!session.overlaps) session.number = sessions_++;
  }
  for (std::uint32_t t = 0; t < transactions; ++t) {
    if (!reads.effective[t]) continue;
    place_in_session(t, sessions.find(history_.transactions[t].process)->second);
    for (const Key key : written_by(t)) session_writes_.push_back({key, session_[t], position_[t], t});
  }
  std::sort(session_writes_.begin(), session_writes_.end());
}

void VisibilityReads::place_in_session(std::uint32_t t, Session& session) {
  const bool ok = history_.transactions[t].outcome == Outcome::ok;
  if (!session.overlaps) session_before_[t] = session.last;
  // An indefinite one may take effect late: it follows its session, and nothing follows it.
  const bool member = !session.overlaps && (ok || session.final == t);
  session_[t] = member ? session.number : sessions_++;
  if (member) position_[t] = ++session.length;
  if (ok) session.last = t;
}

bool VisibilityReads::overlaps(std::uint32_t before, std::uint32_t t) const {
  return before != no_transaction && history_.transactions[before].completion_index > history_.transactions[t].invoke_index;
}

// All transactions in an order in which each follows whom it read from and its session; fewer if there is no such order.
std::vector<std::uint32_t> VisibilityReads::causal_order() const {
  const auto transactions = static_cast<std::uint32_t>(history_.transactions.size());
  EdgeList edges(transactions);
  std::vector<std::uint32_t> incoming(transactions, 0);
  const auto add = [&](std::uint32_t from, std::uint32_t to) {
    edges.add(from, to, EdgeKind::wr);
    ++incoming[to];
  };
  for (std::uint32_t t = 0; t < transactions; ++t) {
    for (const OutsideRead& read : reads_of(t)) {
      if (read.writer != initial()) add(read.writer, t);
    }
    if (session_before_[t] != no_transaction) add(session_before_[t], t);
  }
  DependencyGraph graph;
  edges.build(graph);
  std::vector<std::uint32_t> order;
  for (std::uint32_t t = 0; t < transactions; ++t) {
    if (incoming[t] == 0) order.push_back(t);
  }
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (const Edge edge : graph.edges_of(order[i])) {
      if (--incoming[edge.target()] == 0) order.push_back(edge.target());
    }
  }
  return order;
}

void VisibilityReads::advance_clocks(std::span<const std::uint32_t> order, std::uint32_t first_session, std::uint32_t width) {
  clocks_.assign(order.size() * width, 0);
  for (const std::uint32_t t : order) {
    if (!go_on(t)) return;
    std::uint32_t* clock = &clocks_[std::size_t{t} * width];
    const auto follow = [&](std::uint32_t before) {
      const std::uint32_t* other = &clocks_[std::size_t{before} * width];
      for (std::uint32_t s = 0; s < width; ++s) clock[s] = std::max(clock[s], other[s]);
      const std::uint32_t session = session_[before];
      if (session == no_transaction || session < first_session || session - first_session >= width) return;
      clock[session - first_session] = std::max(clock[session - first_session], position_[before]);
    };
    for (const OutsideRead& read : reads_of(t)) {
      if (read.writer != initial()) follow(read.writer);
    }
    if (session_before_[t] != no_transaction) follow(session_before_[t]);
  }
}

}  // namespace faultline::transactions
