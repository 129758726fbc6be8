// Trimming: records go because a client asks for it, because they are too old, or because the leader has let them go.
//
// What a client deletes is gone for good only when every replica that may lead next has let it go too; the answer waits for that. A leader
// tells its log start with each answer to a follower, at once if it has moved, and a follower tells its own with each fetch.
#include <algorithm>

#include "broker/node/partition.h"

namespace faultline {

Outcome<Deletion> Partition::delete_records_before(std::int64_t offset) {
  constexpr std::int64_t up_to_watermark = -1;
  const Result<Mutex::Guard> guard = trimming_.lock();
  if (!guard) return Refusal(guard.error());
  if (!leads()) return Refusal(ErrorCode::not_leader_or_follower);
  const std::int32_t epoch = leader_epoch();
  const std::int64_t watermark = high_watermark();
  const std::int64_t target = offset == up_to_watermark ? watermark : offset;
  if (target < 0 || target > watermark) {
    return Refusal(ErrorCode::offset_out_of_range,
                   "the watermark is " + std::to_string(watermark) + ", not " + std::to_string(offset) + " or more");
  }
  const Result<> deleted = log_->delete_records_before(target, watermark);
  if (!deleted) return Refusal(ErrorCode::kafka_storage_error, to_string(deleted.error()));
  return Deletion{target, epoch};
}

Outcome<std::int64_t> Partition::wait_deleted(const Deletion& deletion, Time deadline) {
  for (;;) {
    const replication::Leader* rules = leading();
    if (rules == nullptr || rules->leader_epoch() != deletion.leader_epoch) {
      return Refusal(ErrorCode::not_leader_or_follower, "the leader has changed: the next one may still have the records");
    }
    const std::optional<std::int64_t> low = rules->low_watermark();
    if (low && *low >= deletion.offset) return *low;
    const Result<> woken = progress_.wait(deadline);
    if (woken) continue;
    if (woken.error() == Errc::timed_out) {
      return Refusal(ErrorCode::request_timed_out, "deleted here, but not yet on every replica");
    }
    return Refusal(woken.error());
  }
}

Result<> Partition::tidy(Duration producer_age) {
  const Mutex::Guard guard = TRY(trimming_.lock());
  // Retention by other settings than the topic's would throw away what should stay.
  if (retired_ || !configured_ || log_->fenced()) return {};
  log_->expire_producers(producer_age);
  TRY(log_->apply_retention(high_watermark()));
  return log_->write_checkpoint();
}

// What the leader has deleted goes here too, beside the fetching.
void Partition::follow_log_start(std::int64_t start) {
  if (start <= log_->log_start() || trims_) return;
  trims_ = true;
  tasks_.spawn("partition.trim", [this, start] {
    if (const Result<Mutex::Guard> guard = trimming_.lock()) {
      // A failure is tried again at the next answer.
      static_cast<void>(log_->delete_records_before(start, std::max(start, high_watermark())));
    }
    trims_ = false;
  });
}

}  // namespace faultline
