// Hosts one broker of a trial on a simulated node: starts it with every start of the process, looks into its logs, and plays the
// operator who starts again what has stopped.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/node/broker.h"
#include "broker/node/broker_config.h"
#include "runtime/env.h"
#include "runtime/sync.h"
#include "scenarios/log_probe.h"
#include "scenarios/trial_state.h"

namespace faultline::scenarios {

/// The configuration of broker number `index` of the scenario. Errors: invalid_argument.
Result<BrokerConfig> broker_config_of(const Scenario& scenario, std::int64_t index);

class BrokerHost {
 public:
  BrokerHost(TrialState& state, LogProbe& probe, std::string name, BrokerConfig config)
      : state_(state), probe_(probe), name_(std::move(name)), config_(std::move(config)) {}
  BrokerHost(const BrokerHost&) = delete;
  BrokerHost& operator=(const BrokerHost&) = delete;

  /// The node's program.
  void run(Env& env);
  /// Called many times a second: looks at the logs, and restarts a broker of which a log takes no writes, as an operator has to: at
  /// once if it is fenced, with growing patience if it could not be opened, since that may be for good.
  void tick();
  /// Asks the broker to stop in good order; the operator starts it again `restart_after` it has.
  void stop(Duration restart_after);

  /// From its next start on the machine has another address, which is what the broker advertises.
  void move();

  const std::string& name() const { return name_; }
  /// The names under which the machine can be reached: the one that never changes, and its present address.
  std::vector<std::string> hosts() const { return {name_, address()}; }
  void set_node(sim::NodeId node) { node_ = node; }
  std::uint64_t starts() const { return incarnation_; }
  bool serves() const { return broker_ != nullptr; }

 private:
  enum class Health : std::uint8_t { well, fenced, offline };

  Health health() const;
  std::string address() const { return name_ + ".at-" + std::to_string(moves_); }
  void judge_end(const Error& error);

  // Constant after construction.
  TrialState& state_;
  LogProbe& probe_;
  const std::string name_;
  const BrokerConfig config_;
  sim::NodeId node_ = sim::no_node;
  // Volatile.
  std::uint64_t incarnation_ = 0;
  std::uint64_t moves_ = 0;
  Broker* broker_ = nullptr;  // while it serves
  Event* stop_ = nullptr;     // of the present process
  Duration restart_after_{};
  Duration patience_ = 500ms;  // with a log that is offline
  Time offline_since_ = no_deadline;
};

}  // namespace faultline::scenarios
