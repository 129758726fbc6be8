#include "checkers/transactions/register_reads.h"

#include <algorithm>
#include <string>
#include <tuple>

#include "checkers/transactions/names.h"

namespace faultline::transactions {

using checkers::Finding;
using checkers::FindingList;
using checkers::Outcome;

namespace {

// A value that should not have been there, and who read it.
struct BadRead {
  Key key;
  Value value;
  std::uint32_t reader;

  auto operator<=>(const BadRead&) const = default;
};

class RegisterReader {
 public:
  RegisterReader(const TransactionHistory& history, const WriteIndex& writes, FindingList& found)
      : history_(history), writes_(writes), found_(found), keys_(history.keys.size()) {}

  RegisterReads run() {
    for (const Transaction& transaction : history_.transactions) {
      result_.effective.push_back(transaction.outcome == Outcome::ok);
    }
    for (std::uint32_t t = 0; t < history_.transactions.size(); ++t) {
      if (history_.transactions[t].outcome != Outcome::fail) look_at(t);
    }
    report_bad_reads();
    report_lost_updates();
    return std::move(result_);
  }

 private:
  struct KeyState {
    std::uint32_t transaction = no_transaction;
    std::uint32_t touch = 0;  // an index into the touches
    Value last = nil;         // what the latest operation read or wrote
  };

  void look_at(std::uint32_t t) {
    const Transaction& transaction = history_.transactions[t];
    const bool ok = transaction.outcome == Outcome::ok;
    internal_ = false;
    future_ = false;
    for (std::uint32_t i = transaction.first; i < transaction.first + transaction.count; ++i) {
      const MicroOperation& operation = history_.operations[i];
      const bool write = operation.function() == Function::write;
      if (!writes_.usable(operation.key()) || (!write && (!ok || operation.function() != Function::read_register))) continue;
      KeyState& key = keys_[operation.key().value()];
      const bool first = key.transaction != t;
      if (first) {
        key = {t, static_cast<std::uint32_t>(result_.touches.size()), operation.value()};
        result_.touches.push_back({.transaction = t, .key = operation.key()});
      }
      Touch& touch = result_.touches[key.touch];
      if (write) {
        touch.has_write = true;
        touch.write = operation.value();
      } else {
        if (first) {
          touch.has_read = true;
          touch.read = operation.value();
        }
        read(t, i);
        if (!first && key.last != operation.value() && !internal_) report_internal(t, operation, key.last);
      }
      key.last = operation.value();
    }
  }

  void read(std::uint32_t t, std::uint32_t i) {
    const MicroOperation& operation = history_.operations[i];
    if (operation.value() == nil) return;
    const Write* write = writes_.find(operation.key(), operation.value());
    if (write == nullptr) {
      garbage_.push_back({operation.key(), operation.value(), t});
      return;
    }
    const std::uint32_t writer = write->transaction();
    if (writer == t) {
      if (write->operation > i && !future_) report_future(t, operation);
      return;
    }
    if (history_.transactions[writer].outcome == Outcome::fail) {
      aborted_.push_back({operation.key(), operation.value(), t});
      return;
    }
    result_.effective[writer] = true;
    if (!write->is_final()) report_intermediate(t, writer, operation);
  }

  void report_internal(std::uint32_t t, const MicroOperation& read, Value expected) {
    internal_ = true;
    found_.add(anomaly::internal, [&] {
      return Finding{.partition = key_text(read.key()),
                     .witness = {t},
                     .text = name_of(history_, t) + " read " + history_.value_text(read.value()) + " from " +
                             key_text(read.key()) + ", which it had itself left at " + history_.value_text(expected) + "."};
    });
  }

  void report_future(std::uint32_t t, const MicroOperation& read) {
    future_ = true;
    found_.add(anomaly::future_read, [&] {
      return Finding{.partition = key_text(read.key()),
                     .witness = {t},
                     .text = name_of(history_, t) + " read " + history_.value_text(read.value()) + " from " +
                             key_text(read.key()) + " before it wrote it."};
    });
  }

  void report_intermediate(std::uint32_t t, std::uint32_t writer, const MicroOperation& read) {
    found_.add(anomaly::intermediate_read, [&] {
      return Finding{.partition = key_text(read.key()),
                     .witness = {writer, t},
                     .text = name_of(history_, t) + " read " + history_.value_text(read.value()) + " from " +
                             key_text(read.key()) + ", which was not the last value that " + name_of(history_, writer) +
                             " wrote to it."};
    });
  }

  void report_bad_reads() {
    const auto once = [](std::vector<BadRead>& reads) {
      std::sort(reads.begin(), reads.end());
      const auto same = [](const BadRead& a, const BadRead& b) { return a.key == b.key && a.value == b.value; };
      reads.erase(std::unique(reads.begin(), reads.end(), same), reads.end());
    };
    once(garbage_);
    once(aborted_);
    for (const BadRead& bad : garbage_) {
      found_.add(anomaly::garbage_read, [&] {
        return Finding{.partition = key_text(bad.key),
                       .witness = {bad.reader},
                       .text = name_of(history_, bad.reader) + " read " + history_.value_text(bad.value) + " from " +
                               key_text(bad.key) + ", which nobody wrote."};
      });
    }
    for (const BadRead& bad : aborted_) {
      found_.add(anomaly::aborted_read, [&] {
        const std::uint32_t writer = writes_.find(bad.key, bad.value)->transaction();
        return Finding{.partition = key_text(bad.key),
                       .witness = {writer, bad.reader},
                       .text = name_of(history_, bad.reader) + " read " + history_.value_text(bad.value) + " from " +
                               key_text(bad.key) + ", which the aborted " + name_of(history_, writer) + " wrote."};
      });
    }
  }

  void report_lost_updates() {
    struct Update {
      Key key;
      Value read;
      std::uint32_t transaction;
      auto operator<=>(const Update&) const = default;
    };
    std::vector<Update> updates;
    for (const Touch& touch : result_.touches) {
      if (touch.has_read && touch.has_write) updates.push_back({touch.key, touch.read, touch.transaction});
    }
    std::sort(updates.begin(), updates.end());
    for (std::size_t i = 0; i < updates.size();) {
      std::size_t end = i + 1;
      while (end < updates.size() && updates[end].key == updates[i].key && updates[end].read == updates[i].read) ++end;
      if (end - i > 1) {
        found_.add(anomaly::lost_update, [&] {
          constexpr std::size_t shown = 4;
          Finding finding{.partition = key_text(updates[i].key),
                          .text = std::to_string(end - i) + " transactions read " + history_.value_text(updates[i].read) +
                                  " from " + key_text(updates[i].key) + ", and each replaced it:"};
          for (std::size_t j = i; j < std::min(end, i + shown); ++j) {
            finding.witness.push_back(updates[j].transaction);
            finding.text += (j == i ? " " : "; ") + name_of(history_, updates[j].transaction);
          }
          finding.text += end - i > shown ? "; ..." : ".";
          return finding;
        });
      }
      i = end;
    }
  }

  std::string key_text(Key key) const { return std::string(history_.key_name(key)); }

  const TransactionHistory& history_;
  const WriteIndex& writes_;
  FindingList& found_;
  RegisterReads result_;
  std::vector<KeyState> keys_;
  std::vector<BadRead> garbage_;
  std::vector<BadRead> aborted_;
  bool internal_ = false;  // already reported of the transaction at hand
  bool future_ = false;
};

}  // namespace

RegisterReads read_registers(const TransactionHistory& history, const WriteIndex& writes, FindingList& found) {
  return RegisterReader(history, writes, found).run();
}

}  // namespace faultline::transactions
