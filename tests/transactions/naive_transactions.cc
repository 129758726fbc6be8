#include "naive_transactions.h"

#include <algorithm>

namespace faultline::transactions {

namespace {

using List = std::vector<std::uint32_t>;

bool is_prefix(const List& a, const List& b) { return a.size() <= b.size() && std::equal(a.begin(), a.end(), b.begin()); }

bool has_twice(const List& list) { return std::set<std::uint32_t>(list.begin(), list.end()).size() < list.size(); }

bool contains(const List& list, std::uint32_t value) { return std::find(list.begin(), list.end(), value) != list.end(); }

}  // namespace

void NaiveTransactions::collect() {
  const auto write_function = options_.workload == Workload::list_append ? Function::append : Function::write;
  const auto read_function = options_.workload == Workload::list_append ? Function::read_list : Function::read_register;
  graph_.count = static_cast<std::uint32_t>(history_.transactions.size());
  std::set<std::pair<std::uint32_t, std::uint32_t>> values;
  for (std::uint32_t t = 0; t < history_.transactions.size(); ++t) {
    if (ok(t)) effective_.insert(t);
    std::uint32_t at = 0;
    for (const MicroOperation& operation : history_.operations_of(t)) {
      const std::uint32_t key = operation.key().value();
      const Function function = operation.function();
      if (function != write_function && function != read_function && function != Function::read_unknown) unusable_.insert(key);
      if (function == write_function && (operation.value() == nil || !values.emplace(key, operation.argument).second)) {
        unusable_.insert(key);
      }
      if (function != Function::read_unknown) {
        Operation o{t, at++, key, operation.argument, {}, function == write_function};
        if (function == Function::read_list)
          o.list.assign(history_.list_of(operation).begin(), history_.list_of(operation).end());
        operations_.push_back(std::move(o));
      }
    }
  }
  std::erase_if(operations_, [this](const Operation& o) { return unusable_.count(o.key) != 0; });
  for (const Operation& o : operations_) {
    if (!o.write) continue;
    const bool final = std::none_of(operations_.begin(), operations_.end(), [&](const Operation& p) {
      return p.write && p.transaction == o.transaction && p.key == o.key && p.at > o.at;
    });
    written_[{o.key, o.value}] = {o.transaction, o.at, final};
  }
  for (const Operation& o : operations_) {
    if (o.write || !ok(o.transaction)) continue;
    const List seen = options_.workload == Workload::list_append ? o.list : List{o.value};
    for (const std::uint32_t value : seen) {
      const auto w = writer(o.key, value);
      if (w && !failed(w->transaction)) effective_.insert(w->transaction);
    }
  }
}

void NaiveTransactions::judge_lists() {
  std::set<std::uint32_t> keys;
  for (const Operation& o : operations_) keys.insert(o.key);
  for (const std::uint32_t key : keys) judge_lists_of(key);
  for (std::uint32_t t = 0; t < history_.transactions.size(); ++t) {
    if (ok(t)) judge_list_transaction(t);
  }
}

void NaiveTransactions::judge_lists_of(std::uint32_t key) {
  List longest;
  bool any = false;
  for (const Operation& o : operations_) {
    if (o.write || o.key != key || !ok(o.transaction)) continue;
    if (!any || o.list.size() > longest.size()) longest = o.list;
    any = true;
  }
  bool compatible = true;
  std::set<std::uint32_t> garbage;
  std::set<std::uint32_t> aborted;
  for (const Operation& o : operations_) {
    if (o.write || o.key != key || !ok(o.transaction)) continue;
    compatible = compatible && is_prefix(o.list, longest);
    if (has_twice(o.list)) count("duplicate-elements");
    for (const std::uint32_t value : o.list) {
      const auto w = writer(key, value);
      if (!w) garbage.insert(value);
      if (w && failed(w->transaction)) aborted.insert(value);
    }
    const auto last = o.list.empty() ? std::nullopt : writer(key, o.list.back());
    if (last && last->transaction != o.transaction && !failed(last->transaction) && !last->final) count("G1b");
  }
  if (!compatible) count("incompatible-order");
  for (std::size_t i = 0; i < garbage.size(); ++i) count("garbage-read");
  for (std::size_t i = 0; i < aborted.size(); ++i) count("G1a");
  std::set<std::uint32_t> dirty;
  for (std::size_t i = 0; i < longest.size(); ++i) {
    const auto w = writer(key, longest[i]);
    if (!w || !failed(w->transaction)) continue;
    for (std::size_t j = i + 1; j < longest.size(); ++j) {
      const auto later = writer(key, longest[j]);
      const bool repeated = std::find(longest.begin(), longest.begin() + static_cast<std::ptrdiff_t>(j), longest[j]) !=
                            longest.begin() + static_cast<std::ptrdiff_t>(j);
      if (later && effective(later->transaction) && !repeated) dirty.insert(longest[i]);
    }
  }
  for (std::size_t i = 0; i < dirty.size(); ++i) count("dirty-update");
  // Who read a version before touching the key otherwise, and then appended to it.
  std::map<List, std::set<std::uint32_t>> updates;
  std::set<std::uint32_t> touched;
  std::map<std::uint32_t, List> first_read;
  for (const Operation& o : operations_) {
    if (o.key != key || !ok(o.transaction)) continue;
    if (!o.write && touched.count(o.transaction) == 0 && is_prefix(o.list, longest)) first_read[o.transaction] = o.list;
    if (o.write && first_read.count(o.transaction) != 0) updates[first_read[o.transaction]].insert(o.transaction);
    touched.insert(o.transaction);
  }
  for (const auto& [list, group] : updates) {
    if (group.size() > 1) count("lost-update");
  }
  list_edges(key, longest, compatible);
}

void NaiveTransactions::list_edges(std::uint32_t key, const List& longest, bool compatible) {
  // The versions: first occurrences of what transactions appended that took effect.
  std::vector<std::pair<std::size_t, std::uint32_t>> versions;
  for (std::size_t i = 0; i < longest.size(); ++i) {
    const auto w = writer(key, longest[i]);
    const bool first = static_cast<std::size_t>(std::find(longest.begin(), longest.end(), longest[i]) - longest.begin()) == i;
    if (w && effective(w->transaction) && first) versions.emplace_back(i, w->transaction);
  }
  std::set<std::uint32_t> unseen;
  for (const Operation& o : operations_) {
    if (o.write && o.key == key && effective(o.transaction) && !contains(longest, o.value) && compatible) {
      unseen.insert(o.transaction);
    }
  }
  for (std::size_t i = 1; i < versions.size(); ++i) graph_.add(versions[i - 1].second, versions[i].second, EdgeKind::ww);
  for (const std::uint32_t u : unseen) {
    if (!versions.empty()) graph_.add(versions.back().second, u, EdgeKind::ww);
  }
  for (const Operation& o : operations_) {
    if (o.write || o.key != key || !ok(o.transaction)) continue;
    const auto last = o.list.empty() ? std::nullopt : writer(key, o.list.back());
    if (last && effective(last->transaction)) graph_.add(last->transaction, o.transaction, EdgeKind::wr);
    if (!is_prefix(o.list, longest) || (last && last->transaction == o.transaction)) continue;
    const auto next = std::find_if(versions.begin(), versions.end(), [&](const auto& v) { return v.first >= o.list.size(); });
    if (next != versions.end()) {
      graph_.add(o.transaction, next->second, EdgeKind::rw);
    } else {
      for (const std::uint32_t u : unseen) graph_.add(o.transaction, u, EdgeKind::rw);
    }
  }
}

void NaiveTransactions::judge_list_transaction(std::uint32_t t) {
  std::vector<Operation> mine;
  for (const Operation& o : operations_) {
    if (o.transaction == t) mine.push_back(o);
  }
  bool internal = false;
  bool future = false;
  for (std::size_t i = 0; i < mine.size(); ++i) {
    if (mine[i].write) continue;
    // What is expected: the latest earlier read, and the appends since.
    std::optional<List> known;
    List appended;
    for (std::size_t j = 0; j < i; ++j) {
      if (mine[j].key != mine[i].key) continue;
      if (mine[j].write) {
        appended.push_back(mine[j].value);
      } else {
        known = mine[j].list;
        appended.clear();
      }
    }
    if (known) {
      known->insert(known->end(), appended.begin(), appended.end());
      internal = internal || *known != mine[i].list;
    } else {
      const List& list = mine[i].list;
      internal = internal || list.size() < appended.size() ||
                 !std::equal(appended.begin(), appended.end(), list.end() - static_cast<std::ptrdiff_t>(appended.size()));
    }
    for (std::size_t j = i + 1; j < mine.size(); ++j) {
      future = future || (mine[j].write && mine[j].key == mine[i].key && contains(mine[i].list, mine[j].value));
    }
  }
  if (internal) count("internal");
  if (future) count("future-read");
}

void NaiveTransactions::judge_registers() {
  std::set<std::uint32_t> keys;
  std::set<std::pair<std::uint32_t, std::uint32_t>> garbage;
  std::set<std::pair<std::uint32_t, std::uint32_t>> aborted;
  for (const Operation& o : operations_) {
    keys.insert(o.key);
    if (o.write || !ok(o.transaction) || Value(o.value) == nil) continue;
    const auto w = writer(o.key, o.value);
    if (!w) {
      garbage.insert({o.key, o.value});
    } else if (w->transaction != o.transaction && failed(w->transaction)) {
      aborted.insert({o.key, o.value});
    } else if (w->transaction != o.transaction) {
      if (!w->final) count("G1b");
      graph_.add(w->transaction, o.transaction, EdgeKind::wr);
    }
  }
  for (std::size_t i = 0; i < garbage.size(); ++i) count("garbage-read");
  for (std::size_t i = 0; i < aborted.size(); ++i) count("G1a");
  for (std::uint32_t t = 0; t < history_.transactions.size(); ++t) {
    if (ok(t)) judge_register_transaction(t);
  }
  for (const std::uint32_t key : keys) register_edges(key);
}

void NaiveTransactions::judge_register_transaction(std::uint32_t t) {
  std::vector<Operation> mine;
  for (const Operation& o : operations_) {
    if (o.transaction == t) mine.push_back(o);
  }
  bool internal = false;
  bool future = false;
  for (std::size_t i = 0; i < mine.size(); ++i) {
    if (mine[i].write) continue;
    for (std::size_t j = i; j-- > 0;) {
      if (mine[j].key != mine[i].key) continue;
      internal = internal || mine[j].value != mine[i].value;
      break;
    }
    for (std::size_t j = i + 1; j < mine.size(); ++j) {
      future = future || (mine[j].write && mine[j].key == mine[i].key && mine[j].value == mine[i].value);
    }
  }
  if (internal) count("internal");
  if (future) count("future-read");
}

void NaiveTransactions::register_edges(std::uint32_t key) {
  // What each transaction read of the key from outside, and left there.
  std::map<std::uint32_t, std::uint32_t> read;
  std::map<std::uint32_t, std::uint32_t> left;
  std::set<std::uint32_t> touched;
  for (const Operation& o : operations_) {
    if (o.key != key || !effective(o.transaction) || (!o.write && !ok(o.transaction))) continue;
    if (!o.write && touched.count(o.transaction) == 0) read[o.transaction] = o.value;
    if (o.write) left[o.transaction] = o.value;
    touched.insert(o.transaction);
  }
  std::map<std::uint32_t, std::set<std::uint32_t>> updates;
  for (const auto& [t, value] : read) {
    if (left.count(t) != 0) updates[value].insert(t);
  }
  for (const auto& [value, group] : updates) {
    if (group.size() > 1) count("lost-update");
  }
  std::set<std::uint32_t> versions{nil.value()};
  for (const auto& [t, value] : left) versions.insert(value);
  std::set<std::pair<std::uint32_t, std::uint32_t>> order;
  const auto precede = [&](std::uint32_t a, std::uint32_t b) {
    if (a != b && versions.count(a) != 0 && versions.count(b) != 0) order.insert({a, b});
  };
  if (options_.register_orders.writes_follow_reads) {
    for (const auto& [t, value] : read) {
      if (left.count(t) != 0) precede(value, left[t]);
    }
  }
  const auto follow = [&](auto ordered) {
    for (const std::uint32_t a : touched) {
      for (const std::uint32_t b : touched) {
        if (!ordered(a, b)) continue;
        const bool between =
            std::any_of(touched.begin(), touched.end(), [&](std::uint32_t c) { return ordered(a, c) && ordered(c, b); });
        if (!between) precede(left.count(a) != 0 ? left[a] : read[a], read.count(b) != 0 ? read[b] : left[b]);
      }
    }
  };
  if (options_.register_orders.sequential_keys) {
    follow([&](std::uint32_t a, std::uint32_t b) {
      return before(a, b) && history_.transactions[a].process == history_.transactions[b].process;
    });
  }
  if (options_.register_orders.linearizable_keys) follow([&](std::uint32_t a, std::uint32_t b) { return before(a, b); });
  std::set<std::pair<std::uint32_t, std::uint32_t>> initial;
  for (const std::uint32_t version : versions) {
    if (Value(version) != nil) initial.insert({nil.value(), version});
  }
  order.insert(initial.begin(), initial.end());
  auto closure = order;
  for (const std::uint32_t via : versions) {
    for (const std::uint32_t a : versions) {
      for (const std::uint32_t b : versions) {
        if (closure.count({a, via}) != 0 && closure.count({via, b}) != 0) closure.insert({a, b});
      }
    }
  }
  if (std::any_of(versions.begin(), versions.end(), [&](std::uint32_t v) { return closure.count({v, v}) != 0; })) {
    count("cyclic-versions");
    order = initial;
  }
  for (const auto& [older, newer] : order) {
    const std::uint32_t overwriter = writer(key, newer)->transaction;
    if (Value(older) != nil) graph_.add(writer(key, older)->transaction, overwriter, EdgeKind::ww);
    for (const auto& [t, value] : read) {
      if (value == older && (Value(older) == nil || writer(key, older)->transaction != t))
        graph_.add(t, overwriter, EdgeKind::rw);
    }
  }
}

void NaiveTransactions::add_order() {
  for (const std::uint32_t a : effective_) {
    for (const std::uint32_t b : effective_) {
      if (!before(a, b)) continue;
      if (history_.transactions[a].process == history_.transactions[b].process) graph_.add(a, b, EdgeKind::process);
      if (history_.has_realtime) graph_.add(a, b, EdgeKind::realtime);
    }
  }
}

}  // namespace faultline::transactions
