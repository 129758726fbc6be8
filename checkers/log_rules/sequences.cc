// Idempotence: what a producer sent to a partition lies there once and in order, across retries and changes of leader.
//
// Judged on the log itself, as ok polls told of it: the epoch and sequence of each record by its offset. A producer's records of one
// epoch count up by one (after 2^31-1 comes 0). A number left out is an error only if each offset between its neighbours was polled:
// elsewhere the record may be there, or be deleted, and merely not have been polled. Whoever tells of one record tells of all who sent
// them: a record without a producer is nobody's.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>

#include "checkers/log_rules/log_rules.h"
#include "checkers/log_rules/names.h"

namespace faultline::log_rules {

namespace {

using checkers::no_row;

struct Numbered {
  std::uint32_t partition = 0;
  std::int64_t producer = 0;
  std::int64_t offset = 0;
  std::int16_t epoch = 0;
  std::int32_t sequence = 0;
  std::uint32_t rank = 0;  // among the offsets of the partition that were polled
  std::uint32_t operation = 0;
  std::uint32_t record = 0;

  auto stream() const { return std::tie(partition, producer); }
  auto place() const { return std::tie(partition, producer, offset, operation, record); }
  auto number() const { return std::tie(partition, producer, epoch, sequence); }
};

// By offset row: how many offsets of its partition up to it some ok poll returned.
std::vector<std::uint32_t> ranks_among_polled(const Context& context) {
  const checkers::LogModel& model = context.model;
  std::vector<bool> polled(model.offsets.size(), false);
  for (const checkers::LogOperation& operation : context.history.operations) {
    if (operation.outcome != checkers::Outcome::ok) continue;
    const checkers::RecordRange range = context.history.polled_range(operation);
    for (std::uint32_t r = range.begin; r < range.end; ++r) {
      if (model.offset_rows[r] != no_row) polled[model.offset_rows[r]] = true;
    }
  }
  std::vector<std::uint32_t> ranks(model.offsets.size(), 0);
  std::uint32_t rank = 0;
  for (const std::uint32_t row : model.by_index) ranks[row] = polled[row] ? ++rank : rank;
  return ranks;
}

// One row per offset, as the first poll that returned it has it.
std::vector<Numbered> numbered_records(const Context& context) {
  const checkers::LogHistory& history = context.history;
  std::vector<Numbered> all;
  if (history.attributes.empty()) return all;
  const std::vector<std::uint32_t> ranks = ranks_among_polled(context);
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    if (history.operations[i].outcome != checkers::Outcome::ok) continue;
    const checkers::RecordRange polled = history.polled_range(history.operations[i]);
    for (std::uint32_t r = polled.begin; r < polled.end; ++r) {
      const checkers::RecordAttributes& known = history.attributes[r];
      if (known.producer < 0 || known.sequence < 0 || context.model.offset_rows[r] == no_row) continue;
      const checkers::LogRecord& record = history.records[r];
      all.push_back({record.partition.value(), known.producer, record.offset, known.epoch, known.sequence,
                     ranks[context.model.offset_rows[r]], i, r});
    }
  }
  std::sort(all.begin(), all.end(), [](const Numbered& a, const Numbered& b) { return a.place() < b.place(); });
  const auto same = [](const Numbered& a, const Numbered& b) { return a.stream() == b.stream() && a.offset == b.offset; };
  all.erase(std::unique(all.begin(), all.end(), same), all.end());
  return all;
}

void add(const Context& context, std::string_view name, std::string_view what, const Numbered& a, const Numbered& b) {
  context.found.add(name, [&] {
    return checkers::Finding{
        .partition = context.history.partitions[b.partition],
        .witness = {a.operation, b.operation},
        .text =
            fmt::format("producer {} has epoch {} and sequence {} at offset {} of {} (op {}), and epoch {} and sequence {} at "
                        "offset {} (op {}): {}",
                        b.producer, a.epoch, a.sequence, a.offset, context.history.partitions[b.partition], a.operation, b.epoch,
                        b.sequence, b.offset, b.operation, what)};
  });
}

void find_repeated(const Context& context, std::vector<Numbered> all) {
  std::sort(all.begin(), all.end(), [](const Numbered& a, const Numbered& b) {
    return a.number() != b.number() ? a.number() < b.number() : a.offset < b.offset;
  });
  for (std::size_t i = 1; i < all.size(); ++i) {
    const bool first_repetition = all[i].number() == all[i - 1].number() && (i == 1 || all[i - 2].number() != all[i].number());
    if (first_repetition) add(context, anomaly::sequence_repeated, "the same record twice", all[i - 1], all[i]);
  }
}

}  // namespace

void find_sequence_errors(const Context& context) {
  const std::vector<Numbered> all = numbered_records(context);
  for (std::size_t i = 1; i < all.size(); ++i) {
    const Numbered& before = all[i - 1];
    const Numbered& after = all[i];
    if (before.stream() != after.stream() || before.epoch < after.epoch) continue;
    if (before.epoch > after.epoch) {
      add(context, anomaly::zombie_append, "an append of a producer that had been fenced", before, after);
      continue;
    }
    const bool wrapped = before.sequence == std::numeric_limits<std::int32_t>::max();
    const std::int32_t expected = wrapped ? 0 : before.sequence + 1;
    if (after.sequence == expected || after.sequence == before.sequence) continue;
    const bool all_known = after.offset - before.offset == std::int64_t{after.rank} - std::int64_t{before.rank};
    if (after.sequence < before.sequence && !wrapped) {
      add(context, anomaly::sequence_out_of_order, "sent later, and earlier in the log", before, after);
    } else if (all_known) {
      add(context, anomaly::sequence_gap, "what was sent between them is not there", before, after);
    }
  }
  find_repeated(context, all);
}

}  // namespace faultline::log_rules
