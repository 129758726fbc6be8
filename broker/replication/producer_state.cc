#include "broker/replication/producer_state.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/sequence.h"

namespace faultline::replication {

void ProducerEntry::remember(const RememberedBatch& batch) {
  if (count_ == remembered_batches) {
    std::move(batches_.begin() + 1, batches_.end(), batches_.begin());
    --count_;
  }
  batches_[count_++] = batch;
}

bool ProducerEntry::operator==(const ProducerEntry& other) const {
  return epoch == other.epoch && last_offset == other.last_offset && transaction_start == other.transaction_start &&
         std::ranges::equal(batches(), other.batches());
}

ProducerVerdict ProducerStates::judge(const ProducerBatch& batch, const Exhibits& exhibits) const {
  const auto found = entries_.find(batch.producer_id);
  if (found == entries_.end()) return AcceptBatch{};
  const ProducerEntry& entry = found->second;
  if (batch.epoch < entry.epoch) return ProducerRefusal::invalid_producer_epoch;
  const bool same_epoch = batch.epoch == entry.epoch;
  // Without the memory a batch that comes again looks as if it were out of order.
  if (same_epoch && !exhibits.on(Exhibit::redpanda_3039)) {
    for (const RememberedBatch& known : entry.batches()) {
      const bool same = known.first_sequence == batch.first_sequence && known.last_sequence == batch.last_sequence;
      if (same) return DuplicateBatch{known};
    }
  }
  const bool starts = !same_epoch || entry.batches().empty();
  const std::int32_t expected = starts ? 0 : sequence_after(entry.batches().back().last_sequence, 1);
  if (batch.first_sequence != expected) return ProducerRefusal::out_of_order_sequence;
  return AcceptBatch{};
}

void ProducerStates::appended(const ProducerBatch& batch, Time now) {
  ENSURE(batch.producer_id >= 0);
  const auto [place, fresh] = entries_.try_emplace(batch.producer_id);
  ProducerEntry& entry = place->second;
  undo_.push_back({batch.base_offset, batch.producer_id, fresh ? std::nullopt : std::optional(entry)});
  if (entry.epoch != batch.epoch) {
    entry.epoch = batch.epoch;
    entry.forget_batches();
  }
  entry.last_offset = batch.last_offset;
  if (batch.marker) {
    entry.transaction_start.reset();
  } else {
    entry.remember({batch.first_sequence, batch.last_sequence, batch.base_offset, batch.last_offset, batch.timestamp_ms});
    if (batch.transactional && !entry.transaction_start.has_value()) entry.transaction_start = batch.base_offset;
  }
  last_seen_[batch.producer_id] = now;
}

void ProducerStates::settle(std::int64_t offset) {
  while (!undo_.empty() && undo_.front().base_offset < offset) undo_.pop_front();
}

std::vector<ProducerId> ProducerStates::take_back(std::int64_t end) {
  while (!undo_.empty() && undo_.back().base_offset >= end) {
    const Undo undo = undo_.back();
    undo_.pop_back();
    if (undo.before.has_value()) {
      entries_[undo.producer_id] = *undo.before;
    } else {
      entries_.erase(undo.producer_id);
      last_seen_.erase(undo.producer_id);
    }
  }
  std::vector<ProducerId> lost;
  for (const auto& [id, entry] : entries_) {
    if (entry.last_offset >= end) lost.push_back(id);
  }
  for (const ProducerId id : lost) {
    entries_.erase(id);
    last_seen_.erase(id);
  }
  return lost;
}

void ProducerStates::expire(Time now, Duration age) {
  std::erase_if(entries_, [&](const auto& item) {
    const auto& [id, entry] = item;
    const bool old = now - last_seen_[id] >= age && !entry.transaction_start.has_value();
    if (old) last_seen_.erase(id);
    return old;
  });
}

ProducerEntries ProducerStates::entries_at(std::int64_t offset) const {
  ProducerEntries entries = entries_;
  for (auto undo = undo_.rbegin(); undo != undo_.rend() && undo->base_offset >= offset; ++undo) {
    if (undo->before.has_value()) {
      entries[undo->producer_id] = *undo->before;
    } else {
      entries.erase(undo->producer_id);
    }
  }
  return entries;
}

void ProducerStates::put(ProducerId id, const ProducerEntry& entry, Time now) {
  entries_[id] = entry;
  last_seen_[id] = now;
}

void ProducerStates::restore(ProducerEntries entries, Time now) {
  entries_ = std::move(entries);
  undo_.clear();
  last_seen_.clear();
  for (const auto& [id, entry] : entries_) last_seen_[id] = now;
}

}  // namespace faultline::replication
