#include "checkers/transactions/register_versions.h"

#include <algorithm>
#include <deque>
#include <string>
#include <tuple>
#include <utility>

#include "checkers/transactions/components.h"
#include "checkers/transactions/names.h"

namespace faultline::transactions {

using checkers::Finding;
using checkers::Outcome;

namespace {

constexpr std::uint32_t no_version = 0xffff'ffffu;

}  // namespace

// The beginning or the end of a transaction that touches a key.
struct RegisterVersions::Event {
  Key key;
  std::int32_t process;
  std::uint32_t index;
  std::uint32_t touch;
  bool ended;

  auto operator<=>(const Event&) const = default;
};

RegisterVersions::RegisterVersions(const TransactionHistory& history, const WriteIndex& writes, const RegisterReads& reads,
                                   const RegisterOrders& orders, checkers::FindingList& found)
    : history_(history), writes_(writes), reads_(reads), cyclic_(history.keys.size()) {
  if (orders.writes_follow_reads) {
    for (const Touch& touch : reads_.touches) {
      if (touch.has_read && touch.has_write) pair_up(touch.key, touch.read, touch.write);
    }
  }
  if (orders.sequential_keys) add_pairs_in_order(true);
  if (orders.linearizable_keys && history.has_realtime) add_pairs_in_order(false);
  std::sort(pairs_.begin(), pairs_.end());
  pairs_.erase(std::unique(pairs_.begin(), pairs_.end()), pairs_.end());
  drop_cyclic(found);
}

std::uint32_t RegisterVersions::version_of(Key key, Value value) const {
  if (value == nil) return no_version;
  const Write* write = writes_.find(key, value);
  if (write == nullptr || !write->is_final() || !reads_.effective[write->transaction()]) return no_version;
  return writes_.slot_of(*write);
}

void RegisterVersions::pair_up(Key key, Value older, Value newer) {
  if (older == newer) return;
  const std::uint32_t to = version_of(key, newer);
  if (older == nil) return;  // every version comes after nil anyway
  const std::uint32_t from = version_of(key, older);
  if (from == no_version) return;
  if (newer == nil) {
    cyclic_[key.value()] = true;
  } else if (to != no_version) {
    pairs_.push_back({from, to});
  }
}

void RegisterVersions::link(const Touch& before, const Touch& after) {
  pair_up(before.key, before.has_write ? before.write : before.read, after.has_read ? after.read : after.write);
}

// Links each transaction that touches a key to those whose end it follows, save those that another one in between follows.
void RegisterVersions::add_pairs_in_order(bool by_process) {
  std::vector<Event> events;
  for (std::uint32_t i = 0; i < reads_.touches.size(); ++i) {
    const Touch& touch = reads_.touches[i];
    if (!reads_.effective[touch.transaction]) continue;
    const Transaction& t = history_.transactions[touch.transaction];
    const std::int32_t process = by_process ? t.process : 0;
    events.push_back({touch.key, process, t.invoke_index, i, false});
    if (t.outcome == Outcome::ok) events.push_back({touch.key, process, t.completion_index, i, true});
  }
  std::sort(events.begin(), events.end());
  std::deque<const Event*> ended;  // in order of their ends
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i];
    if (i == 0 || event.key != events[i - 1].key || event.process != events[i - 1].process) ended.clear();
    const Touch& touch = reads_.touches[event.touch];
    if (!event.ended) {
      for (const Event* before : ended) link(reads_.touches[before->touch], touch);
      continue;
    }
    const std::uint32_t began = history_.transactions[touch.transaction].invoke_index;
    while (!ended.empty() && ended.front()->index < began) ended.pop_front();
    ended.push_back(&event);
  }
}

void RegisterVersions::drop_cyclic(checkers::FindingList& found) {
  EdgeList edges(writes_.slot_count());
  for (const Pair& pair : pairs_) edges.add(pair.older, pair.newer, EdgeKind::ww);
  if (!pairs_.empty() && !edges.overflows()) {
    DependencyGraph graph;
    edges.build(graph);
    std::vector<std::uint32_t> component;
    ComponentsWork work;
    find_components(graph, component, work, [](std::uint32_t) { return true; }, [](std::uint32_t, Edge) { return true; });
    for (const Pair& pair : pairs_) {
      if (component[pair.older] != component[pair.newer]) continue;
      cyclic_[history_.operations[writes_.slot(pair.older).operation].key().value()] = true;
    }
  }
  std::erase_if(pairs_, [this](const Pair& pair) {
    return cyclic_[history_.operations[writes_.slot(pair.older).operation].key().value()];
  });
  for (std::uint32_t key = 0; key < cyclic_.size(); ++key) {
    if (!cyclic_[key]) continue;
    found.add(anomaly::cyclic_versions, [&] {
      const std::string name(history_.key_name(Key(key)));
      return Finding{.partition = name,
                     .text = "Under the assumed order of its versions some value of " + name + " would precede itself."};
    });
  }
}

void RegisterVersions::add_edges(EdgeList& edges) const {
  for (std::uint32_t t = 0; t < history_.transactions.size(); ++t) {
    if (history_.transactions[t].outcome != Outcome::ok) continue;
    for (const MicroOperation& operation : history_.operations_of(t)) {
      if (operation.function() != Function::read_register || operation.value() == nil || !writes_.usable(operation.key()))
        continue;
      const Write* write = writes_.find(operation.key(), operation.value());
      if (write == nullptr || write->transaction() == t || !reads_.effective[write->transaction()]) continue;
      edges.add(write->transaction(), t, EdgeKind::wr);
    }
  }
  add_pair_edges(edges);
  add_nil_edges(edges);
}

void RegisterVersions::add_pair_edges(EdgeList& edges) const {
  if (pairs_.empty()) return;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> readers;  // version, transaction
  for (const Touch& touch : reads_.touches) {
    if (!touch.has_read) continue;
    const std::uint32_t version = version_of(touch.key, touch.read);
    if (version == no_version || writes_.slot(version).transaction() == touch.transaction) continue;
    readers.emplace_back(version, touch.transaction);
  }
  std::sort(readers.begin(), readers.end());
  std::vector<std::uint32_t> from;
  std::vector<std::uint32_t> to;
  auto reader = readers.begin();
  for (auto pair = pairs_.begin(); pair != pairs_.end();) {
    const std::uint32_t older = pair->older;
    const std::uint32_t writer = writes_.slot(older).transaction();
    from.clear();
    to.clear();
    for (; pair != pairs_.end() && pair->older == older; ++pair) {
      const std::uint32_t overwriter = writes_.slot(pair->newer).transaction();
      to.push_back(overwriter);
      if (writer != overwriter) edges.add(writer, overwriter, EdgeKind::ww);
    }
    while (reader != readers.end() && reader->first < older) ++reader;
    for (; reader != readers.end() && reader->first == older; ++reader) from.push_back(reader->second);
    std::sort(to.begin(), to.end());
    edges.add_product(from, to, EdgeKind::rw);
  }
}

void RegisterVersions::add_nil_edges(EdgeList& edges) const {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> readers;  // key, transaction
  for (const Touch& touch : reads_.touches) {
    if (touch.has_read && touch.read == nil) readers.emplace_back(touch.key.value(), touch.transaction);
  }
  std::sort(readers.begin(), readers.end());
  std::vector<std::uint32_t> from;
  std::vector<std::uint32_t> to;
  for (auto reader = readers.begin(); reader != readers.end();) {
    const std::uint32_t key = reader->first;
    from.clear();
    to.clear();
    for (; reader != readers.end() && reader->first == key; ++reader) from.push_back(reader->second);
    for (const Write& write : writes_.slots_of(Key(key))) {
      if (write.operation == no_operation || !write.is_final() || !reads_.effective[write.transaction()]) continue;
      to.push_back(write.transaction());
    }
    std::sort(to.begin(), to.end());
    edges.add_product(from, to, EdgeKind::rw);
  }
}

Evidence RegisterVersions::evidence(std::uint32_t from, std::uint32_t to, EdgeKind kind) const {
  if (kind == EdgeKind::wr) {
    for (const MicroOperation& operation : history_.operations_of(to)) {
      if (operation.function() != Function::read_register || operation.value() == nil || !writes_.usable(operation.key()))
        continue;
      const Write* write = writes_.find(operation.key(), operation.value());
      if (write != nullptr && write->transaction() == from) return {operation.key(), operation.value(), nil, true};
    }
    return {};
  }
  const auto touches_of = [this](std::uint32_t t) {
    return std::equal_range(reads_.touches.begin(), reads_.touches.end(), Touch{t, Key(0)},
                            [](const Touch& a, const Touch& b) { return a.transaction < b.transaction; });
  };
  std::vector<std::pair<Key, Value>> newer;
  for (auto [it, end] = touches_of(to); it != end; ++it) {
    if (it->has_write) newer.emplace_back(it->key, it->write);
  }
  std::sort(newer.begin(), newer.end());
  for (auto [it, end] = touches_of(from); it != end; ++it) {
    if (kind == EdgeKind::ww ? !it->has_write : !it->has_read) continue;
    const Value older = kind == EdgeKind::ww ? it->write : it->read;
    const auto written = std::lower_bound(newer.begin(), newer.end(), std::pair(it->key, Value(0)));
    if (written == newer.end() || written->first != it->key) continue;
    const Pair pair{version_of(it->key, older), version_of(it->key, written->second)};
    const bool known = older == nil ? kind == EdgeKind::rw : std::binary_search(pairs_.begin(), pairs_.end(), pair);
    if (known) return {it->key, older, written->second, true};
  }
  return {};
}

}  // namespace faultline::transactions
