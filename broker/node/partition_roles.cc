// Roles: how a replica begins to lead or to follow, what newer metadata change, and how a role ends.
#include <utility>

#include "broker/node/partition.h"

namespace faultline {
namespace {

constexpr TracePoint began_leading{"partition.leads", TraceLevel::info};
constexpr TracePoint began_following{"partition.follows", TraceLevel::info};
constexpr TracePoint role_ended{"partition.role_ended", TraceLevel::info};

}  // namespace

void Partition::end_role() {
  if (std::holds_alternative<Idle>(role_)) return;
  high_watermark_ = std::min(high_watermark(), log_->log_end());
  role_.emplace<Idle>();
  in_sync_ = false;
  const std::string name = to_string(id_);
  host_.env.trace.emit(role_ended, {{"partition", name}});
  wake_all();
}

Result<> Partition::begin_leading(const replication::PartitionState& state) {
  ENSURE(state.leader == host_.self);
  const Mutex::Guard guard = TRY(changing_.lock());
  ENSURE(std::holds_alternative<Idle>(role_));
  // What a follower was about to store counts from here on as the leader's own: all of it or, if the disk is full, none.
  TRY(log_->wait_stable(log_->ticket_up_to(log_->log_end()), no_deadline));
  // A leader's epoch is on the disk before it serves (KAFKA-7415).
  if (replication::enters_epoch_at_election(host_.exhibits)) TRY(log_->begin_epoch(state.leader_epoch));
  const replication::LeaderConfig config{.self = host_.self,
                                         .min_insync_replicas = config_.min_insync_replicas,
                                         .lag_time_max = host_.lag_time_max,
                                         .exhibits = host_.exhibits};
  const Time now = host_.env.clock.now();
  role_.emplace<Leading>(Leading{replication::Leader(config, state, host_.brokers, log_->log_end(),
                                                     std::min(high_watermark_, log_->log_end()), leader_log(), now),
                                 {}});
  in_sync_ = true;
  const std::string name = to_string(id_);
  host_.env.trace.emit(
      began_leading,
      {{"partition", name}, {"epoch", state.leader_epoch}, {"end", log_->log_end()}, {"watermark", high_watermark()}});
  auto& rules = std::get<Leading>(role_).rules;
  take(rules.tick(now));
  rules.check_invariants();
  wake_all();
  return {};
}

Result<> Partition::begin_following(const replication::PartitionState& state) {
  const Mutex::Guard guard = TRY(changing_.lock());
  ENSURE(std::holds_alternative<Idle>(role_));
  // A follower fetches for a log that is durable to its end: what a leader had not synced yet, either is now or is gone.
  TRY(log_->wait_stable(log_->ticket_up_to(log_->log_end()), no_deadline));
  replication::Follower rules(state.leader_epoch, std::min(high_watermark_, log_->log_end()), host_.exhibits);
  const replication::FollowerStep first = rules.first_step(follower_log());
  role_.emplace<Following>(Following{.rules = std::move(rules), .leader = state.leader});
  in_sync_ = replication::contains(state.isr, host_.self);
  const std::string name = to_string(id_);
  host_.env.trace.emit(began_following, {{"partition", name},
                                         {"epoch", state.leader_epoch},
                                         {"leader", state.leader},
                                         {"end", log_->log_end()},
                                         {"watermark", high_watermark()}});
  if (const auto* cut_first = std::get_if<replication::TruncateLog>(&first)) {
    cut(cut_first->offset, false);
  } else {
    tell_may_fetch();
  }
  wake_all();
  return {};
}

void Partition::learn(const replication::PartitionState& state, std::int32_t min_insync_replicas) {
  if (auto* role = std::get_if<Leading>(&role_)) {
    if (role->rules.leader_epoch() != state.leader_epoch) return;
    take(role->rules.learned(state, min_insync_replicas, host_.env.clock.now()));
    role->rules.check_invariants();
    progress_.notify_all();  // a broker that has gone is not waited for any more
  } else if (std::holds_alternative<Following>(role_)) {
    in_sync_ = replication::contains(state.isr, host_.self);
  }
}

void Partition::tick() {
  auto* role = std::get_if<Leading>(&role_);
  if (role == nullptr) return;
  const Time now = host_.env.clock.now();
  take(role->rules.log_moved(leader_log(), now));
  take(role->rules.tick(now));
  role->rules.check_invariants();
}

void Partition::isr_answered(std::int32_t leader_epoch, const replication::IsrAnswer& answer) {
  auto* role = std::get_if<Leading>(&role_);
  if (role == nullptr || role->rules.leader_epoch() != leader_epoch) return;
  take(role->rules.answered(answer, host_.env.clock.now()));
  role->rules.check_invariants();
}

void Partition::retire() {
  end_role();
  retired_ = true;
  tasks_.cancel();
  tasks_.join();
  const Result<Mutex::Guard> changing = changing_.lock();
  const Result<Mutex::Guard> trimming = trimming_.lock();
  if (trimming) log_->abandon();
}

}  // namespace faultline
