#include "checkers/transactions/list_versions.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "checkers/transactions/names.h"

namespace faultline::transactions {

using checkers::Finding;
using checkers::Outcome;

namespace {

// Marks a write in Write::place that a list which does not fit has shown, though the longest one does not have it.
constexpr std::uint32_t seen_elsewhere = 0xffff'ffffu;

bool is_placed(const Write& write) { return write.place != 0 && write.place != seen_elsewhere; }

}  // namespace

std::uint32_t first_duplicate(std::span<const std::uint32_t> list) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> sorted;
  sorted.reserve(list.size());
  for (std::uint32_t i = 0; i < list.size(); ++i) sorted.emplace_back(list[i], i);
  std::sort(sorted.begin(), sorted.end());
  auto first = static_cast<std::uint32_t>(list.size());
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i].first == sorted[i - 1].first) first = std::min(first, sorted[i].second);
  }
  return first;
}

ListVersions::ListVersions(const TransactionHistory& history, WriteIndex& writes)
    : history_(history), writes_(writes), orders_(history.keys.size()), misfit_(history.operations.size()) {
  effective_.reserve(history.transactions.size());
  for (const Transaction& transaction : history.transactions) effective_.push_back(transaction.outcome == Outcome::ok);
  find_longest();
  place_elements();
  find_misfits();
  link_versions();
}

// Calls visit(transaction, operation index, operation) for every read of a usable key in an ok transaction.
template <class Visit>
void ListVersions::for_each_ok_read(Visit visit) const {
  for (std::uint32_t t = 0; t < history_.transactions.size(); ++t) {
    const Transaction& transaction = history_.transactions[t];
    if (transaction.outcome != Outcome::ok) continue;
    for (std::uint32_t i = transaction.first; i < transaction.first + transaction.count; ++i) {
      const MicroOperation& operation = history_.operations[i];
      if (operation.function() == Function::read_list && writes_.usable(operation.key())) visit(t, i, operation);
    }
  }
}

void ListVersions::find_longest() {
  for_each_ok_read([this](std::uint32_t, std::uint32_t index, const MicroOperation& read) {
    Order& order = orders_[read.key().value()];
    if (order.read != no_operation && read.count <= order.length) return;
    order.read = index;
    order.length = read.count;
  });
}

std::span<const std::uint32_t> ListVersions::longest(Key key) const {
  const Order& order = orders_[key.value()];
  if (order.read == no_operation) return {};
  return history_.list_of(history_.operations[order.read]);
}

void ListVersions::place_elements() {
  std::size_t places = 0;
  for (Order& order : orders_) {
    order.places = places;
    places += order.length + std::size_t{1};
  }
  places_.resize(places);
  for (std::uint32_t key = 0; key < orders_.size(); ++key) {
    if (orders_[key].length != 0) place_elements_of(Key(key), orders_[key]);
  }
}

void ListVersions::place_elements_of(Key key, Order& order) {
  const auto list = longest(key);
  std::uint32_t unwritten = 0;
  for (std::uint32_t p = 0; p < list.size(); ++p) {
    Write* write = writes_.find(key, Value(list[p]));
    if (write == nullptr) {
      ++unwritten;
      note_read_of(key, list[p], order.read);
      continue;
    }
    places_[order.places + p].writer = write->transaction();
    if (write->place != 0) {
      order.duplicate = std::min(order.duplicate, p);
      continue;
    }
    note_read_of(key, list[p], order.read);
    write->place = p + 1;
  }
  if (unwritten < 2) return;
  const std::uint32_t duplicate = first_duplicate(list);
  if (duplicate < list.size()) order.duplicate = duplicate;
}

// Someone read `value`: who wrote it took effect, or should not have.
void ListVersions::note_read_of(Key key, std::uint32_t value, std::uint32_t operation) {
  const Write* write = writes_.find(key, Value(value));
  if (write == nullptr) {
    garbage_.push_back({key.value(), value, operation});
    return;
  }
  if (history_.transactions[write->transaction()].outcome != Outcome::fail) {
    effective_[write->transaction()] = true;
  } else if (write->place == 0) {
    aborted_.push_back({key.value(), value, operation});
  }
}

void ListVersions::find_misfits() {
  for_each_ok_read([this](std::uint32_t, std::uint32_t index, const MicroOperation& read) {
    Order& order = orders_[read.key().value()];
    const auto list = history_.list_of(read);
    if (std::equal(list.begin(), list.end(), longest(read.key()).begin())) return;
    misfit_[index] = true;
    if (order.misfit == no_operation) order.misfit = index;
    for (const std::uint32_t value : list) {
      note_read_of(read.key(), value, index);
      Write* write = writes_.find(read.key(), Value(value));
      if (write != nullptr && write->place == 0) write->place = seen_elsewhere;
    }
  });
  const auto less = [](const Garbage& a, const Garbage& b) {
    return std::tuple(a.key, a.value, a.operation) < std::tuple(b.key, b.value, b.operation);
  };
  std::sort(garbage_.begin(), garbage_.end(), less);
  const auto same = [](const Garbage& a, const Garbage& b) { return a.key == b.key && a.value == b.value; };
  garbage_.erase(std::unique(garbage_.begin(), garbage_.end(), same), garbage_.end());
}

void ListVersions::link_versions() {
  for (std::uint32_t key = 0; key < orders_.size(); ++key) {
    const Order& order = orders_[key];
    const auto list = longest(Key(key));
    std::uint32_t next = order.length;
    places_[order.places + next].next = next;
    for (std::uint32_t p = order.length; p-- > 0;) {
      Place& place = places_[order.places + p];
      bool version = place.writer != no_transaction && effective_[place.writer];
      // Only a list with a repetition is worth another look-up.
      if (version && order.duplicate <= p) version = writes_.find(Key(key), Value(list[p]))->place == p + 1;
      if (version) next = p;
      place.next = next;
    }
  }
}

const Write* ListVersions::last_write(const MicroOperation& read) const {
  return read.count == 0 ? nullptr : std::as_const(writes_).find(read.key(), Value(history_.list_of(read).back()));
}

std::uint32_t ListVersions::writer_at(Key key, std::uint32_t position) const {
  const Order& order = orders_[key.value()];
  return position < order.length ? places_[order.places + position].writer : no_transaction;
}

bool ListVersions::has_duplicate(std::uint32_t operation) const {
  const MicroOperation& read = history_.operations[operation];
  if (fits(operation)) return orders_[read.key().value()].duplicate < read.count;
  return first_duplicate(history_.list_of(read)) < read.count;
}

std::uint32_t ListVersions::transaction_of(std::uint32_t operation) const {
  // Micro-operations lie in the order in which their transactions ended, not began: there is nothing to bisect.
  const auto it = std::find_if(history_.transactions.begin(), history_.transactions.end(), [operation](const Transaction& t) {
    return operation >= t.first && operation - t.first < t.count;
  });
  ENSURE(it != history_.transactions.end());
  return static_cast<std::uint32_t>(it - history_.transactions.begin());
}

void ListVersions::find_version_anomalies(checkers::FindingList& found) const {
  const auto value_name = [this](const Garbage& g) { return history_.value_text(Value(g.value)); };
  for (const Garbage& g : garbage_) {
    found.add(anomaly::garbage_read, [&] {
      const std::uint32_t reader = transaction_of(g.operation);
      const std::string key(history_.key_name(Key(g.key)));
      return Finding{
          .partition = key,
          .witness = {reader},
          .text = "Nobody appended " + value_name(g) + " to " + key + ", but it was read by " + name_of(history_, reader) + "."};
    });
  }
  for (const Garbage& g : aborted_) {
    found.add(anomaly::aborted_read, [&] {
      const std::uint32_t reader = transaction_of(g.operation);
      const std::uint32_t writer = std::as_const(writes_).find(Key(g.key), Value(g.value))->transaction();
      const std::string key(history_.key_name(Key(g.key)));
      return Finding{.partition = key,
                     .witness = {writer, reader},
                     .text = name_of(history_, reader) + " read " + value_name(g) + " of " + key + ", which the aborted " +
                             name_of(history_, writer) + " appended."};
    });
  }
  for (std::uint32_t k = 0; k < orders_.size(); ++k) {
    const Order& order = orders_[k];
    const std::string_view key = history_.key_name(Key(k));
    if (order.misfit != no_operation) {
      found.add(anomaly::incompatible_order, [&] {
        const MicroOperation& a = history_.operations[order.misfit];
        const MicroOperation& b = history_.operations[order.read];
        return Finding{.partition = std::string(key),
                       .witness = {transaction_of(order.misfit), transaction_of(order.read)},
                       .text = "No order of appends to " + std::string(key) + " explains both " + list_text(history_, a) +
                               " and " + list_text(history_, b) + ": neither is the beginning of the other."};
      });
    }
    // A failed append with a version after it: someone built on what should not be there.
    for (std::uint32_t p = 0; p < order.length; ++p) {
      const Place& place = places_[order.places + p];
      if (place.writer == no_transaction || history_.transactions[place.writer].outcome != Outcome::fail) continue;
      if (place.next == order.length) break;
      const std::uint32_t value = longest(Key(k))[p];
      if (std::as_const(writes_).find(Key(k), Value(value))->place != p + 1) continue;
      found.add(anomaly::dirty_update, [&] {
        const std::uint32_t later = longest(Key(k))[place.next];
        return Finding{.partition = std::string(key),
                       .witness = {place.writer, places_[order.places + place.next].writer},
                       .text = "The aborted " + name_of(history_, place.writer) + " appended " +
                               history_.value_text(Value(value)) + " to " + std::string(key) + ", and the committed " +
                               name_of(history_, places_[order.places + place.next].writer) + " appended " +
                               history_.value_text(Value(later)) + " on top of it."};
      });
    }
  }
}

bool ListVersions::own(std::uint32_t transaction, const MicroOperation& read) const {
  return read.count != 0 && writer_at(read.key(), read.count - 1) == transaction;
}

void ListVersions::add_edges(EdgeList& edges) const {
  std::vector<std::uint64_t> last_readers;  // key << 32 | transaction, of lists after which no version is known
  add_read_edges(edges, last_readers);
  std::sort(last_readers.begin(), last_readers.end());
  last_readers.erase(std::unique(last_readers.begin(), last_readers.end()), last_readers.end());
  add_version_edges(edges, last_readers);
}

void ListVersions::add_read_edges(EdgeList& edges, std::vector<std::uint64_t>& last_readers) const {
  for_each_ok_read([&](std::uint32_t t, std::uint32_t index, const MicroOperation& read) {
    const Order& order = orders_[read.key().value()];
    if (!fits(index)) {
      const Write* write = last_write(read);
      if (write != nullptr && write->transaction() != t && effective_[write->transaction()]) {
        edges.add(write->transaction(), t, EdgeKind::wr);
      }
      return;
    }
    if (read.count != 0) {
      const std::uint32_t writer = places_[order.places + read.count - 1].writer;
      if (writer == t) return;
      if (writer != no_transaction && effective_[writer]) edges.add(writer, t, EdgeKind::wr);
    }
    const std::uint32_t next = places_[order.places + read.count].next;
    if (next != order.length) {
      const std::uint32_t overwriter = places_[order.places + next].writer;
      if (overwriter != t) edges.add(t, overwriter, EdgeKind::rw);
    } else if (order.misfit == no_operation) {
      last_readers.push_back(std::uint64_t{read.key().value()} << 32 | t);
    }
  });
}

std::vector<std::uint32_t> ListVersions::unseen_writers(Key key) const {
  std::vector<std::uint32_t> writers;
  if (!writes_.usable(key) || orders_[key.value()].misfit != no_operation) return writers;
  for (const Write& write : std::as_const(writes_).slots_of(key)) {
    if (write.operation != no_operation && write.place == 0 && effective_[write.transaction()]) {
      writers.push_back(write.transaction());
    }
  }
  std::sort(writers.begin(), writers.end());
  writers.erase(std::unique(writers.begin(), writers.end()), writers.end());
  return writers;
}

void ListVersions::add_version_edges(EdgeList& edges, std::span<const std::uint64_t> last_readers) const {
  auto reader = last_readers.begin();
  std::vector<std::uint32_t> readers;
  for (std::uint32_t key = 0; key < orders_.size(); ++key) {
    const Order& order = orders_[key];
    std::uint32_t last = no_transaction;
    for (std::uint32_t p = places_[order.places].next; p < order.length; p = places_[order.places + p + 1].next) {
      const std::uint32_t writer = places_[order.places + p].writer;
      if (last != no_transaction && last != writer) edges.add(last, writer, EdgeKind::ww);
      last = writer;
    }
    readers.clear();
    for (; reader != last_readers.end() && *reader >> 32 == key; ++reader) readers.push_back(static_cast<std::uint32_t>(*reader));
    const std::vector<std::uint32_t> unseen = unseen_writers(Key(key));
    if (unseen.empty()) continue;
    edges.add_product(readers, unseen, EdgeKind::rw);
    for (const std::uint32_t writer : unseen) {
      if (last != no_transaction && last != writer) edges.add(last, writer, EdgeKind::ww);
    }
  }
}

Evidence ListVersions::evidence(std::uint32_t from, std::uint32_t to, EdgeKind kind) const {
  for (const MicroOperation& operation : history_.operations_of(kind == EdgeKind::rw ? from : to)) {
    if (!writes_.usable(operation.key())) continue;
    Evidence evidence;
    if (kind == EdgeKind::ww && operation.function() == Function::append) {
      evidence = ww_evidence(from, operation);
    } else if (operation.function() == Function::read_list && kind == EdgeKind::wr) {
      const Write* write = last_write(operation);
      if (write != nullptr && write->transaction() == from) evidence = {operation.key(), Value(write->value), nil, true};
    } else if (operation.function() == Function::read_list && kind == EdgeKind::rw && !own(from, operation)) {
      evidence = rw_evidence(operation, to);
    }
    if (evidence.found) return evidence;
  }
  return {};
}

Evidence ListVersions::ww_evidence(std::uint32_t from, const MicroOperation& append) const {
  const Order& order = orders_[append.key().value()];
  const Write& write = *std::as_const(writes_).find(append.key(), append.value());
  if (!is_placed(write) && order.misfit != no_operation) return {};
  for (std::uint32_t p = is_placed(write) ? write.place - 1 : order.length; p-- > 0;) {
    const Place& place = places_[order.places + p];
    if (place.next != p) continue;
    if (place.writer != from) return {};
    return {append.key(), Value(longest(append.key())[p]), append.value(), true};
  }
  return {};
}

Evidence ListVersions::rw_evidence(const MicroOperation& read, std::uint32_t to) const {
  const Order& order = orders_[read.key().value()];
  const auto index = static_cast<std::uint32_t>(&read - history_.operations.data());
  if (!fits(index)) return {};
  const Value older = read.count == 0 ? nil : Value(history_.list_of(read).back());
  const std::uint32_t next = places_[order.places + read.count].next;
  if (next != order.length) {
    if (places_[order.places + next].writer != to) return {};
    return {read.key(), older, Value(longest(read.key())[next]), true};
  }
  for (const MicroOperation& operation : history_.operations_of(to)) {
    if (operation.function() != Function::append || operation.key() != read.key()) continue;
    if (std::as_const(writes_).find(read.key(), operation.value())->place == 0) {
      return {read.key(), older, operation.value(), true};
    }
  }
  return {};
}

}  // namespace faultline::transactions
