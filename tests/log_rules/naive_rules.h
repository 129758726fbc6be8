// The definitions of docs/formats/history.md for the rules beyond an ordered log, word by word, with maps and nested loops.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "checkers/log_rules/log_rules.h"
#include "checkers/log_rules/names.h"

namespace faultline::log_rules {

using checkers::LogHistory;
using checkers::LogOperation;
using checkers::LogRecord;
using checkers::no_event;
using checkers::no_offset;
using checkers::OperationKind;
using checkers::Outcome;
using checkers::RecordAttributes;

class NaiveRules {
 public:
  NaiveRules(const LogHistory& history, const Promises& promises) : history_(history), promises_(promises) {}

  std::map<std::string, std::uint64_t> counts() {
    collect();
    judge_keys();
    judge_recency();
    judge_exact_ends();
    judge_claims();
    judge_ownership();
    judge_commits();
    judge_fetches();
    for (const std::string& group : promises_.exactly_once_groups) judge_processing(group);
    judge_sequences();
    judge_torn();
    judge_beyond_lso();
    for (const RetentionPolicy& policy : promises_.retention) judge_retention(policy);
    std::erase_if(counts_, [](const auto& entry) { return entry.second == 0; });
    return counts_;
  }

 private:
  using Key = std::pair<std::uint32_t, std::int64_t>;  // partition and value, or partition and offset
  using Op = const LogOperation*;

  void count(std::string_view name, bool happened) { counts_[std::string(name)] += happened ? 1 : 0; }
  static bool ok(const LogOperation& operation) { return operation.outcome == Outcome::ok; }
  static bool before(const LogOperation& a, const LogOperation& b) { return a.completion_index < b.invoke_index; }
  const checkers::OperationDetails& details(const LogOperation& operation) const { return history_.details_of(operation); }
  static Key key_of(const LogRecord& record) { return {record.partition.value(), record.value}; }

  void collect() {
    for (const LogOperation& operation : history_.operations) {
      for (const LogRecord& record : history_.sent_by(operation)) writer_[key_of(record)] = &operation;
      for (const LogRecord& record : history_.polled_by(operation)) {
        if (ok(operation)) readers_[key_of(record)].push_back(&operation);
        add_place(record);
      }
    }
    for (const LogOperation& operation : history_.operations) {
      if (!committed(operation)) continue;
      for (const LogRecord& record : history_.sent_by(operation)) add_place(record);
    }
  }
  void add_place(const LogRecord& record) {
    if (record.offset == no_offset) return;
    log_[record.partition.value()][record.offset].insert(record.value);
    places_[key_of(record)].insert(record.offset);
  }
  bool committed(const LogOperation& operation) const {
    if (operation.outcome != Outcome::indefinite) return ok(operation);
    const auto sent = history_.sent_by(operation);
    return std::any_of(sent.begin(), sent.end(), [&](const LogRecord& record) { return readers_.contains(key_of(record)); });
  }
  std::int64_t rank(std::uint32_t partition, std::int64_t offset) const {
    const auto& log = log_.at(partition);
    return std::distance(log.begin(), log.lower_bound(offset));
  }
  // The rank of the first offset of a value, or -1.
  std::int64_t first_rank(Key value) const {
    const auto found = places_.find(value);
    return found == places_.end() ? -1 : rank(value.first, *found->second.begin());
  }
  const RetentionPolicy* policy(std::uint32_t partition) const {
    for (const RetentionPolicy& policy : promises_.retention) {
      if (policy.partition.value() == partition) return &policy;
    }
    return nullptr;
  }
  bool owed(std::uint32_t partition, std::int64_t offset) const {
    const RetentionPolicy* found = policy(partition);
    return found == nullptr || (!found->compact && offset >= found->log_start);
  }

  void judge_keys() {
    if (!promises_.key_order) return;
    std::map<std::tuple<std::int32_t, std::uint32_t, std::int64_t>, std::int64_t> last;
    for (const LogOperation& operation : history_.operations) {
      const checkers::RecordRange sent = history_.sent_range(operation);
      for (std::uint32_t r = sent.begin; r < sent.end; ++r) {
        const std::int64_t key = history_.attributes_of(r).key;
        const std::int64_t at = first_rank(key_of(history_.records[r]));
        if (key == RecordAttributes::no_key || at < 0) continue;
        const auto stream = std::tuple(operation.process, history_.records[r].partition.value(), key);
        if (const auto found = last.find(stream); found != last.end()) count(anomaly::key_reordered, at <= found->second);
        last[stream] = at;
      }
    }
  }

  // The rank at which a process goes on in a partition when `poll` begins, if that is known; and the event from which it holds.
  std::optional<std::pair<std::int64_t, std::uint32_t>> position(const LogOperation& poll, std::uint32_t partition) const {
    std::optional<std::pair<std::int64_t, std::uint32_t>> result;
    for (std::uint32_t event = 0; event < poll.invoke_index; ++event) {
      for (const LogOperation& operation : history_.operations) {
        if (operation.completion_index != event || operation.process != poll.process) continue;
        const auto records = history_.records_of(operation);
        const auto polled = history_.polled_by(operation);
        const auto lists = [&](const auto& range) {
          return std::any_of(range.begin(), range.end(), [&](const LogRecord& r) { return r.partition.value() == partition; });
        };
        const bool whole = operation.kind == OperationKind::assign || operation.kind == OperationKind::subscribe ||
                           operation.kind == OperationKind::rebalance || operation.rebalanced;
        if (whole || (operation.kind == OperationKind::seek && lists(records)) || (!ok(operation) && lists(polled)))
          result.reset();
        if (!ok(operation)) continue;
        for (const LogRecord& record : polled) {
          if (record.partition.value() != partition) continue;
          const auto places = places_.find(key_of(record));
          if (record.offset != no_offset) {
            result = {rank(partition, record.offset) + 1, event};
          } else if (places != places_.end()) {
            result = {rank(partition, *places->second.begin()) + 1, event};
          }
        }
      }
    }
    return result;
  }

  // Does `poll` miss the record at `next`?
  bool misses(const LogOperation& poll, std::uint32_t partition, std::int64_t next) const {
    const auto log = log_.find(partition);
    if (log == log_.end() || next >= static_cast<std::int64_t>(log->second.size())) return false;
    const auto place = std::next(log->second.begin(), next);
    const auto polled = history_.polled_by(poll);
    const bool returned =
        std::any_of(polled.begin(), polled.end(), [&](const LogRecord& record) { return record.partition.value() == partition; });
    if (returned || !owed(partition, place->first) || place->second.size() != 1) return false;
    const auto writer = writer_.find({partition, *place->second.begin()});
    return writer != writer_.end() && ok(*writer->second) && before(*writer->second, poll);
  }

  void judge_recency() {
    if (!promises_.recency_bound) return;
    std::set<std::tuple<std::int32_t, std::uint32_t, std::uint32_t>> reported;
    for (const LogOperation& late : history_.operations) {
      if (late.kind != OperationKind::poll || !ok(late) || late.rebalanced) continue;
      for (std::uint32_t p = 0; p < history_.partitions.size(); ++p) {
        const auto at = position(late, p);
        if (!at || !misses(late, p, at->first)) continue;
        for (const LogOperation& early : history_.operations) {
          if (early.kind != OperationKind::poll || !ok(early) || early.rebalanced || early.process != late.process) continue;
          if (early.invoke_index > late.invoke_index || late.completed - early.invoked <= *promises_.recency_bound) continue;
          if (position(early, p) != at || !misses(early, p, at->first)) continue;
          reported.insert({late.process, p, at->second});
        }
      }
    }
    counts_[std::string(anomaly::stale_read)] += reported.size();
  }

  void judge_exact_ends() {
    if (!promises_.recency_bound) return;
    for (const LogOperation& read : history_.operations) {
      if (!ok(read) || read.end_offset == no_offset) continue;
      bool stale = false;
      for (const auto& [value, places] : places_) {
        const auto writer = writer_.find(value);
        if (value.first != read.end_partition.value() || writer == writer_.end() || !ok(*writer->second)) continue;
        stale =
            stale || (*places.rbegin() >= read.end_offset && read.invoked - writer->second->completed > *promises_.recency_bound);
      }
      count(anomaly::stale_read, stale);
    }
  }

  void judge_claims() {
    std::map<std::tuple<std::uint32_t, std::int32_t, std::uint32_t>, std::set<std::int32_t>> owners;
    for (const LogOperation& operation : history_.operations) {
      if (operation.kind != OperationKind::rebalance || !ok(operation)) continue;
      for (const LogRecord& owned : history_.records_of(operation)) {
        owners[{details(operation).group, details(operation).generation, owned.partition.value()}].insert(operation.process);
      }
    }
    for (const auto& [claim, processes] : owners) count(anomaly::split_ownership, processes.size() > 1);
  }

  Op last_of(OperationKind kind, std::uint32_t group, std::int32_t process, Time now) const {
    Op last = nullptr;
    for (const LogOperation& operation : history_.operations) {
      if (operation.kind == kind && ok(operation) && details(operation).group == group && operation.process == process &&
          operation.completed <= now)
        last = &operation;
    }
    return last;
  }

  bool lists(Op operation, std::uint32_t partition) const {
    if (operation == nullptr) return false;
    const auto records = history_.records_of(*operation);
    return std::any_of(records.begin(), records.end(),
                       [&](const LogRecord& record) { return record.partition.value() == partition; });
  }

  bool unowned(std::uint32_t group, std::uint32_t partition, Time now) const {
    std::set<std::int32_t> processes;
    std::int32_t newest = -1;
    for (const LogOperation& operation : history_.operations) {
      processes.insert(operation.process);
      if (operation.kind == OperationKind::rebalance && ok(operation) && details(operation).group == group &&
          operation.completed <= now)
        newest = std::max(newest, details(operation).generation);
    }
    bool wanted = false;
    bool owned = false;
    for (const std::int32_t process : processes) {
      const Op subscribed = last_of(OperationKind::subscribe, group, process, now);
      const Op brought = last_of(OperationKind::rebalance, group, process, now);
      wanted = wanted || lists(subscribed, partition);
      const bool left = subscribed != nullptr && subscribed->record_count == 0;
      owned = owned || (!left && brought != nullptr && details(*brought).generation == newest && lists(brought, partition));
    }
    return wanted && !owned;
  }

  void judge_ownership() {
    if (!promises_.ownership_bound) return;
    for (std::uint32_t group = 1; group < history_.groups.size(); ++group) {
      std::set<Time> changes;
      Time end{};
      for (const LogOperation& operation : history_.operations) {
        const Time last = operation.completion_index == no_event ? operation.invoked : operation.completed;
        end = std::max(end, last);
        if (operation.kind == OperationKind::subscribe && details(operation).group == group)
          changes.insert({operation.invoked, last});
      }
      for (const checkers::FaultInterval& fault : history_.faults) changes.insert({fault.begin, fault.end});
      std::erase_if(changes, [&](Time change) { return change >= end; });
      const std::set<Time> starts = changes;
      changes.insert(end);
      for (const Time start : starts) {
        const auto next = changes.upper_bound(start);
        if (next == changes.end() || start + *promises_.ownership_bound >= *next) continue;
        const bool faulty = std::any_of(history_.faults.begin(), history_.faults.end(), [&](const auto& fault) {
          return fault.begin <= start && fault.end >= *next && fault.begin < fault.end;
        });
        if (faulty) continue;
        for (std::uint32_t p = 0; p < history_.partitions.size(); ++p)
          count(anomaly::unowned_partition, unowned(group, p, start + *promises_.ownership_bound));
      }
    }
  }

  void judge_commits() {
    for (const LogOperation& commit : history_.operations) {
      if (commit.kind != OperationKind::commit || !ok(commit) || details(commit).group == 0) continue;
      const bool zombie = std::any_of(history_.operations.begin(), history_.operations.end(), [&](const LogOperation& other) {
        return other.kind == OperationKind::rebalance && ok(other) && details(other).group == details(commit).group &&
               details(other).generation > details(commit).generation && details(other).generation >= 0 && before(other, commit);
      });
      count(anomaly::zombie_commit, zombie);
      for (const LogRecord& record : history_.records_of(commit)) {
        bool back = false;
        for (const LogOperation& other : history_.operations) {
          if (other.kind != OperationKind::commit || !ok(other) || !before(other, commit)) continue;
          if (details(other).group != details(commit).group || details(other).generation != details(commit).generation) continue;
          for (const LogRecord& earlier : history_.records_of(other))
            back = back || (earlier.partition == record.partition && earlier.offset > record.offset);
        }
        count(anomaly::commit_went_back, back);
      }
    }
  }

  // Could `found` have been committed at any time that is not certainly before `lost`?
  bool explained(const LogOperation& fetch, const LogRecord& found, const LogOperation& lost) const {
    for (const LogOperation& other : history_.operations) {
      if (other.kind != OperationKind::commit || other.outcome == Outcome::fail) continue;
      if (details(other).group != details(fetch).group || other.invoke_index > fetch.completion_index) continue;
      if (ok(other) && before(other, lost)) continue;
      for (const LogRecord& record : history_.records_of(other)) {
        if (record.partition == found.partition && record.offset == found.offset) return true;
      }
    }
    return false;
  }

  void judge_fetches() {
    for (const LogOperation& fetch : history_.operations) {
      if (fetch.kind != OperationKind::offset_fetch || !ok(fetch) || details(fetch).group == 0) continue;
      for (const LogRecord& found : history_.records_of(fetch)) {
        bool lost = false;
        for (const LogOperation& commit : history_.operations) {
          if (commit.kind != OperationKind::commit || !ok(commit) || !before(commit, fetch)) continue;
          if (details(commit).group != details(fetch).group || explained(fetch, found, commit)) continue;
          for (const LogRecord& record : history_.records_of(commit))
            lost = lost || (record.partition == found.partition && record.offset > found.offset);
        }
        count(anomaly::lost_commit, lost);
      }
    }
  }

  void judge_processing(const std::string& group) {
    std::map<Key, std::set<Op>> processed;  // by committed transactions
    std::set<Key> perhaps;
    std::map<std::uint32_t, std::int64_t> first;
    std::map<std::uint32_t, std::int64_t> last;
    for (const LogOperation& operation : history_.operations) {
      if (operation.kind != OperationKind::txn || history_.groups[details(operation).group] != group) continue;
      if (operation.outcome == Outcome::fail) continue;
      for (const LogRecord& record : history_.polled_by(operation)) {
        const Key value = key_of(record);
        const std::int64_t at = record.offset != no_offset ? rank(value.first, record.offset) : first_rank(value);
        if (at >= 0) first[value.first] = first.contains(value.first) ? std::min(first[value.first], at) : at;
        if (!ok(operation)) {
          perhaps.insert(value);
          continue;
        }
        processed[value].insert(&operation);
        if (at >= 0) last[value.first] = last.contains(value.first) ? std::max(last[value.first], at) : at;
      }
    }
    for (const auto& [value, by] : processed) count(anomaly::processed_twice, by.size() > 1);
    for (const auto& [value, places] : places_) {
      const auto writer = writer_.find(value);
      if (writer == writer_.end() || !committed(*writer->second) || processed.contains(value) || perhaps.contains(value))
        continue;
      if (!last.contains(value.first) || !owed(value.first, *places.begin())) continue;
      if (shadowed(value)) continue;
      const std::int64_t at = first_rank(value);
      count(anomaly::never_processed, at >= first[value.first] && at <= last[value.first]);
    }
  }
  // Shares its first offset with another value: which of them is there cannot be told.
  bool shadowed(Key value) const { return log_.at(value.first).at(*places_.at(value).begin()).size() > 1; }

  struct Numbered {
    std::int16_t epoch = 0;
    std::int32_t sequence = 0;
  };

  void judge_sequences() {
    std::map<std::pair<std::uint32_t, std::int64_t>, std::map<std::int64_t, Numbered>> producers;
    std::set<std::pair<std::uint32_t, std::int64_t>> told;
    for (const LogOperation& operation : history_.operations) {
      if (!ok(operation)) continue;
      const checkers::RecordRange polled = history_.polled_range(operation);
      for (std::uint32_t r = polled.begin; r < polled.end; ++r) {
        const RecordAttributes known = history_.attributes_of(r);
        const LogRecord& record = history_.records[r];
        told.emplace(record.partition.value(), record.offset);
        if (known.producer < 0 || known.sequence < 0 || record.offset == no_offset) continue;
        producers[{record.partition.value(), known.producer}].try_emplace(record.offset, Numbered{known.epoch, known.sequence});
      }
    }
    for (const auto& [stream, numbers] : producers) {
      std::map<std::pair<std::int16_t, std::int32_t>, int> times;
      for (const auto& [offset, number] : numbers) ++times[{number.epoch, number.sequence}];
      for (const auto& [number, how_often] : times) count(anomaly::sequence_repeated, how_often > 1);
      for (auto at = numbers.begin(); at != numbers.end() && std::next(at) != numbers.end(); ++at) {
        const auto& [offset, number] = *at;
        const auto& [next_offset, next] = *std::next(at);
        count(anomaly::zombie_append, next.epoch < number.epoch);
        if (next.epoch != number.epoch) continue;
        bool all_known = true;
        for (std::int64_t between = offset; between < next_offset; ++between)
          all_known = all_known && told.contains({stream.first, between});
        count(anomaly::sequence_out_of_order, next.sequence < number.sequence);
        count(anomaly::sequence_gap, next.sequence > number.sequence + 1 && all_known);
      }
    }
  }

  Op final_read(std::uint32_t partition) const {
    Op last = nullptr;
    for (const LogOperation& operation : history_.operations) {
      if (operation.final_read && ok(operation) && operation.end_offset != no_offset &&
          operation.end_partition.value() == partition)
        last = &operation;
    }
    return last;
  }

  void judge_torn() {
    for (const LogOperation& txn : history_.operations) {
      if (txn.kind != OperationKind::txn || txn.outcome != Outcome::indefinite) continue;
      std::uint32_t seen = no_event;
      for (const LogRecord& record : history_.sent_by(txn)) {
        if (!readers_.contains(key_of(record))) continue;
        for (const Op reader : readers_[key_of(record)]) seen = std::min(seen, reader->completion_index);
      }
      bool torn = false;
      for (const LogRecord& record : history_.sent_by(txn)) {
        const Op last = final_read(record.partition.value());
        const RetentionPolicy* found = policy(record.partition.value());
        if (readers_.contains(key_of(record)) || last == nullptr || (found != nullptr && found->log_start > 0)) continue;
        torn = torn || seen < last->invoke_index;
      }
      count(anomaly::torn_transaction, torn);
    }
  }

  void judge_beyond_lso() {
    for (const LogOperation& read : history_.operations) {
      if (!ok(read) || !read.read_committed) continue;
      for (std::uint32_t p = 0; p < history_.partitions.size(); ++p) {
        std::int64_t reached = -1;
        for (const LogRecord& record : history_.polled_by(read)) {
          if (record.partition.value() == p) reached = std::max(reached, record.offset);
        }
        if (read.end_offset != no_offset && read.end_partition.value() == p) reached = std::max(reached, read.end_offset - 1);
        bool beyond = false;
        for (const LogOperation& txn : history_.operations) {
          const std::uint32_t decided = details(txn).decided_at == no_event ? txn.invoke_index : details(txn).decided_at;
          if (txn.kind != OperationKind::txn || read.completion_index >= decided) continue;
          for (const LogRecord& record : history_.sent_by(txn)) {
            if (record.partition.value() != p) continue;
            const auto places = places_.find(key_of(record));
            if (record.offset != no_offset) {
              beyond = beyond || record.offset <= reached;
            } else if (places != places_.end() && places->second.size() == 1) {
              beyond = beyond || *places->second.begin() <= reached;
            }
          }
        }
        count(anomaly::read_beyond_lso, beyond);
      }
    }
  }

  struct Held {
    Key value;
    std::int64_t offset = no_offset;
    std::int64_t key = RecordAttributes::no_key;
    bool tombstone = false;
    std::int64_t bytes = 0;
    std::optional<Time> written;
    bool placed = false;
    bool settled = false;
    bool returned = false;
    bool failed = false;
  };

  std::vector<Held> held_in(std::uint32_t partition) const {
    std::uint32_t first_final = no_event;
    std::map<std::int64_t, Held> values;
    for (const LogOperation& operation : history_.operations) {
      const bool final_one = operation.final_read && ok(operation);
      if (final_one && operation.end_offset != no_offset && operation.end_partition.value() == partition)
        first_final = std::min(first_final, operation.invoke_index);
      if (!checkers::has_values(operation.kind)) continue;
      for (std::uint32_t r = operation.first_record; r < operation.first_record + operation.record_count; ++r) {
        const LogRecord& record = history_.records[r];
        if (record.partition.value() != partition) continue;
        const RecordAttributes known = history_.attributes_of(r);
        Held& held = values[record.value];
        held.value = key_of(record);
        if (known.key != RecordAttributes::no_key) held.key = known.key;
        held.tombstone = held.tombstone || known.tombstone;
        held.bytes = std::max(held.bytes, std::int64_t{known.bytes});
        if (known.timestamp != RecordAttributes::no_time) held.written = known.timestamp;
        const bool sent = writer_.contains(held.value) && writer_.at(held.value) == &operation;
        if (sent && ok(operation) && !held.written) held.written = operation.completed;
        if (final_one) {
          held.returned = true;
          first_final = std::min(first_final, operation.invoke_index);
        }
      }
    }
    std::vector<Held> result;
    for (auto& [value, held] : values) {
      const auto writer = writer_.find(held.value);
      held.failed = writer != writer_.end() && writer->second->outcome == Outcome::fail;
      held.settled = writer != writer_.end() && ok(*writer->second) && writer->second->completion_index < first_final;
      held.placed = places_.contains(held.value);
      if (held.placed) held.offset = *places_.at(held.value).begin();
      result.push_back(held);
    }
    return result;
  }

  void judge_retention(const RetentionPolicy& policy) {
    const std::uint32_t p = policy.partition.value();
    const Op last = final_read(p);
    if (last == nullptr) return;
    const std::vector<Held> all = held_in(p);
    for (const Held& held : all) {
      if (!held.placed || !held.settled) continue;
      const Duration age = last->invoked - held.written.value_or(Time{});
      std::int64_t behind = 0;
      bool sizes_known = true;
      bool is_last = true;
      for (const Held& other : all) {
        const bool later = other.placed ? other.offset > held.offset : !other.failed;
        if (other.placed && later) behind += other.bytes;
        if (other.placed && later) sizes_known = sizes_known && other.bytes > 0;
        if (later && other.key == held.key) is_last = false;
      }
      const bool gone_tombstone_behind = last_is_gone_tombstone(all, held);
      const bool by_size = policy.retention_bytes && (!sizes_known || behind >= *policy.retention_bytes);
      const bool by_time = policy.retention && age > *policy.retention;
      count(anomaly::deleted_early,
            held.offset < policy.log_start && held.offset >= policy.deleted_below && !by_size && !by_time);
      if (!policy.compact || held.key == RecordAttributes::no_key || held.offset < policy.log_start) continue;
      count(anomaly::key_lost, is_last && !held.returned && !held.tombstone);
      count(anomaly::tombstone_lost, is_last && !held.returned && held.tombstone && age <= policy.delete_retention);
      count(anomaly::compacted_early, !is_last && !held.returned && age <= policy.min_compaction_lag);
      count(anomaly::key_resurrected, !is_last && held.returned && gone_tombstone_behind);
    }
  }

  // Is the last of this key a tombstone that must have been there, and is gone?
  static bool last_is_gone_tombstone(const std::vector<Held>& all, const Held& held) {
    const Held* last = nullptr;
    for (const Held& other : all) {
      if (other.key != held.key) continue;
      if (!other.placed && !other.failed) return false;
      if (other.placed && (last == nullptr || other.offset > last->offset)) last = &other;
    }
    return last != nullptr && last->settled && last->tombstone && !last->returned;
  }

  const LogHistory& history_;
  const Promises& promises_;
  std::map<Key, Op> writer_;
  std::map<Key, std::vector<Op>> readers_;  // ok operations only
  std::map<std::uint32_t, std::map<std::int64_t, std::set<std::int64_t>>> log_;
  std::map<Key, std::set<std::int64_t>> places_;
  std::map<std::string, std::uint64_t> counts_;
};

}  // namespace faultline::log_rules
