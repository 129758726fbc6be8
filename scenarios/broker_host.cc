#include "scenarios/broker_host.h"

#include "broker/server/run_broker.h"

namespace faultline::scenarios {
namespace {

// How long an operator takes to start a broker again that gave up.
constexpr Duration operator_delay = 500ms;

constexpr std::uint16_t broker_port = 9092;

}  // namespace

Result<BrokerConfig> broker_config_of(const Scenario& scenario, std::int64_t index) {
  BrokerConfig config;
  config.node_id = static_cast<std::int32_t>(index) + 1;
  config.listeners = "broker-" + std::to_string(index) + ":" + std::to_string(broker_port);
  for (const auto& [key, value] : scenario.cluster.config) TRY(set_broker_config(config, key, value.text));
  TRY(config.validate());
  return config;
}

void BrokerHost::run(Env& env) {
  Event stop;
  struct Leave {
    BrokerHost& host;
    ~Leave() {
      host.broker_ = nullptr;
      host.stop_ = nullptr;
    }
  };
  const Leave leave{*this};
  ++incarnation_;
  restart_after_ = operator_delay;
  stop_ = &stop;
  const Result<> ended = run_broker(env, config_, stop, [&](Broker& broker, const BrokerServer&) {
    if (state_.scenario.checks.invariants) probe_.look_at_all(name_, incarnation_, broker);
    broker_ = &broker;
  });
  if (!ended) {
    if (ended.error() == Errc::cancelled) return;
    judge_end(ended.error());
  }
  state_.world.restart(node_, restart_after_);
}

// A broker may give up because of what was done to its disk: that error is marked, or says that the disk holds damaged bytes,
// which is for the checkers to judge. Anything else it had no reason for.
void BrokerHost::judge_end(const Error& error) {
  if (error.injected || error == Errc::corrupt) return;
  state_.surprise(name_, "the broker ended: " + to_string(error));
}

void BrokerHost::tick() {
  if (broker_ == nullptr || !state_.world.is_running(node_)) return;
  if (state_.scenario.checks.invariants) probe_.look(name_, incarnation_, *broker_);
  if (!any_log_fenced()) return;
  state_.world.kill(node_);
  state_.world.restart(node_, operator_delay);
}

void BrokerHost::stop(Duration restart_after) {
  if (stop_ == nullptr) return;
  broker_ = nullptr;
  restart_after_ = restart_after;
  stop_->set();
}

bool BrokerHost::any_log_fenced() const {
  for (const auto& [name, topic] : broker_->topics().all()) {
    for (const std::shared_ptr<Partition>& partition : topic.partitions) {
      if (partition != nullptr && partition->log().fenced()) return true;
    }
  }
  return false;
}

}  // namespace faultline::scenarios
