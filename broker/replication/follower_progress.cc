#include "broker/replication/follower_progress.h"

#include <algorithm>

namespace faultline::replication {

FollowerProgress FollowerProgress::at_election(bool in_sync, Time now) {
  FollowerProgress progress;
  if (in_sync) progress.caught_up_at_ = now;
  return progress;
}

void FollowerProgress::fetched(const FollowerFetch& fetch, std::int64_t leader_end, Time now) {
  const auto was_caught_up = [&](Time at) { caught_up_at_ = std::max(caught_up_at_.value_or(at), at); };
  if (fetch.fetch_offset >= leader_end) {
    was_caught_up(now);
  } else if (fetched_at_.has_value() && fetch.fetch_offset >= leader_end_then_) {
    was_caught_up(*fetched_at_);
  }
  log_end_ = fetch.fetch_offset;
  log_start_ = fetch.log_start;
  broker_epoch_ = fetch.broker_epoch;
  fetched_at_ = now;
  leader_end_then_ = std::max(leader_end_then_, leader_end);
}

bool FollowerProgress::caught_up(std::int64_t leader_end, Time now, Duration lag_time_max) const {
  if (log_end_.has_value() && *log_end_ >= leader_end) return true;
  return caught_up_at_.has_value() && now - *caught_up_at_ <= lag_time_max;
}

}  // namespace faultline::replication
