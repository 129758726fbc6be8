// Random histories of a log that keeps every promise: producers with sequences and keys, consumers, a group that processes in
// transactions, commits and is rebalanced; and, if asked for, one thing at their end that breaks one rule.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "checkers/history.h"
#include "checkers/log_rules/log_rules.h"
#include "checkers/log_rules/names.h"

namespace faultline::log_rules {

class SoundRules {
 public:
  explicit SoundRules(RandomStream& random) : random_(random) {
    recorder_.partition("t-0");
    recorder_.partition("t-1");
  }

  /// All promises, as the history keeps them.
  Promises promises() const {
    Promises result;
    result.key_order = true;
    result.recency_bound = 3ms;
    result.ownership_bound = 10ms;
    result.exactly_once_groups = {"g"};
    result.retention = {policy_};
    return result;
  }

  /// `plant`: the name of the anomaly to end with; none if it is empty.
  checkers::LogHistory run(std::string_view plant) {
    subscribe(5);
    subscribe(6);
    rebalance();
    send(1, 0);
    for (std::uint64_t steps = 10 + random_.below(25); steps > 0; --steps) act();
    if (!plant.empty()) break_rule(plant);
    for (std::uint32_t p = 0; p < 2; ++p) final_poll(p);
    return std::move(recorder_).take();
  }

 private:
  using LogRecord = checkers::LogRecord;
  using Kind = checkers::OperationKind;
  using Outcome = checkers::Outcome;
  using Known = checkers::RecordAttributes;
  struct Entry {
    std::int64_t value = 0;
    Known known{};
  };

  Time tick() { return now_ += 1ms; }
  static LogRecord at(std::uint32_t p, std::int64_t offset, std::int64_t value = 0) {
    return {checkers::PartitionId(p), offset, value};
  }
  std::int64_t end(std::uint32_t p) const { return std::ssize(log_[p]); }

  void act() {
    const std::uint64_t draw = random_.below(16);
    const auto p = static_cast<std::uint32_t>(random_.below(2));
    if (draw < 6) {
      const auto producer = static_cast<std::int32_t>(1 + random_.below(2));
      send(producer, p);
    } else if (draw < 9) {
      poll(static_cast<std::int32_t>(3 + random_.below(2)));
    } else if (draw < 12) {
      const auto member = static_cast<std::int32_t>(5 + random_.below(2));
      process(member, p, random_.below(4), random_.chance({3, 4}) ? Outcome::ok : Outcome::fail);
    } else if (draw < 14) {
      commit(5, generation_, committed_ + static_cast<std::int64_t>(random_.below(3)));
    } else if (draw < 15) {
      fetch(committed_);
    } else if (now_ > Time(40ms)) {
      rebalance();
    }
  }

  void append(std::uint32_t p, std::int64_t value, const Known& known) { log_[p].push_back({value, known}); }

  // What a producer without a fault sends: the next sequence, and now and then no answer.
  void send(std::int32_t process, std::uint32_t p) {
    Known known{.key = random_.between(std::int64_t{0}, std::int64_t{2}), .producer = process, .epoch = 0, .bytes = 10};
    known.sequence = next_sequence_[{process, p}];
    const std::uint64_t draw = random_.below(8);
    const Outcome outcome = draw < 6 || log_[0].empty() ? Outcome::ok : draw < 7 ? Outcome::indefinite : Outcome::fail;
    const bool appended = outcome == Outcome::ok || (outcome == Outcome::indefinite && random_.chance({1, 2}));
    if (appended) ++next_sequence_[{process, p}];
    send_as(process, p, known, outcome, appended);
  }

  void send_as(std::int32_t process, std::uint32_t p, const Known& known, Outcome outcome = Outcome::ok, bool appended = true) {
    const LogRecord record = at(p, outcome == Outcome::ok ? end(p) : checkers::no_offset, next_value_++);
    const checkers::OperationId id = recorder_.invoke_send(process, tick(), std::span(&record, 1), std::span(&known, 1));
    if (appended) append(p, record.value, known);
    recorder_.complete_send(id, tick(), outcome, std::span(&record.offset, 1));
  }

  checkers::OperationId poll_of(std::int32_t process, const std::vector<LogRecord>& records, bool committed = false) {
    const checkers::OperationId id = recorder_.invoke_poll(process, tick());
    if (committed) recorder_.set_read_committed(id);
    recorder_.complete_poll(id, tick(), Outcome::ok, records, {}, known_of(records));
    return id;
  }
  std::vector<Known> known_of(const std::vector<LogRecord>& records) const {
    std::vector<Known> known;
    for (const LogRecord& record : records)
      known.push_back(log_[record.partition.value()][static_cast<std::size_t>(record.offset)].known);
    return known;
  }

  // Takes what is next, in both partitions.
  void poll(std::int32_t process, std::uint64_t at_most = 4) {
    std::vector<LogRecord> records;
    for (std::uint32_t p = 0; p < 2; ++p) take(p, position_[{process, p}], at_most, records);
    poll_of(process, records);
  }
  void take(std::uint32_t p, std::int64_t& position, std::uint64_t at_most, std::vector<LogRecord>& records) const {
    for (; at_most > 0 && position < end(p); --at_most, ++position)
      records.push_back(at(p, position, log_[p][static_cast<std::size_t>(position)].value));
  }

  void process(std::int32_t member, std::uint32_t p, std::uint64_t at_most, Outcome outcome) {
    std::vector<LogRecord> polled;
    std::int64_t position = processed_[p];
    take(p, position, at_most, polled);
    if (outcome == Outcome::ok) processed_[p] = position;
    process_these(member, polled, outcome);
  }
  void process_these(std::int32_t member, const std::vector<LogRecord>& polled, Outcome outcome = Outcome::ok) {
    const checkers::OperationId id = recorder_.invoke_txn(member, tick(), {});
    recorder_.set_group(id, "g", generation_);
    recorder_.complete_txn(id, tick(), outcome, {}, polled, {}, known_of(polled));
  }

  void subscribe(std::int32_t member) {
    const std::vector<LogRecord> wanted{at(0, checkers::no_offset), at(1, checkers::no_offset)};
    const checkers::OperationId id = recorder_.invoke_positioning(Kind::subscribe, member, tick(), wanted);
    recorder_.set_group(id, "g");
    recorder_.complete(id, tick(), Outcome::ok);
  }
  void bring(std::int32_t member, const std::vector<LogRecord>& owned) {
    const checkers::OperationId id = recorder_.invoke_listing(Kind::rebalance, member, tick());
    recorder_.set_group(id, "g", generation_);
    recorder_.complete_listing(id, tick(), Outcome::ok, owned);
  }
  void rebalance() {
    ++generation_;
    const auto p = static_cast<std::uint32_t>(random_.below(2));
    bring(5, {at(p, checkers::no_offset)});
    bring(6, {at(1 - p, checkers::no_offset)});
  }
  void commit(std::int32_t member, std::int32_t generation, std::int64_t offset) {
    committed_ = offset;
    const std::vector<LogRecord> place{at(0, offset)};
    const checkers::OperationId id = recorder_.invoke_positioning(Kind::commit, member, tick(), place);
    recorder_.set_group(id, "g", generation);
    recorder_.complete(id, tick(), Outcome::ok);
  }
  void fetch(std::int64_t found) {
    const checkers::OperationId id = recorder_.invoke_listing(Kind::offset_fetch, 5, tick());
    recorder_.set_group(id, "g");
    recorder_.complete_listing(id, tick(), Outcome::ok, std::vector<LogRecord>{at(0, found)});
  }

  void final_poll(std::uint32_t p) {
    std::vector<LogRecord> records;
    std::int64_t position = 0;
    take(p, position, log_[p].size(), records);
    std::erase_if(records, [&](const LogRecord& record) { return gone_.contains(record.value); });
    const checkers::OperationId id = recorder_.invoke_poll(9, tick(), true);
    recorder_.set_exact_end(id, checkers::PartitionId(p), end(p));
    recorder_.complete_poll(id, tick(), Outcome::ok, records, {}, known_of(records));
  }

  void break_rule(std::string_view name) {
    if (name == anomaly::key_reordered || name == anomaly::stale_read) {
      break_consumption(name);
    } else if (name.find("sequence") == 0 || name == anomaly::zombie_append) {
      break_sequence(name);
    } else if (name == anomaly::torn_transaction || name == anomaly::read_beyond_lso) {
      break_transaction(name);
    } else if (name.find("commit") != std::string_view::npos || name.find("owne") != std::string_view::npos) {
      break_group(name);
    } else if (name.find("processed") != std::string_view::npos) {
      break_processing(name);
    } else {
      break_retention(name);
    }
  }

  void break_consumption(std::string_view name) {
    const Known key{.key = 7};
    if (name == anomaly::key_reordered) {  // the first send is told the later place
      const LogRecord first = at(0, end(0) + 1, next_value_++);
      const LogRecord second = at(0, end(0), next_value_++);
      append(0, second.value, key);
      append(0, first.value, key);
      for (const LogRecord& record : {first, second}) {
        const checkers::OperationId id = recorder_.invoke_send(1, tick(), std::span(&record, 1), std::span(&key, 1));
        recorder_.complete_send(id, tick(), Outcome::ok, std::span(&record.offset, 1));
      }
    } else {
      poll(3, 1000);
      send_as(8, 0, key);
      poll(3, 1000);
      send_as(8, 0, key);
      for (int i = 0; i < 3; ++i) poll_of(3, {});
    }
  }

  void break_sequence(std::string_view name) {
    const auto numbered = [](std::int16_t epoch, std::int32_t sequence) {
      return Known{.producer = 77, .sequence = sequence, .epoch = epoch};
    };
    send_as(8, 0, numbered(1, 4));
    send_as(8, 0, numbered(1, 5));
    if (name == anomaly::sequence_repeated) send_as(8, 0, numbered(1, 5));
    if (name == anomaly::sequence_out_of_order) send_as(8, 0, numbered(1, 3));
    if (name == anomaly::sequence_gap) send_as(8, 0, numbered(1, 7));
    if (name == anomaly::zombie_append) send_as(8, 0, numbered(0, 6));
  }

  void break_transaction(std::string_view name) {
    const std::vector<LogRecord> sent{at(0, checkers::no_offset, next_value_), at(1, checkers::no_offset, next_value_ + 1)};
    next_value_ += 2;
    const checkers::OperationId id = recorder_.invoke_txn(8, tick(), sent);
    const std::int64_t place = end(0);
    append(0, sent[0].value, {});
    if (name == anomaly::torn_transaction) {
      recorder_.complete_txn(id, tick(), Outcome::indefinite, {}, {});
      poll(3, 1000);
      return;
    }
    append(1, sent[1].value, {});
    send_as(1, 0, Known{});
    poll_of(7, {at(0, place + 1, log_[0].back().value)}, true);
    recorder_.set_decided(id);
    recorder_.complete_txn(id, tick(), Outcome::ok, std::vector<std::int64_t>{place, end(1) - 1}, {});
  }

  void break_group(std::string_view name) {
    if (name == anomaly::commit_went_back) {
      commit(5, generation_, committed_ + 2);
      commit(5, generation_, committed_ - 1);
    } else if (name == anomaly::lost_commit) {
      commit(5, generation_, committed_ + 2);
      fetch(committed_ - 1);
    } else if (name == anomaly::zombie_commit) {
      rebalance();
      commit(5, generation_ - 1, committed_ + 1);
    } else {
      ++generation_;
      const bool split = name == anomaly::split_ownership;
      for (const std::int32_t member : {5, 6})
        bring(member, split ? std::vector{at(0, checkers::no_offset)} : std::vector<LogRecord>{});
      if (split) return;
      subscribe(6);
      now_ += 20ms;
    }
  }

  void break_processing(std::string_view name) {
    process(5, 0, 1000, Outcome::ok);
    const std::int64_t first = end(0);
    for (int i = 0; i < 3; ++i) send_as(8, 0, Known{});
    std::vector<LogRecord> records;
    std::int64_t position = first;
    take(0, position, 3, records);
    process_these(5, {records[0]});
    if (name == anomaly::processed_twice) process_these(6, {records[0], records[1]});
    process_these(6, {records[2]});
  }

  void break_retention(std::string_view name) {
    policy_.compact = name != anomaly::deleted_early;
    const std::int64_t first = next_value_;
    if (name == anomaly::deleted_early) {
      policy_.log_start = 1;
      gone_.insert(log_[0].front().value);
      return;
    }
    send_as(8, 0, Known{.key = 77, .tombstone = name == anomaly::tombstone_lost});
    if (name == anomaly::key_lost || name == anomaly::tombstone_lost) {
      policy_.delete_retention = 1s;
      gone_.insert(first);
      return;
    }
    policy_.min_compaction_lag = 1s;
    send_as(8, 0, Known{.key = 77, .tombstone = name == anomaly::key_resurrected});
    gone_.insert(name == anomaly::key_resurrected ? first + 1 : first);
  }

  RandomStream& random_;
  checkers::HistoryRecorder recorder_;
  Time now_{};
  std::array<std::vector<Entry>, 2> log_;
  std::map<std::pair<std::int32_t, std::uint32_t>, std::int32_t> next_sequence_;  // by process and partition
  std::map<std::pair<std::int32_t, std::uint32_t>, std::int64_t> position_;
  std::array<std::int64_t, 2> processed_{};
  std::int64_t committed_ = 0;
  std::int32_t generation_ = 0;
  std::int64_t next_value_ = 100;
  RetentionPolicy policy_{};
  std::set<std::int64_t> gone_;  // values that the final reads do not return
};

}  // namespace faultline::log_rules
