#include "broker/control/controller_channel.h"

#include <fmt/format.h>

namespace faultline::control {

namespace {

// An election takes a second or so: there is no point in asking much more often, nor much less.
constexpr client::BackoffConfig retry_backoff{50ms, 500ms};
constexpr client::BackoffConfig reconnect_backoff{50ms, 500ms};

}  // namespace

ControllerChannel::ControllerChannel(Env& env, const quorum::Node& node, MetadataLog& log, ControllerService* local,
                                     client::ConnectionConfig config)
    : env_(env),
      node_(node),
      log_(log),
      local_(local),
      config_(std::move(config)),
      retry_(retry_backoff, env.random.stream("controller channel retry")),
      reconnect_(reconnect_backoff, env.random.stream("controller channel reconnect")),
      tasks_(env.tasks) {}

ControllerChannel::Addressee ControllerChannel::addressee() const {
  const raft::Core& core = node_.core();
  return {core.leader() ? std::optional(core.leader()->node) : std::nullopt, local_ != nullptr && local_->active()};
}

// Exhibit kafka-14154, the half without which it does not show: where the way to the controller is looked up, one that is behind is never
// asked by somebody who knows more. Kafka's brokers went on asking whoever had answered, until it failed them.
std::optional<raft::NodeId> ControllerChannel::controller() const {
  const raft::Core& core = node_.core();
  if (asked_ && core.config().exhibits.on(Exhibit::kafka_14154)) return asked_;
  return core.leader() ? std::optional(core.leader()->node) : std::nullopt;
}

Result<std::shared_ptr<client::Connection>> ControllerChannel::connection_to_leader(Time deadline) {
  const std::optional<raft::NodeId> leader = controller();
  if (!leader) return Error(Errc::unreachable, "the quorum has no leader that is known here");
  asked_ = leader;
  if (*leader == node_.core().self().node) return Error(Errc::unreachable, "this node is about to become the controller");
  const auto endpoint = [&]() -> client::ClientResult<Endpoint> {
    if (const std::optional<Endpoint> at = node_.endpoint_of(*leader)) return *at;
    return Error(Errc::unreachable, fmt::format("nobody knows where node {} listens", leader->value()));
  };
  auto connection = connections_[*leader].get({env_, tasks_, config_, reconnect_}, endpoint, deadline);
  if (!connection) return connection.error().transport;
  return *std::move(connection);
}

bool ControllerChannel::may_pass(const Error& error) const {
  return !closed_ && error != Errc::cancelled && error != Errc::unsupported;
}

Result<> ControllerChannel::pause(const Addressee& asked, std::uint32_t failures, Time deadline) {
  const Time next = after(env_.clock.now(), retry_.delay(failures));
  if (next >= deadline) return Error(Errc::timed_out);
  const Result<> changed = log_.wait_until([&] { return addressee() != asked; }, next);
  if (!changed && changed.error() != Errc::timed_out) return changed.error();
  if (closed_) return Error(Errc::closed, "the channel to the controller");
  return {};
}

void ControllerChannel::close() {
  closed_ = true;
  tasks_.cancel();
}

}  // namespace faultline::control
