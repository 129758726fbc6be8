// What a log throws away: only what its policy allows, and of each key the last value stays.
//
// Ages are taken at the invocation of the last final read, which is the moment at which the log is known to lack something. A record's time is its
// timestamp, or else the moment at which its send ended.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "checkers/log_rules/log_rules.h"
#include "checkers/log_rules/names.h"

namespace faultline::log_rules {

namespace {

using checkers::LogOperation;
using checkers::no_offset;
using checkers::no_row;
using checkers::Outcome;
using checkers::RecordAttributes;

// What is known of the values of one partition, from whoever told it, in the order of the log.
struct Held {
  std::uint32_t value_row = 0;
  std::int64_t offset = 0;
  std::int64_t key = RecordAttributes::no_key;
  bool tombstone = false;
  std::int64_t bytes = 0;
  Time written{};
};

class PartitionLog {
 public:
  PartitionLog(const Context& context, std::uint32_t partition) : context_(context), partition_(partition) {
    const checkers::LogHistory& history = context.history;
    rows_of_values();
    for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
      const LogOperation& operation = history.operations[i];
      if (!operation.final_read || operation.outcome != Outcome::ok) continue;
      for (const checkers::LogRecord& record : history.polled_by(operation)) {
        if (record.partition.value() != partition) continue;
        first_final_ = std::min(first_final_, operation.invoke_index);
      }
      if (operation.end_offset == no_offset || operation.end_partition.value() != partition) continue;
      first_final_ = std::min(first_final_, operation.invoke_index);
      final_read_ = i;
    }
  }

  const std::vector<Held>& held() const { return held_; }
  /// Keys of records that may lie anywhere, also behind all others of their key.
  const std::vector<std::int64_t>& unplaced_keys() const { return unplaced_keys_; }
  std::uint32_t final_read() const { return final_read_; }
  Time now() const { return context_.history.operations[final_read_].invoked; }

  /// Acknowledged before the final reads began: they must have it, unless it may be gone.
  bool settled(const Held& held) const {
    const std::uint32_t writer = context_.model.values[held.value_row].writer;
    if (writer == no_row || context_.history.operations[writer].outcome != Outcome::ok) return false;
    return context_.history.operations[writer].completion_index < first_final_;
  }

  /// Which of held() some final read returned.
  std::vector<bool> returned() const {
    std::vector<bool> by_row(context_.model.values.size(), false);
    for (const LogOperation& operation : context_.history.operations) {
      if (!operation.final_read || operation.outcome != Outcome::ok) continue;
      const checkers::RecordRange polled = context_.history.polled_range(operation);
      for (std::uint32_t r = polled.begin; r < polled.end; ++r) by_row[context_.model.value_rows[r]] = true;
    }
    std::vector<bool> result;
    for (const Held& held : held_) result.push_back(by_row[held.value_row]);
    return result;
  }

 private:
  void rows_of_values() {
    std::map<std::uint32_t, Held> by_value;
    const checkers::LogHistory& history = context_.history;
    for (const LogOperation& operation : history.operations) {
      if (!checkers::has_values(operation.kind)) continue;
      for (std::uint32_t r = operation.first_record; r < operation.first_record + operation.record_count; ++r) {
        if (history.records[r].partition.value() == partition_) learn(by_value[context_.model.value_rows[r]], r, operation);
      }
    }
    for (const auto& [row, held] : by_value) {
      const checkers::LogModel::Value& value = context_.model.values[row];
      if (value.offset_row == no_row) {
        const bool failed = value.writer != no_row && history.operations[value.writer].outcome == Outcome::fail;
        if (!failed && held.key != RecordAttributes::no_key) unplaced_keys_.push_back(held.key);
        continue;
      }
      held_.push_back(held);
      held_.back().value_row = row;
      held_.back().offset = context_.model.at_index(partition_, context_.model.values[row].first_index).offset;
    }
    std::sort(held_.begin(), held_.end(), [](const Held& a, const Held& b) { return a.offset < b.offset; });
  }

  void learn(Held& held, std::uint32_t record, const LogOperation& operation) const {
    const RecordAttributes known = context_.history.attributes_of(record);
    if (known.key != RecordAttributes::no_key) held.key = known.key;
    held.tombstone = held.tombstone || known.tombstone;
    held.bytes = std::max<std::int64_t>(held.bytes, known.bytes);
    const checkers::RecordRange sent = context_.history.sent_range(operation);
    const bool sends = operation.outcome == Outcome::ok && record >= sent.begin && record < sent.end;
    if (known.timestamp != RecordAttributes::no_time) {
      held.written = known.timestamp;
    } else if (sends && held.written == Time{}) {
      held.written = operation.completed;
    }
  }

  const Context& context_;
  const std::uint32_t partition_;
  std::vector<Held> held_;
  std::vector<std::int64_t> unplaced_keys_;
  std::uint32_t final_read_ = no_row;
  std::uint32_t first_final_ = checkers::no_event;
};

template <class... Args>
void add(const Context& context, std::string_view name, std::uint32_t partition, const Held& held, const PartitionLog& log,
         fmt::format_string<Args...> why, Args&&... args) {
  context.found.add(name, [&] {
    const checkers::LogModel::Value& value = context.model.values[held.value_row];
    checkers::Finding finding{
        .partition = context.history.partitions[partition],
        .witness = {log.final_read()},
        .text = fmt::format("value {} at offset {} of {} {}", value.value, held.offset, context.history.partitions[partition],
                            fmt::format(why, std::forward<Args>(args)...))};
    if (value.writer != no_row) finding.witness.insert(finding.witness.begin(), value.writer);
    return finding;
  });
}

void judge_deletions(const Context& context, const RetentionPolicy& policy) {
  const std::uint32_t p = policy.partition.value();
  const PartitionLog log(context, p);
  if (log.final_read() == no_row) return;
  std::int64_t bytes_behind = 0;
  bool sizes_known = true;
  for (auto held = log.held().rbegin(); held != log.held().rend(); ++held) {
    const bool by_size = policy.retention_bytes && (!sizes_known || bytes_behind >= *policy.retention_bytes);
    const bool by_time = policy.retention && log.now() - held->written > *policy.retention;
    sizes_known = sizes_known && held->bytes > 0;
    bytes_behind += held->bytes;
    if (held->offset >= policy.log_start || held->offset < policy.deleted_below || by_size || by_time) continue;
    if (!log.settled(*held)) continue;
    add(context, anomaly::deleted_early, p, *held, log, "lies below the log start {}, but nothing allowed to delete it",
        policy.log_start);
  }
}

void judge_compaction(const Context& context, const RetentionPolicy& policy) {
  const std::uint32_t p = policy.partition.value();
  const PartitionLog log(context, p);
  if (log.final_read() == no_row) return;
  const std::vector<bool> returned = log.returned();
  std::map<std::int64_t, bool> later;  // per key met so far, from the end: is it gone with the tombstone that was its last?
  for (const std::int64_t key : log.unplaced_keys()) later.try_emplace(key, false);
  for (std::size_t i = log.held().size(); i-- > 0;) {
    const Held& held = log.held()[i];
    if (held.key == RecordAttributes::no_key || held.offset < policy.log_start) continue;
    const auto [entry, last] = later.try_emplace(held.key, false);
    if (!log.settled(held)) continue;
    const Duration age = log.now() - held.written;
    if (returned[i]) {
      if (!last && entry->second) {
        add(context, anomaly::key_resurrected, p, held, log, "is back, although the tombstone of key {} behind it is gone",
            held.key);
      }
    } else if (!last) {
      if (age <= policy.min_compaction_lag)
        add(context, anomaly::compacted_early, p, held, log, "is gone before the compaction lag has passed");
    } else if (!held.tombstone) {
      add(context, anomaly::key_lost, p, held, log, "is gone, though it is the last of key {}", held.key);
    } else {
      entry->second = true;
      if (age <= policy.delete_retention)
        add(context, anomaly::tombstone_lost, p, held, log, "is a tombstone, and gone before readers had the time to see it");
    }
  }
}

}  // namespace

void find_early_deletions(const Context& context) {
  for (const RetentionPolicy& policy : context.promises.retention) {
    if (policy.log_start > 0) judge_deletions(context, policy);
  }
}

void find_compaction_errors(const Context& context) {
  for (const RetentionPolicy& policy : context.promises.retention) {
    if (policy.compact) judge_compaction(context, policy);
  }
}

}  // namespace faultline::log_rules
