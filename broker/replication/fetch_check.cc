#include "broker/replication/fetch_check.h"

namespace faultline::replication {

EpochCheck check_epoch(std::int32_t asked, std::int32_t leader_epoch) {
  if (asked == no_epoch || asked == leader_epoch) return EpochCheck::current;
  return asked < leader_epoch ? EpochCheck::fenced : EpochCheck::unknown;
}

FetchCheck check_fetch(std::int64_t fetch_offset, std::int32_t last_fetched_epoch, const EpochCache& epochs,
                       std::int64_t log_start, std::int64_t log_end) {
  if (fetch_offset < log_start) return {FetchCheck::Kind::out_of_range, {}};
  if (last_fetched_epoch != no_epoch) {
    const EpochEnd end = epochs.end_offset_for(last_fetched_epoch, log_end);
    if (end == EpochEnd()) return {FetchCheck::Kind::out_of_range, {}};
    if (end.epoch < last_fetched_epoch || end.end_offset < fetch_offset) return {FetchCheck::Kind::diverging, end};
  }
  if (fetch_offset > log_end) return {FetchCheck::Kind::out_of_range, {}};
  return {};
}

}  // namespace faultline::replication
