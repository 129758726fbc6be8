#include "broker/node/lifecycle.h"

#include <algorithm>

#include "broker/metadata/features.h"

namespace faultline {
namespace {

using metadata::BrokerEpoch;
using protocol::BrokerHeartbeatRequest;
using protocol::BrokerHeartbeatResponse;
using protocol::BrokerRegistrationRequest;
using protocol::BrokerRegistrationResponse;
using protocol::ErrorCode;

constexpr TracePoint registered{"broker.registered", TraceLevel::info};
constexpr TracePoint registration_refused{"broker.registration_refused", TraceLevel::warning};
constexpr TracePoint standing_changed{"broker.standing", TraceLevel::info};
constexpr TracePoint disk_failed_point{"broker.disk_failed", TraceLevel::error};

// The name under which clients and replicas are told of the one listener.
constexpr const char* listener_name = "PLAINTEXT";

// Between attempts to register: an earlier incarnation may still have a session.
constexpr Duration registration_pause = 200ms;
// Between heartbeats while something is about to change: unfencing, leaving.
constexpr Duration eager_pause = 50ms;
// How long the cluster is told that the disk has failed, before the process ends without having been heard.
constexpr Duration resignation_patience = 2s;

/// Whether asking again can help.
bool is_final(ErrorCode code) {
  return code == ErrorCode::inconsistent_cluster_id || code == ErrorCode::invalid_registration ||
         code == ErrorCode::unsupported_version;
}

}  // namespace

Lifecycle::Lifecycle(Env& env, control::ControllerChannel& channel, BrokerIdentity identity, BrokerReports reports,
                     Duration heartbeat_interval)
    : env_(env), channel_(channel), identity_(std::move(identity)), reports_(std::move(reports)), interval_(heartbeat_interval) {
  RandomStream ids = env.random.stream("incarnation");
  const std::uint64_t high = ids.next();
  const std::uint64_t low = ids.next();
  incarnation_ = protocol::Uuid::of(high, low);
}

Result<> Lifecycle::run(const Endpoint& advertised, const std::function<void(BrokerEpoch)>& on_epoch) {
  for (;;) {
    TRY(register_broker(advertised));
    on_epoch(epoch_);
    while (TRY(heartbeat())) {
    }
    // The cluster has forgotten this incarnation: an operator has unregistered it.
  }
}

Result<> Lifecycle::register_broker(const Endpoint& advertised) {
  BrokerRegistrationRequest request;
  request.broker_id = identity_.broker_id;
  request.cluster_id = identity_.cluster_id;
  request.incarnation_id = incarnation_;
  request.listeners.push_back({.name = listener_name, .host = advertised.host, .port = advertised.port});
  if (!identity_.rack.empty()) request.rack = identity_.rack;
  for (const metadata::FeatureRange& feature : metadata::supported_features())
    request.features.push_back(
        {.name = std::string(feature.name), .min_supported_version = feature.min, .max_supported_version = feature.max});
  request.log_dirs = {identity_.directory_id};
  request.previous_broker_epoch = identity_.previous_epoch;
  for (const controller::PartitionName& damaged : identity_.damaged)
    request.damaged.push_back({.topic_id = damaged.topic_id, .partition = damaged.partition});
  for (;;) {
    const Result<BrokerRegistrationResponse> answer = channel_.call(request, after(env_.clock.now(), interval_));
    if (answer && answer->error_code == ErrorCode::none) {
      epoch_ = answer->broker_epoch;
      env_.trace.emit(registered, {{"epoch", epoch_}});
      return {};
    }
    if (answer) {
      const std::string_view why = protocol::to_string(answer->error_code);
      env_.trace.emit(registration_refused, {{"error", why}});
      if (is_final(answer->error_code))
        return Error(Errc::invalid_argument, "the cluster refuses this broker: " + std::string(why));
    } else if (answer.error() == Errc::cancelled) {
      return answer.error();
    }
    TRY(sleep_until(after(env_.clock.now(), registration_pause)));
  }
}

/// Returns: false if this incarnation has to register again.
Result<bool> Lifecycle::heartbeat() {
  const std::optional<Error> failure = reports_.disk_failure();
  BrokerHeartbeatRequest request;
  request.broker_id = identity_.broker_id;
  request.broker_epoch = epoch_;
  told_applied_ = reports_.applied();
  request.current_metadata_offset = told_applied_;
  request.want_fence = failure.has_value();
  request.want_shut_down = leaving_ && !failure;
  for (const controller::PartitionName& wanted : log_ends_wanted_) {
    const std::optional<controller::LogEnd> end = reports_.log_end(wanted);
    if (!end) continue;
    request.log_ends.push_back({.topic_id = wanted.topic_id,
                                .partition = wanted.partition,
                                .leader_epoch = end->leader_epoch,
                                .end_offset = end->offset});
  }
  const Time deadline = after(env_.clock.now(), failure ? resignation_patience : interval_);
  const Result<BrokerHeartbeatResponse> answer = channel_.call(request, deadline);
  if (failure) {
    env_.trace.emit(disk_failed_point, {{"told", answer && answer->error_code == ErrorCode::none}});
    return *failure;
  }
  if (!answer) {
    if (answer.error() == Errc::cancelled) return answer.error();
    TRY(wait_for_next(eager_pause));
    return true;
  }
  if (answer->error_code == ErrorCode::stale_broker_epoch || answer->error_code == ErrorCode::broker_id_not_registered)
    return false;
  if (answer->error_code != ErrorCode::none) {
    TRY(wait_for_next(eager_pause));
    return true;
  }
  heard_ = env_.clock.now();
  if (fenced_ != answer->is_fenced) {
    fenced_ = answer->is_fenced;
    env_.trace.emit(standing_changed, {{"fenced", fenced_}});
  }
  fenced_ ? active_.reset() : active_.set();
  if (leaving_ && answer->should_shut_down) may_go_.set();
  log_ends_wanted_.clear();
  for (const auto& wanted : answer->log_ends_wanted) log_ends_wanted_.push_back({wanted.topic_id, wanted.partition});
  const bool eager = fenced_ || !log_ends_wanted_.empty() || (leaving_ && !may_go_.is_set());
  TRY(wait_for_next(eager ? std::min(eager_pause, interval_) : interval_));
  return true;
}

void Lifecycle::carried_out(std::int64_t applied) {
  if (fenced_ && !caught_up(told_applied_) && caught_up(applied)) hurry_.set();
}

/// Errors: cancelled. A call to a controller of this process does not suspend, so nothing else would notice.
Result<> Lifecycle::wait_for_next(Duration pause) {
  const Result<> hurried = hurry_.wait(after(env_.clock.now(), pause));
  hurry_.reset();
  if (!hurried && !(hurried.error() == Errc::timed_out)) return hurried.error();
  return {};
}

// Should it go without having been heard, the cluster takes over when the session ends.
void Lifecycle::leave(Time deadline, Duration unheard) {
  leaving_ = true;
  heard_ = env_.clock.now();
  hurry_.set();
  while (!may_go_.is_set()) {
    const Time patience = std::min(deadline, after(heard_, unheard));
    if (env_.clock.now() >= patience) return;
    const Result<> told = may_go_.wait(patience);
    if (!told && told.error() != Errc::timed_out) return;
  }
}

}  // namespace faultline
