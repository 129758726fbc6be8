#include "scenarios/broker_host.h"

#include <algorithm>

#include "broker/server/run_broker.h"

namespace faultline::scenarios {
namespace {

// How long an operator takes to start a broker again that gave up.
constexpr Duration operator_delay = 500ms;

// How long an operator watches a log that could not be opened before the broker is started again: doubled each time.
constexpr Duration patience_min = 500ms;
constexpr Duration patience_max = 8s;

}  // namespace

void BrokerHost::run(Env& env) {
  if (held_) return;
  Event stop;
  struct Leave {
    BrokerHost& host;
    ~Leave() {
      host.broker_ = nullptr;
      host.look_ = nullptr;
      host.ready_ = false;
      host.stop_ = nullptr;
    }
  };
  const Leave leave{*this};
  ++incarnation_;
  restart_after_ = operator_delay;
  stop_ = &stop;
  Result<> ended = format(env);
  if (ended) ended = serve(env, stop);
  if (!ended) {
    if (ended.error() == Errc::cancelled) return;
    judge_end(ended.error());
    if (ended.error() == Errc::corrupt && server_.config.process_roles == "controller") replace_disk();
  }
  state_.world.restart(node_, restart_after_);
}

// Once: a disk that is empty later belongs to a machine that lost it, and comes back as a newcomer.
Result<> BrokerHost::format(Env& env) {
  if (formatted_ || !server_.format) return {};
  Result<> done = format_storage(env, *server_.format, std::chrono::milliseconds(server_.config.disk_timeout_ms));
  if (!done && !(done.error() == Errc::already_exists)) return done;
  formatted_ = true;
  return {};
}

Result<> BrokerHost::serve(Env& env, Event& stop) {
  BrokerConfig config = server_.config;
  config.advertised_listeners = address() + ":" + std::to_string(broker_port);
  Event look;
  TaskGroup looking(env.tasks);
  BrokerWatch watch;
  watch.on_opened = [&](Broker& broker) {
    broker_ = &broker;
    look_ = &look;
    looking.spawn("probe", [&] {
      while (look.wait() && broker_ != nullptr) {
        probe_.look_at_producers(name(), broker);
        look.reset();
      }
    });
    if (state_.scenario.checks.invariants && broker.config().has_broker_role()) {
      probe_.look_at_all(name(), incarnation_, broker);
    }
  };
  watch.on_ready = [this](Broker&, const BrokerServer&) { ready_ = true; };
  watch.on_going = [&] {
    broker_ = nullptr;
    look_ = nullptr;
    looking.cancel();
  };
  return run_broker(env, config, stop, watch);
}

void BrokerHost::look_at_producers() {
  if (broker() != nullptr && look_ != nullptr && broker()->config().has_broker_role()) look_->set();
}

// What a voter has promised is damaged, so it must not vote any more (docs/OPERATING.md). On an empty disk it is somebody else, whom whoever
// looks after the quorum makes a voter again; a controller has nothing else there. It happens just before the start that is ordered next.
void BrokerHost::replace_disk() {
  state_.world.schedule(after(state_.now(), restart_after_), [this] {
    if (!state_.world.is_running(node_)) state_.world.wipe(node_);
  });
}

// A broker may give up because of what was done to its disk: that error is marked, or says that the disk holds damaged bytes, where
// something in this run can have damaged them: a fault, or a planted mistake. Anything else it had no reason for.
void BrokerHost::judge_end(const Error& error) {
  const Scenario& scenario = state_.scenario;
  const bool damaged = !scenario.exhibits.empty() ||
                       std::ranges::any_of(scenario.faults, [](const FaultSpec& fault) { return destroys_data(fault.kind); });
  if (error.injected || (damaged && error == Errc::corrupt)) return;
  state_.surprise(name(), "the broker ended: " + to_string(error));
}

void BrokerHost::tick() {
  Broker* const broker = this->broker();
  if (broker == nullptr || !ready_ || !broker->config().has_broker_role()) return;
  if (state_.scenario.checks.invariants) probe_.look(name(), incarnation_, *broker);
  if (broker->replicas().offline().empty()) {
    offline_since_ = no_deadline;
    patience_ = patience_min;
    return;
  }
  const Time now = state_.now();
  if (offline_since_ == no_deadline) offline_since_ = now;
  if (now < after(offline_since_, patience_)) return;
  patience_ = std::min(patience_ * 2, patience_max);
  offline_since_ = no_deadline;
  stop(operator_delay);  // in good order: the other logs are well
}

void BrokerHost::stop(Duration restart_after) {
  if (stop_ == nullptr) return;
  ready_ = false;
  restart_after_ = restart_after;
  stop_->set();
}

void BrokerHost::move() {
  ++moves_;
  state_.world.rename_hosts(node_, hosts());
}

}  // namespace faultline::scenarios
