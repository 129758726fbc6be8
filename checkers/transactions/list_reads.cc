#include "checkers/transactions/list_reads.h"

#include <algorithm>
#include <string>
#include <vector>

#include "checkers/transactions/names.h"

namespace faultline::transactions {

using checkers::Finding;
using checkers::FindingList;
using checkers::Outcome;

namespace {

// Someone who read the first `length` elements of `key`, then appended.
struct Update {
  std::uint32_t key;
  std::uint32_t length;
  std::uint32_t transaction;

  auto operator<=>(const Update&) const = default;
};

class ListReads {
 public:
  ListReads(const TransactionHistory& history, const WriteIndex& writes, const ListVersions& versions, FindingList& found)
      : history_(history), writes_(writes), versions_(versions), found_(found), keys_(history.keys.size()) {}

  void run() {
    for (std::uint32_t t = 0; t < history_.transactions.size(); ++t) {
      if (history_.transactions[t].outcome == Outcome::ok) check(t);
    }
    report_lost_updates();
  }

 private:
  // What the transaction at hand has done to a key.
  struct KeyState {
    std::uint32_t transaction = no_transaction;
    std::uint32_t last = no_operation;        // its latest operation
    std::uint32_t longest_fitting = 0;        // the length of the longest list it read that fits the order
    std::uint32_t first_read = no_operation;  // if it read before it wrote
    bool wrote = false;
  };

  void check(std::uint32_t t) {
    const Transaction& transaction = history_.transactions[t];
    before_.assign(transaction.count, no_operation);
    internal_ = false;
    future_ = false;
    for (std::uint32_t i = transaction.first; i < transaction.first + transaction.count; ++i) {
      const MicroOperation& operation = history_.operations[i];
      if (!writes_.usable(operation.key()) || operation.function() == Function::read_unknown) continue;
      KeyState& key = keys_[operation.key().value()];
      if (key.transaction != t) key = {.transaction = t};
      before_[i - transaction.first] = key.last;
      key.last = i;
      if (operation.is_write()) {
        appended(t, i, key);
      } else {
        read(t, i, key);
      }
    }
  }

  void appended(std::uint32_t t, std::uint32_t i, KeyState& key) {
    const MicroOperation& operation = history_.operations[i];
    if (key.longest_fitting != 0 && !future_) {
      const Write& write = *writes_.find(operation.key(), operation.value());
      if (write.place != 0 && write.place <= key.longest_fitting) report_future(t, operation);
    }
    if (!key.wrote && key.first_read != no_operation && versions_.fits(key.first_read)) {
      const std::uint32_t length = history_.operations[key.first_read].count;
      // Whose append follows what it read needs no notice of its own: report_lost_updates looks at it for the others' sake.
      if (versions_.writer_at(operation.key(), length) != t) updates_.push_back({operation.key().value(), length, t});
    }
    key.wrote = true;
  }

  void read(std::uint32_t t, std::uint32_t i, KeyState& key) {
    const MicroOperation& operation = history_.operations[i];
    if (!key.wrote && key.first_read == no_operation) key.first_read = i;
    if (versions_.fits(i)) {
      key.longest_fitting = std::max(key.longest_fitting, operation.count);
    } else {
      look_ahead(t, i);
    }
    if (versions_.has_duplicate(i)) report_duplicate(t, operation);
    if (!internal_ && !follows(t, i)) report_internal(t, operation);
    check_intermediate(t, operation);
  }

  // A list that fits no order: each of its elements is looked up.
  void look_ahead(std::uint32_t t, std::uint32_t i) {
    const MicroOperation& operation = history_.operations[i];
    for (const std::uint32_t value : history_.list_of(operation)) {
      const Write* write = writes_.find(operation.key(), Value(value));
      if (future_ || write == nullptr || write->transaction() != t || write->operation < i) continue;
      report_future(t, history_.operations[write->operation]);
    }
  }

  // Whether the list of read `i` is what the transaction's own operations before it led to.
  bool follows(std::uint32_t t, std::uint32_t i) const {
    const auto list = history_.list_of(history_.operations[i]);
    const std::uint32_t first = history_.transactions[t].first;
    std::size_t left = list.size();
    std::uint32_t j = before_[i - first];
    for (; j != no_operation && history_.operations[j].is_write(); j = before_[j - first]) {
      if (left == 0 || list[left - 1] != history_.operations[j].argument) return false;
      --left;
    }
    if (j == no_operation) return true;  // what was there before the transaction is unknown
    const auto earlier = history_.list_of(history_.operations[j]);
    return std::equal(earlier.begin(), earlier.end(), list.begin(), list.begin() + static_cast<std::ptrdiff_t>(left));
  }

  void check_intermediate(std::uint32_t t, const MicroOperation& operation) {
    if (operation.count == 0) return;
    // Most lists end with what their writer appended last, or with the reader's own.
    const Write* write = versions_.last_write(operation);
    if (write == nullptr || write->is_final() || write->transaction() == t) return;
    if (history_.transactions[write->transaction()].outcome == Outcome::fail) return;
    found_.add(anomaly::intermediate_read, [&] {
      return Finding{.partition = key_text(operation),
                     .witness = {write->transaction(), t},
                     .text = name_of(history_, t) + " read " + key_text(operation) + " as it was after " +
                             name_of(history_, write->transaction()) + " had appended " +
                             history_.value_text(Value(write->value)) + ", which was not its last append to it."};
    });
  }

  void report_future(std::uint32_t t, const MicroOperation& append) {
    future_ = true;
    found_.add(anomaly::future_read, [&] {
      return Finding{.partition = key_text(append),
                     .witness = {t},
                     .text = name_of(history_, t) + " read " + history_.value_text(append.value()) + " of " + key_text(append) +
                             " before it appended it."};
    });
  }

  void report_internal(std::uint32_t t, const MicroOperation& read) {
    internal_ = true;
    found_.add(anomaly::internal, [&] {
      return Finding{.partition = key_text(read),
                     .witness = {t},
                     .text = name_of(history_, t) + " read " + list_text(history_, read) + " of " + key_text(read) +
                             ", which contradicts what it had itself read and appended before."};
    });
  }

  void report_duplicate(std::uint32_t t, const MicroOperation& read) {
    found_.add(anomaly::duplicate_elements, [&] {
      const auto list = history_.list_of(read);
      const std::string value = history_.value_text(Value(list[first_duplicate(list)]));
      return Finding{
          .partition = key_text(read),
          .witness = {t},
          .text = name_of(history_, t) + " read " + value + " twice in " + key_text(read) + ", where it was appended once."};
    });
  }

  void report_lost_updates() {
    std::sort(updates_.begin(), updates_.end());
    for (auto it = updates_.begin(); it != updates_.end();) {
      const auto end =
          std::find_if(it, updates_.end(), [it](const Update& u) { return u.key != it->key || u.length != it->length; });
      std::vector<std::uint32_t> group;
      const std::uint32_t owner = versions_.writer_at(Key(it->key), it->length);
      if (owner != no_transaction && updated(owner, *it)) group.push_back(owner);
      for (; it != end; ++it) group.push_back(it->transaction);
      if (group.size() > 1) report_lost_update(*std::prev(end), std::move(group));
    }
  }

  // Whether `transaction` is ok, read as much of the key as `update` before it appended to it.
  bool updated(std::uint32_t transaction, const Update& update) const {
    if (history_.transactions[transaction].outcome != Outcome::ok) return false;
    for (const MicroOperation& operation : history_.operations_of(transaction)) {
      if (operation.key() != Key(update.key) || operation.function() == Function::read_unknown) continue;
      const auto index = static_cast<std::uint32_t>(&operation - history_.operations.data());
      return !operation.is_write() && operation.count == update.length && versions_.fits(index);
    }
    return false;
  }

  void report_lost_update(const Update& update, std::vector<std::uint32_t> group) {
    found_.add(anomaly::lost_update, [&] {
      constexpr std::size_t shown = 4;
      const std::string key(history_.key_name(Key(update.key)));
      std::string text =
          std::to_string(group.size()) + " transactions read the same version of " + key + ", and each appended to it:";
      for (std::size_t i = 0; i < std::min(shown, group.size()); ++i) {
        text += (i == 0 ? " " : "; ") + name_of(history_, group[i]);
      }
      if (group.size() > shown) {
        text += "; ...";
        group.resize(shown);
      }
      return Finding{.partition = key, .witness = group, .text = text + "."};
    });
  }

  std::string key_text(const MicroOperation& operation) const { return std::string(history_.key_name(operation.key())); }

  const TransactionHistory& history_;
  const WriteIndex& writes_;
  const ListVersions& versions_;
  FindingList& found_;
  std::vector<KeyState> keys_;
  std::vector<std::uint32_t> before_;  // per operation of the transaction at hand: the one before it on the same key
  std::vector<Update> updates_;
  bool internal_ = false;  // already reported of the transaction at hand
  bool future_ = false;
};

}  // namespace

void check_list_reads(const TransactionHistory& history, const WriteIndex& writes, const ListVersions& versions,
                      FindingList& found) {
  ListReads(history, writes, versions, found).run();
}

}  // namespace faultline::transactions
