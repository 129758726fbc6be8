// Hosts one process of a trial's cluster on a simulated node: formats its disk, starts it with every start of the node, looks into its
// logs, and plays the operator who starts again what has stopped.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/node/broker.h"
#include "runtime/env.h"
#include "runtime/sync.h"
#include "scenarios/cluster_plan.h"
#include "scenarios/log_probe.h"
#include "scenarios/trial_state.h"

namespace faultline::scenarios {

class BrokerHost {
 public:
  BrokerHost(TrialState& state, LogProbe& probe, Server server) : state_(state), probe_(probe), server_(std::move(server)) {}
  BrokerHost(const BrokerHost&) = delete;
  BrokerHost& operator=(const BrokerHost&) = delete;

  /// The node's program.
  void run(Env& env);
  /// Called many times a second: looks at the logs, and restarts a broker of which a log could not be opened, as an operator has to:
  /// with growing patience, since that may be for good.
  void tick();
  /// Asks the broker to stop in good order; the operator starts it again `restart_after` it has.
  void stop(Duration restart_after);

  /// Has a look taken at what the logs remember of producers, now that nothing is on its way.
  void look_at_producers();
  bool is_looking() const { return look_ != nullptr && look_->is_set(); }

  /// Until release() the process ends as soon as it starts, whoever starts it: the machine stays, and nobody listens.
  void hold() { held_ = true; }
  void release() { held_ = false; }

  /// From its next start on the machine has another address, which is what the broker advertises.
  void move();

  const std::string& name() const { return server_.name; }
  std::int32_t node_id() const { return server_.config.node_id; }
  /// The names under which the machine can be reached: the one that never changes, and its present address.
  std::vector<std::string> hosts() const { return {name(), address()}; }
  void set_node(sim::NodeId node) { node_ = node; }
  sim::NodeId node() const { return node_; }
  std::uint64_t starts() const { return incarnation_; }
  /// Clients are served; of a controller: it has started.
  bool serves() const { return ready_; }
  /// The process, if it is there to be looked at.
  Broker* broker() const { return broker_ != nullptr && state_.world.is_running(node_) ? broker_ : nullptr; }

 private:
  std::string address() const { return name() + ".at-" + std::to_string(moves_); }
  Result<> format(Env& env);
  Result<> serve(Env& env, Event& stop);
  void judge_end(const Error& error);
  void replace_disk();

  // Constant after construction.
  TrialState& state_;
  LogProbe& probe_;
  const Server server_;
  sim::NodeId node_ = sim::no_node;
  // Volatile.
  bool formatted_ = false;
  bool held_ = false;
  std::uint64_t incarnation_ = 0;
  std::uint64_t moves_ = 0;
  Broker* broker_ = nullptr;  // while there is one
  bool ready_ = false;
  Event* stop_ = nullptr;  // of the present process
  Event* look_ = nullptr;  // of the present broker; set while a look is taken
  Duration restart_after_{};
  Duration patience_ = 500ms;  // with a log that is offline
  Time offline_since_ = no_deadline;
};

}  // namespace faultline::scenarios
