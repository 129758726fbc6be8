#include "broker/replication/follower.h"

#include <algorithm>

#include "base/check.h"

namespace faultline::replication {
namespace {

// Whether the leader has deleted all that this log has below `end`, and there is something.
bool all_deleted(std::int64_t end, const FetchAnswer& answer, const FollowerLog& log) {
  return log.start < answer.log_start && end <= answer.log_start;
}

}  // namespace

Follower::Follower(std::int32_t leader_epoch, std::int64_t high_watermark, Exhibits exhibits)
    : leader_epoch_(leader_epoch),
      high_watermark_(high_watermark),
      // Before KIP-101 a follower cut to its own watermark and never asked.
      settled_(exhibits.on(Exhibit::kip_101)),
      exhibits_(exhibits) {}

FollowerStep Follower::first_step(const FollowerLog& log) const {
  if (settled_ && high_watermark_ < log.end) return TruncateLog{high_watermark_};
  return FetchAgain{};
}

FetchPosition Follower::position(const FollowerLog& log) const {
  const std::int32_t last = log.end > log.start ? log.epochs.epoch_at(log.end - 1).value_or(-1) : -1;
  return {leader_epoch_, log.end, settled_ ? -1 : last};
}

FollowerStep Follower::judge(const FetchPosition& asked, const FetchAnswer& answer, const FollowerLog& log) {
  const bool late = asked.leader_epoch != leader_epoch_ || asked.fetch_offset != log.end;
  if (late && !exhibits_.on(Exhibit::kafka_7786)) return IgnoreAnswer{};
  switch (answer.kind) {
    case FetchAnswer::Kind::records: {
      const bool does_not_fit = answer.first_offset.value_or(log.end) < log.end;
      if (does_not_fit && all_deleted(log.end, answer, log)) return StartOver{answer.log_start};
      return AppendRecords{};
    }
    case FetchAnswer::Kind::diverging: {
      // Before KIP-279 the answer did not name its epoch: it was taken for the one that was asked about, and the matter for settled.
      settled_ = exhibits_.on(Exhibit::kip_279);
      const std::int64_t point =
          settled_ ? std::min(answer.diverging.end_offset, log.end) : truncation_point(answer.diverging, log);
      if (all_deleted(point, answer, log)) return StartOver{answer.log_start};
      if (point < log.start) return StartOver{point};
      return TruncateLog{point};
    }
    case FetchAnswer::Kind::out_of_range:
      if (answer.log_start > log.end) return StartOver{answer.log_start};
      return FetchAgain{};
    case FetchAnswer::Kind::fenced_leader_epoch: awaits_metadata_ = true; return AwaitMetadata{};
    case FetchAnswer::Kind::other_error: return FetchAgain{};
  }
  return FetchAgain{};
}

void Follower::appended(std::int64_t log_end, std::int64_t leader_watermark) {
  high_watermark_ = std::max(high_watermark_, std::min(leader_watermark, log_end));
  ENSURE(high_watermark_ <= log_end);
}

void Follower::truncated(std::int64_t log_end) { high_watermark_ = std::min(high_watermark_, log_end); }

std::int64_t truncation_point(const EpochEnd& leaders, const FollowerLog& log) {
  const EpochEnd own = log.epochs.end_offset_for(leaders.epoch, log.end);
  // Undefined: the leader speaks of an epoch above all of ours, so that all we have may be its.
  const std::int64_t own_end = own == EpochEnd() ? log.end : own.end_offset;
  if (own.epoch != leaders.epoch && own != EpochEnd()) return std::min(own_end, log.end);
  return std::min({leaders.end_offset, own_end, log.end});
}

}  // namespace faultline::replication
