// Random nonsense with every kind of operation: transactions, groups, attributes, faults. No value is sent twice.
#pragma once

#include <array>
#include <vector>

#include "base/random.h"
#include "checkers/history.h"
#include "checkers/log_rules/log_rules.h"

namespace faultline::log_rules {

class NonsenseRules {
 public:
  explicit NonsenseRules(RandomStream& random) : random_(random) {
    recorder_.partition("t-0");
    recorder_.partition("t-1");
    // Mostly every offset holds one value, or the rules would see nothing but contradictions.
    consistent_ = random.chance({4, 5});
    for (auto& shift : shift_) shift = random.below(2);
    // Of two neighbours in the order of sends now and then the later lies earlier.
    swaps_ = random.chance({1, 2});
  }

  checkers::LogHistory run() {
    const std::uint64_t steps = 6 + random_.below(26);
    for (std::uint64_t i = 0; i < steps; ++i) {
      if (!open_.empty() && random_.chance({3, 5})) {
        end_one();
      } else {
        begin_one();
      }
    }
    if (random_.chance({1, 2})) final_poll();
    if (random_.chance({1, 4})) {
      const Time begin = Time(1ms) + Duration(1ms) * random_.between(std::int64_t{0}, std::int64_t{20});
      recorder_.add_fault({"crash", "node 0", begin, begin + Duration(1ms) * random_.between(std::int64_t{0}, std::int64_t{5})});
    }
    return std::move(recorder_).take();
  }

 private:
  using LogRecord = checkers::LogRecord;
  using Kind = checkers::OperationKind;
  struct Open {
    checkers::OperationId id;
    Kind kind = Kind::send;
    std::size_t records = 0;
    std::vector<LogRecord> sent{};
  };

  Time tick() { return now_ += 1ms; }

  std::vector<LogRecord> listed(bool with_offsets) {
    std::vector<LogRecord> records;
    for (std::uint32_t p = 0; p < 2; ++p) {
      const bool there = random_.chance({1, 2});
      const std::int64_t offset = random_.between(std::int64_t{-1}, std::int64_t{3});
      if (there) records.push_back({checkers::PartitionId(p), with_offsets ? offset : checkers::no_offset});
    }
    return records;
  }

  // Values are even numbers of partition 0 and odd ones of partition 1 in the order of sends; their true offsets follow from them.
  std::int64_t true_offset(const LogRecord& record) const {
    const std::int64_t place = record.value / 2;
    const bool swapped = swaps_ && record.partition.value() == 0;
    return (swapped ? place ^ 1 : place) + static_cast<std::int64_t>(shift_[record.partition.value()]);
  }
  std::int64_t told_offset(const LogRecord& record) {
    const bool told = random_.chance({4, 5});
    const std::int64_t nonsense = random_.between(std::int64_t{0}, std::int64_t{5});
    if (!told) return checkers::no_offset;
    return consistent_ ? true_offset(record) : nonsense;
  }

  checkers::RecordAttributes attributes() {
    checkers::RecordAttributes result;
    const bool with_key = random_.chance({4, 5});
    const std::int64_t key = random_.chance({3, 4}) ? 0 : 1;
    if (with_key) result.key = key;
    result.producer = random_.between(std::int64_t{-1}, std::int64_t{1});
    result.epoch = static_cast<std::int16_t>(random_.chance({1, 6}) ? 1 : 0);
    result.sequence = static_cast<std::int32_t>(random_.between(std::int64_t{-1}, std::int64_t{4}));
    result.tombstone = random_.chance({2, 5});
    result.bytes = static_cast<std::int32_t>(random_.between(std::int64_t{0}, std::int64_t{6}));
    const bool stamped = random_.chance({1, 4});
    const std::int64_t stamp = random_.between(std::int64_t{1}, std::int64_t{20});
    if (stamped) result.timestamp = Time(Duration(1ms) * stamp);
    return result;
  }
  std::vector<checkers::RecordAttributes> attributes_for(std::size_t count) {
    std::vector<checkers::RecordAttributes> result;
    for (std::size_t i = 0; i < count; ++i) result.push_back(attributes());
    return result;
  }

  std::vector<LogRecord> values_to_send() {
    std::vector<LogRecord> records;
    const std::uint64_t count = random_.below(3);
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto p = static_cast<std::uint32_t>(random_.below(2));
      records.push_back({checkers::PartitionId(p), checkers::no_offset, 2 * sent_[p]++ + p});
    }
    return records;
  }

  std::vector<LogRecord> values_to_poll() {
    std::vector<LogRecord> records;
    const std::uint64_t count = random_.below(4);
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto p = static_cast<std::uint32_t>(random_.below(2));
      LogRecord record{checkers::PartitionId(p), checkers::no_offset, 0};
      record.value = 2 * random_.between(std::int64_t{0}, sent_[p]) + p;
      record.offset = told_offset(record);
      records.push_back(record);
    }
    return records;
  }

  void final_poll() {
    const auto p = checkers::PartitionId(static_cast<std::uint32_t>(random_.below(2)));
    const checkers::OperationId id = recorder_.invoke_poll(9, tick(), true);
    recorder_.set_exact_end(id, p, random_.between(std::int64_t{0}, std::int64_t{4}));
    recorder_.complete_poll(id, tick(), checkers::Outcome::ok, values_to_poll());
  }

  void begin_one() {
    static constexpr std::array kinds{Kind::send,      Kind::send,      Kind::send,   Kind::poll,   Kind::poll,
                                      Kind::poll,      Kind::poll,      Kind::txn,    Kind::txn,    Kind::txn,
                                      Kind::subscribe, Kind::rebalance, Kind::commit, Kind::commit, Kind::offset_fetch,
                                      Kind::assign,    Kind::seek};
    const Kind kind = random_.pick(std::span<const Kind>(kinds));
    const auto process = static_cast<std::int32_t>(random_.below(3));
    Open open{.id = {}, .kind = kind};
    switch (kind) {
      case Kind::send:
      case Kind::txn: {
        open.sent = values_to_send();
        open.records = open.sent.size();
        const auto known = attributes_for(open.records);
        open.id = kind == Kind::send ? recorder_.invoke_send(process, tick(), open.sent, known)
                                     : recorder_.invoke_txn(process, tick(), open.sent, known);
        break;
      }
      case Kind::poll: open.id = recorder_.invoke_poll(process, tick(), random_.chance({1, 3})); break;
      case Kind::rebalance:
      case Kind::offset_fetch: open.id = recorder_.invoke_listing(kind, process, tick()); break;
      default: open.id = recorder_.invoke_positioning(kind, process, tick(), listed(kind == Kind::commit)); break;
    }
    const bool grouped = kind == Kind::txn || kind == Kind::subscribe || kind == Kind::rebalance || kind == Kind::commit ||
                         kind == Kind::offset_fetch;
    if (grouped) {
      const bool other = random_.chance({1, 5});
      recorder_.set_group(open.id, other ? "h" : "g", static_cast<std::int32_t>(random_.below(3)));
    }
    if (kind == Kind::poll && random_.chance({1, 2})) recorder_.set_read_committed(open.id);
    open_.push_back(std::move(open));
  }

  void end_one() {
    const std::size_t chosen = random_.below(open_.size());
    const Open open = open_[chosen];
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(chosen));
    const std::uint64_t draw = random_.below(8);
    const checkers::Outcome outcome = draw < 6   ? checkers::Outcome::ok
                                      : draw < 7 ? checkers::Outcome::indefinite
                                                 : checkers::Outcome::fail;
    std::vector<std::int64_t> offsets;
    for (const LogRecord& record : open.sent) offsets.push_back(told_offset(record));
    if (open.kind == Kind::txn && random_.chance({1, 2})) {
      const auto events = static_cast<std::int64_t>(recorder_.history().event_count);
      const auto invoked = std::int64_t{recorder_.history().operations[open.id.value()].invoke_index};
      recorder_.set_decided(open.id, static_cast<std::uint32_t>(random_.between(invoked, events)));
    }
    switch (open.kind) {
      case Kind::send: recorder_.complete_send(open.id, tick(), outcome, offsets); break;
      case Kind::txn: {
        const auto polled = values_to_poll();
        recorder_.complete_txn(open.id, tick(), outcome, offsets, polled, {}, attributes_for(polled.size()));
        break;
      }
      case Kind::poll: {
        const auto polled = values_to_poll();
        if (random_.chance({1, 8})) recorder_.set_rebalanced(open.id);
        if (random_.chance({1, 2})) {
          const auto p = checkers::PartitionId(static_cast<std::uint32_t>(random_.below(2)));
          recorder_.set_exact_end(open.id, p, random_.between(std::int64_t{0}, std::int64_t{4}));
        }
        recorder_.complete_poll(open.id, tick(), outcome, polled, {}, attributes_for(polled.size()));
        break;
      }
      case Kind::rebalance:
      case Kind::offset_fetch:
        recorder_.complete_listing(open.id, tick(), outcome, listed(open.kind == Kind::offset_fetch));
        break;
      default: recorder_.complete(open.id, tick(), outcome); break;
    }
  }

  RandomStream& random_;
  checkers::HistoryRecorder recorder_;
  Time now_{};
  std::vector<Open> open_;
  std::array<std::int64_t, 2> sent_{};
  std::array<std::uint64_t, 2> shift_{};
  bool consistent_ = true;
  bool swaps_ = false;
};

/// Promises that make every rule speak.
inline Promises random_promises(RandomStream& random) {
  Promises promises;
  promises.key_order = true;
  promises.recency_bound = Duration(1ms) * random.between(std::int64_t{0}, std::int64_t{8});
  promises.ownership_bound = Duration(1ms) * random.between(std::int64_t{0}, std::int64_t{4});
  promises.exactly_once_groups = {"g"};
  if (random.chance({1, 2})) {
    RetentionPolicy policy;
    policy.partition = checkers::PartitionId(static_cast<std::uint32_t>(random.below(2)));
    policy.log_start = random.between(std::int64_t{0}, std::int64_t{3});
    policy.deleted_below = random.between(std::int64_t{0}, std::int64_t{1});
    if (random.chance({1, 2})) policy.retention = Duration(1ms) * random.between(std::int64_t{0}, std::int64_t{15});
    if (random.chance({1, 2})) policy.retention_bytes = random.between(std::int64_t{1}, std::int64_t{12});
    policy.compact = random.chance({2, 3});
    policy.min_compaction_lag = Duration(1ms) * random.between(std::int64_t{0}, std::int64_t{15});
    policy.delete_retention = Duration(1ms) * random.between(std::int64_t{0}, std::int64_t{15});
    promises.retention.push_back(policy);
  }
  return promises;
}

}  // namespace faultline::log_rules
