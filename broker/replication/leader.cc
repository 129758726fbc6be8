#include "broker/replication/leader.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace faultline::replication {

Leader::Leader(const LeaderConfig& config, const PartitionState& committed, const BrokerStatuses& brokers,
               std::int64_t epoch_start, std::int64_t high_watermark, const LeaderLog& log, Time now)
    : config_(config),
      brokers_(brokers),
      epoch_start_(epoch_start),
      min_insync_replicas_(config.min_insync_replicas),
      learned_epoch_(committed.partition_epoch),
      log_(log),
      isr_(committed, config.exhibits),
      high_watermark_(std::clamp(high_watermark, std::min(log.start, log.end), log.end)) {
  ENSURE(epoch_start <= log.durable_end);
  for (const BrokerId id : committed.replicas) {
    if (id != config.self) followers_.emplace(id, FollowerProgress::at_election(contains(committed.isr, id), now));
  }
}

bool Leader::knows(const FollowerFetch& fetch) const {
  if (!followers_.contains(fetch.replica)) return false;
  const auto broker = brokers_.find(fetch.replica);
  if (fetch.broker_epoch == unknown_broker_epoch || broker == brokers_.end()) return true;
  return fetch.broker_epoch >= broker->second.epoch;
}

LeaderEffects Leader::fetched(const FollowerFetch& fetch, ReadOutcome read, const LeaderLog& log, Time now) {
  ENSURE(knows(fetch));
  log_ = log;
  FollowerProgress& follower = followers_.at(fetch.replica);
  if (read == ReadOutcome::done) {
    follower.fetched(fetch, log.end, now);
  } else if (config_.exhibits.on(Exhibit::kafka_8400)) {
    // The fields of an answer that was never filled: -1 has reached -1, so the follower is caught up.
    follower.fetched({fetch.replica, fetch.broker_epoch, -1, -1}, -1, now);
  }
  return settle(now);
}

LeaderEffects Leader::log_moved(const LeaderLog& log, Time now) {
  log_ = log;
  LeaderEffects effects;
  effects.watermark_moved = advance_watermark(now);
  return effects;
}

LeaderEffects Leader::tick(Time now) { return settle(now); }

LeaderEffects Leader::answered(const IsrAnswer& answer, Time now) {
  const std::int32_t before = isr_.committed().partition_epoch;
  LeaderEffects effects;
  // Who left the in-sync set below this minimum stays eligible: nothing may be committed without them.
  const bool news = answer.kind == IsrAnswer::Kind::accepted && answer.partition_epoch > learned_epoch_;
  if (news) told_ = {answer.min_insync_replicas, answer.partition_epoch};
  effects.propose = isr_.answered(answer);
  effects.watermark_moved = advance_watermark(now);
  effects.isr_changed = isr_.committed().partition_epoch != before;
  // What was found ineligible a moment ago still is: the next proposal waits for a fetch, a tick or newer metadata.
  if (!effects.propose && answer.kind != IsrAnswer::Kind::ineligible_replica) effects.propose = propose_change(now);
  return effects;
}

LeaderEffects Leader::learned(const PartitionState& state, std::int32_t min_insync_replicas, Time now) {
  const bool other_minimum = learn_minimum(state, min_insync_replicas);
  const bool newer = isr_.learned(state);
  for (const BrokerId id : isr_.committed().replicas) {
    if (id != config_.self) followers_.try_emplace(id);
  }
  std::erase_if(followers_, [&](const auto& entry) { return !contains(isr_.committed().replicas, entry.first); });
  forget_old_incarnations(now);
  LeaderEffects effects = settle(now);
  effects.isr_changed = newer || other_minimum;
  return effects;
}

// What the controller has told holds until the metadata have come as far, whatever they say of the minimum on the way there.
// Returns: whether the minimum is another one now.
bool Leader::learn_minimum(const PartitionState& state, std::int32_t min_insync_replicas) {
  const std::int32_t before = minimum();
  min_insync_replicas_ = min_insync_replicas;
  learned_epoch_ = std::max(learned_epoch_, state.partition_epoch);
  if (state.partition_epoch >= told_.partition_epoch) told_ = {};
  return minimum() != before;
}

// What an earlier incarnation had fetched says nothing about the one that runs now: it has to show its log end itself, for a lag
// time with the benefit of the doubt if it is still a member.
void Leader::forget_old_incarnations(Time now) {
  for (auto& [id, follower] : followers_) {
    const auto broker = brokers_.find(id);
    if (broker == brokers_.end() || follower.broker_epoch().value_or(unknown_broker_epoch) == unknown_broker_epoch) continue;
    if (broker->second.epoch > *follower.broker_epoch()) {
      follower = FollowerProgress::at_election(contains(isr_.committed().isr, id), now);
    }
  }
}

LeaderEffects Leader::settle(Time now) {
  LeaderEffects effects;
  effects.watermark_moved = advance_watermark(now);
  effects.propose = propose_change(now);
  return effects;
}

bool Leader::enough_replicas() const {
  const PartitionState& committed = isr_.committed();
  return committed.isr.size() >= effective_min_isr(minimum(), committed.replicas.size(), config_.exhibits);
}

bool Leader::advance_watermark(Time now) {
  if (!enough_replicas()) return false;
  std::int64_t least = log_.durable_end;
  for (const auto& [id, follower] : followers_) {
    const bool waited_for =
        isr_.in_maximal(id) || (follower.caught_up(log_.end, now, config_.lag_time_max) && may_join(id, follower));
    if (waited_for) least = std::min(least, follower.log_end().value_or(-1));
  }
  if (least <= high_watermark_) return false;
  high_watermark_ = least;
  return true;
}

// As far as the leader knows; the controller has the last word (KIP-841, KIP-903).
bool Leader::may_join(BrokerId id, const FollowerProgress& progress) const {
  const auto broker = brokers_.find(id);
  if (broker == brokers_.end() || broker->second.fenced || broker->second.shutting_down) return false;
  if (!progress.broker_epoch().has_value()) return false;
  return *progress.broker_epoch() == unknown_broker_epoch || *progress.broker_epoch() == broker->second.epoch;
}

// Else records that were deleted on request could be read again when it leads.
bool Leader::has_log_start(const FollowerProgress& progress) const { return progress.log_start().value_or(-1) >= log_.start; }

// With an ISR that is too small, one that has left it may be eligible still, and lead when it is back.
std::optional<std::int64_t> Leader::low_watermark() const {
  const bool others_eligible = !enough_replicas();
  std::int64_t least = log_.start;
  for (const auto& [id, follower] : followers_) {
    const auto broker = brokers_.find(id);
    const bool alive = broker != brokers_.end() && !broker->second.fenced;
    if (!alive && !isr_.in_maximal(id) && !others_eligible) continue;
    if (!follower.log_start().has_value()) return std::nullopt;
    least = std::min(least, *follower.log_start());
  }
  return least;
}

bool Leader::lags(BrokerId id, Time now) const {
  const auto follower = followers_.find(id);
  return follower == followers_.end() || !follower->second.caught_up(log_.end, now, config_.lag_time_max);
}

std::optional<IsrProposal> Leader::propose_change(Time now) {
  if (!isr_.may_propose()) return std::nullopt;
  std::vector<IsrMember> wanted;
  bool changed = false;
  for (const BrokerId id : isr_.committed().replicas) {
    const bool member = contains(isr_.committed().isr, id);
    const auto follower = followers_.find(id);
    bool wants = id == config_.self || (member && !lags(id, now));
    if (!member && follower != followers_.end()) {
      const std::int64_t end = follower->second.log_end().value_or(-1);
      // Not lagging, either: else it would be put out again at once.
      wants = end >= high_watermark_ && end >= epoch_start_ && has_log_start(follower->second) && !lags(id, now) &&
              may_join(id, follower->second);
    }
    changed = changed || wants != member;
    if (!wants) continue;
    // One that has not fetched from this leader yet goes by what the metadata say of it.
    const auto broker = brokers_.find(id);
    const std::int64_t known = broker == brokers_.end() ? unknown_broker_epoch : broker->second.epoch;
    const bool fetched = follower != followers_.end() && follower->second.broker_epoch().has_value();
    wanted.push_back({id, fetched ? *follower->second.broker_epoch() : known});
  }
  if (!changed && !isr_.must_propose()) return std::nullopt;
  return isr_.propose(std::move(wanted));
}

std::optional<Time> Leader::next_deadline() const {
  std::optional<Time> next;
  if (!isr_.may_propose()) return next;
  for (const auto& [id, follower] : followers_) {
    if (!contains(isr_.committed().isr, id)) continue;
    if (follower.log_end().has_value() && *follower.log_end() >= log_.end) continue;
    // Strictly later than the lag time, by the smallest step of the clock.
    const Time due = after(follower.caught_up_at().value_or(Time()), config_.lag_time_max + Duration(1));
    next = std::min(next.value_or(due), due);
  }
  return next;
}

Completion Leader::completion_of(const ProduceTicket& ticket) const {
  if (ticket.leader_epoch != leader_epoch()) return Completion::not_leader_or_follower;
  if (high_watermark_ < ticket.end_offset) return Completion::waiting;
  return enough_replicas() ? Completion::done : Completion::not_enough_replicas_after_append;
}

void Leader::check_invariants() const {
  ENSURE(high_watermark_ <= log_.end);
  ENSURE(log_.durable_end <= log_.end);
  ENSURE(isr_.committed().leader == config_.self);
  ENSURE(!followers_.contains(config_.self));
  ENSURE(isr_.in_maximal(config_.self));
}

}  // namespace faultline::replication
