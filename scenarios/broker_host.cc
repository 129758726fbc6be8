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

constexpr std::uint16_t broker_port = 9092;

}  // namespace

Result<BrokerConfig> broker_config_of(const Scenario& scenario, std::int64_t index) {
  BrokerConfig config;
  config.node_id = static_cast<std::int32_t>(index) + 1;
  config.listeners = "0.0.0.0:" + std::to_string(broker_port);
  config.advertised_listeners = "broker-" + std::to_string(index) + ":" + std::to_string(broker_port);
  for (const auto& [key, value] : scenario.cluster.config) TRY(set_broker_config(config, key, value.text));
  for (const Exhibit exhibit : scenario.exhibits) config.exhibits.insert(exhibit);
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
  BrokerConfig config = config_;
  config.advertised_listeners = address() + ":" + std::to_string(broker_port);
  const Result<> ended = run_broker(env, config, stop, [&](Broker& broker, const BrokerServer&) {
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
  const Health is = health();
  const Time now = state_.now();
  if (is == Health::fenced) {
    state_.world.kill(node_);
    return state_.world.restart(node_, operator_delay);
  }
  if (is == Health::well) {
    offline_since_ = no_deadline;
    patience_ = patience_min;
    return;
  }
  if (offline_since_ == no_deadline) offline_since_ = now;
  if (now < after(offline_since_, patience_)) return;
  patience_ = std::min(patience_ * 2, patience_max);
  offline_since_ = no_deadline;
  stop(operator_delay);  // in good order: the other logs are well
}

void BrokerHost::stop(Duration restart_after) {
  if (stop_ == nullptr) return;
  broker_ = nullptr;
  restart_after_ = restart_after;
  stop_->set();
}

void BrokerHost::move() {
  ++moves_;
  state_.world.rename_hosts(node_, hosts());
}

BrokerHost::Health BrokerHost::health() const {
  Health health = Health::well;
  for (const auto& [name, topic] : broker_->topics().all()) {
    for (const std::shared_ptr<Partition>& partition : topic.partitions) {
      if (partition == nullptr) {
        health = Health::offline;
      } else if (partition->log().fenced()) {
        return Health::fenced;
      }
    }
  }
  return health;
}

}  // namespace faultline::scenarios
