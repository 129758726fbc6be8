// A simulated cluster without logs of its own: processes that are controllers (voters of the quorum), and brokers that follow the quorum,
// register, send heartbeats, and ask things of whoever is the active controller.
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/control/controller_channel.h"
#include "broker/control/controller_service.h"
#include "broker/control/metadata_log.h"
#include "broker/protocol/messages.h"
#include "sim/world.h"

namespace faultline::control::testing {

using metadata::BrokerId;
using metadata::Uuid;

/// What all processes must agree on, as only somebody who sees all of them can tell.
class Oracle {
 public:
  /// A process has this image now.
  void applied(const metadata::ClusterImage& image);
  /// A block of producer ids was given away.
  void allocated(std::int64_t first, std::int32_t count);
  /// Somebody was told that the topic was created, by him.
  void created(const std::string& name, const Uuid& id);
  void registered(BrokerId broker, std::int64_t epoch);

  const std::map<std::string, Uuid>& topics() const { return topics_; }
  std::size_t blocks() const { return blocks_.size(); }
  std::int64_t newest() const { return images_.empty() ? 0 : images_.rbegin()->first; }

 private:
  std::map<std::int64_t, Slice> images_;         // by the number of records
  std::map<std::int64_t, std::int64_t> blocks_;  // first to one behind the last
  std::map<std::string, Uuid> topics_;
  std::map<BrokerId, std::int64_t> broker_epochs_;
};

struct ClusterOptions {
  int controllers = 3;
  int brokers = 0;
  controller::ControllerConfig controller{};
  std::uint64_t snapshot_after_bytes = std::uint64_t{4} << 20;
  Exhibits exhibits{};
};

/// As the lines of a test want it: three-second sessions, "no.such.key" is no setting.
controller::ControllerConfig controller_config();

class Cluster {
 public:
  struct Process {
    sim::NodeId sim;
    raft::ReplicaKey key;
    bool founder = false;  // one of the first voters
    bool controls = false;
    bool serves = false;                                                     // as a broker
    bool silent = false;                                                     // sends no heartbeats
    bool shut_down = false;                                                  // wants to go
    std::vector<protocol::BrokerRegistrationRequest::DamagedLog> damaged{};  // says its next registration
    std::vector<Uuid> offline{};                                             // directories
    Duration work{};                                                         // between requests of its own; zero: none
    // While it runs.
    Env* env = nullptr;
    quorum::Node* node = nullptr;
    MetadataLog* log = nullptr;
    ControllerService* service = nullptr;
    ControllerChannel* channel = nullptr;
    std::int64_t broker_epoch = -1;
    protocol::BrokerHeartbeatResponse heartbeat{};  // the last one
    std::vector<Error> ends{};                      // why it ended, each time

    BrokerId id() const { return key.node.value(); }
  };

  explicit Cluster(ClusterOptions options, std::uint64_t seed = 1);

  sim::World& world() { return world_; }
  Oracle& oracle() { return oracle_; }
  /// Controllers first, with ids from 1; brokers have ids from 11.
  Process& process(BrokerId id);
  std::deque<Process>& processes() { return processes_; }
  /// A process more that follows the quorum and would be a controller.
  Process& add_controller(BrokerId id);
  /// The active controller, or nullptr.
  Process* active();
  /// What it has committed. Requires: there is one.
  const metadata::ClusterImage& image() { return active()->log->image(); }

  bool run_until(const std::function<bool()>& reached, Duration patience);
  /// Runs until there is an active controller that has all brokers unfenced.
  void settle();
  /// Runs `body` as a fiber of the process, to its end.
  void on(Process& process, const std::function<void(Process&)>& body);
  /// Asks the active controller from that process, and fails the test if there is no answer.
  template <class Request>
  client::Answer<Request> ask(Process& asker, const Request& request) {
    Result<client::Answer<Request>> answer = Error(Errc::internal);
    on(asker, [&](Process& self) { answer = self.channel->call(request, after(self.env->clock.now(), 20s)); });
    if (!answer) FAIL(to_string(answer.error()));
    return *std::move(answer);
  }
  /// A topic of one partition on exactly these brokers, or any of `partitions`. Returns: its id.
  Uuid topic(Process& asker, const std::string& name, const std::vector<BrokerId>& replicas);
  const metadata::PartitionRecord& partition(const std::string& topic, std::size_t index = 0) {
    return image().topic(topic)->partitions.at(index);
  }

 private:
  Process& add(BrokerId id, bool founder, bool controls, bool serves);
  void live(Process& process, Env& env);
  Result<std::unique_ptr<quorum::Node>> open(Process& process, Env& env, MetadataLog& log);
  quorum::NodeConfig config(const Process& process) const;
  void listen(Process& process, Env& env, TaskGroup& serving);
  void be_broker(Process& process);
  bool register_broker(Process& process, const Uuid& incarnation);
  void work(Process& process);

  const ClusterOptions options_;
  Oracle oracle_;
  std::deque<Process> processes_;
  sim::World world_;  // last: its nodes use all of the above
};

}  // namespace faultline::control::testing
