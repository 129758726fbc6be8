#include "broker/log/producer_checkpoint.h"

#include <fmt/format.h>

#include <limits>

#include "broker/log/text_checkpoint.h"

namespace faultline {

namespace {

using replication::ProducerEntry;
using replication::RememberedBatch;

constexpr std::int64_t no_transaction = -1;

template <class T>
bool in_range(std::int64_t value) {
  return value >= 0 && value <= std::numeric_limits<T>::max();
}

Error bad(std::string_view what) { return Error(Errc::corrupt, fmt::format("producer state: {}", what)); }

Result<> add_producer(ProducerEntries& entries, const std::vector<std::int64_t>& numbers) {
  if (numbers.size() != 4 || numbers[0] < 0 || !in_range<std::int16_t>(numbers[1])) return bad("a producer line");
  ProducerEntry entry;
  entry.epoch = static_cast<std::int16_t>(numbers[1]);
  entry.last_offset = numbers[2];
  if (numbers[3] != no_transaction) entry.transaction_start = numbers[3];
  const bool sorted = entries.empty() || entries.rbegin()->first < numbers[0];
  if (!sorted) return bad("producers are not in order");
  entries.emplace(numbers[0], entry);
  return {};
}

Result<> add_batch(ProducerEntries& entries, const std::vector<std::int64_t>& numbers) {
  if (numbers.size() != 5 || entries.empty()) return bad("a batch line");
  if (!in_range<std::int32_t>(numbers[0]) || !in_range<std::int32_t>(numbers[1])) return bad("a sequence number");
  ProducerEntry& entry = entries.rbegin()->second;
  if (entry.batches().size() == replication::remembered_batches) return bad("too many batches");
  entry.remember(
      {static_cast<std::int32_t>(numbers[0]), static_cast<std::int32_t>(numbers[1]), numbers[2], numbers[3], numbers[4]});
  return {};
}

}  // namespace

Slice ProducerCheckpoint::encode() const {
  std::string body = fmt::format("end {}\n", end_offset);
  for (const auto& [id, entry] : entries) {
    body += fmt::format("producer {} {} {} {}\n", id, entry.epoch, entry.last_offset,
                        entry.transaction_start.value_or(no_transaction));
    for (const RememberedBatch& batch : entry.batches()) {
      body += fmt::format("batch {} {} {} {} {}\n", batch.first_sequence, batch.last_sequence, batch.base_offset,
                          batch.last_offset, batch.timestamp_ms);
    }
  }
  return seal_checkpoint(body);
}

Result<ProducerCheckpoint> ProducerCheckpoint::decode(Bytes bytes) {
  const CheckpointLines lines = TRY(open_checkpoint(bytes));
  if (lines.empty() || lines[0].key != "end" || lines[0].numbers.size() != 1 || lines[0].numbers[0] < 0) return bad("no end");
  ProducerCheckpoint checkpoint;
  checkpoint.end_offset = lines[0].numbers[0];
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].key == "producer") {
      TRY(add_producer(checkpoint.entries, lines[i].numbers));
    } else if (lines[i].key == "batch") {
      TRY(add_batch(checkpoint.entries, lines[i].numbers));
    } else {
      return bad("unknown line");
    }
  }
  return checkpoint;
}

}  // namespace faultline
