// Brokers without sockets: the replicas of each on a node of the simulated world, a real controller that commits at once, and calls
// between them that the test can cut. What a broker does not hear of, it does not know: each has its own image of the metadata.
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/controller/controller.h"
#include "broker/node/replicas.h"
#include "broker/protocol/batch_builder.h"
#include "sim/world.h"

namespace faultline::testing {

using controller::ConfigEdit;
using controller::Controller;
using controller::ControllerConfig;
using metadata::ClusterImage;
using metadata::Uuid;

/// A batch of one record.
Slice batch_of(const std::string& value, const protocol::BatchOptions& options = {});
std::vector<std::string> values_of(const protocol::Records& records);

/// What becomes of a produce.
struct Produced {
  std::optional<ErrorCode> code;  // none until it is answered
  std::int64_t base_offset = -1;

  bool pending() const { return !code; }
  bool ok() const { return code == ErrorCode::none; }
};

class ReplicaCluster {
 public:
  struct Options {
    std::uint64_t seed = 1;
    int brokers = 3;
    ReplicasConfig replicas = default_replicas();
    ControllerConfig controller = default_controller();
    std::map<BrokerId, std::string> racks;
  };
  static ReplicasConfig default_replicas();
  static ControllerConfig default_controller();

  explicit ReplicaCluster(Options options);
  ReplicaCluster() : ReplicaCluster(Options{}) {}
  ~ReplicaCluster();

  sim::World& world() { return world_; }
  void run_for(Duration time) { world_.run_for(time); }
  /// Runs until `condition` holds, at most a minute. Returns: whether it does.
  bool run_until(const std::function<bool()>& condition);

  // --- the metadata ---
  Controller& controller() { return controller_; }
  const ClusterImage& image() const { return controller_.image(); }
  const metadata::PartitionRecord& at(const PartitionName& name) const {
    return *image().partition(name.topic_id, name.partition);
  }
  /// Hands on what was decided.
  void commit();
  /// A topic of one partition on these brokers, the first of which leads; waits until all have carried it out.
  PartitionName topic(const std::string& name, std::vector<BrokerId> replicas, std::vector<ConfigEdit> config = {});
  void set_config(const std::string& topic, const std::string& key, const std::string& value);

  // --- brokers ---
  bool up(BrokerId id) const { return members_.at(id).replicas != nullptr; }
  Replicas& replicas(BrokerId id) { return *members_.at(id).replicas; }
  std::shared_ptr<Partition> partition(BrokerId id, const PartitionName& name);
  bool has(BrokerId id, const PartitionName& name);
  /// Power loss; the broker comes back after `delay`.
  void power_loss(BrokerId id, Duration delay);
  void stop_in_order(BrokerId id);
  void start(BrokerId id) { world_.restart(members_.at(id).node, 0ms); }
  void wipe(BrokerId id);
  /// Hears nothing of the metadata, and cannot reach the controller.
  void cut_from_controller(BrokerId id, bool cut = true) { members_.at(id).cut_off = cut; }
  /// Hears nothing of the metadata, and reaches the controller all the same.
  void deafen(BrokerId id, bool deaf = true) { members_.at(id).deaf = deaf; }
  void cut_link(BrokerId a, BrokerId b, bool cut = true);
  sim::NodeId node(BrokerId id) const { return members_.at(id).node; }
  /// AlterPartition requests that came through, and fetches.
  std::size_t alter_requests = 0;
  std::map<BrokerId, std::size_t> fetches_from;
  std::map<BrokerId, std::size_t> fetched_bytes_by;
  /// Loses the answers of so many of the next AlterPartition requests, after they were decided.
  int lose_answers = 0;

  // --- clients ---
  /// Runs on the broker's node, in a fiber of its own.
  void on(BrokerId id, std::function<void()> work);
  std::shared_ptr<Produced> produce(BrokerId id, const PartitionName& name, const std::string& value, std::int16_t acks = -1,
                                    Duration timeout = 20s, const protocol::BatchOptions& options = {});
  /// Produces, and waits for the answer.
  ErrorCode produce_now(BrokerId id, const PartitionName& name, const std::string& value, std::int16_t acks = -1);
  /// All values that a consumer finds at that broker.
  std::vector<std::string> consume(BrokerId id, const PartitionName& name, ReadFrom from = ReadFrom::leader);
  /// All values in the log, up to its end.
  std::vector<std::string> log_of(BrokerId id, const PartitionName& name);
  /// Whether all in-sync replicas hold the same, and the leader's watermark is at its end.
  bool settled(const PartitionName& name);

 private:
  struct Call;
  struct Member {
    sim::NodeId node;
    Replicas* replicas = nullptr;  // while its process runs
    std::uint64_t incarnation = 0;
    std::uint64_t directory = 0;
    metadata::BrokerEpoch epoch = metadata::no_broker_epoch;
    metadata::BrokerEpoch previous_epoch = metadata::no_broker_epoch;  // of a clean shutdown
    bool fenced = true;
    bool cut_off = false;
    bool deaf = false;
    bool stopping = false;
    std::size_t learned = 0;  // records of records_ that its image has
    ClusterImage image;
    std::deque<std::function<void()>> inbox;
    Event* news = nullptr;
  };

  void run_broker(BrokerId id, Env& env);
  void register_and_heartbeat(BrokerId id, Env& env, Replicas& replicas);
  void spread();
  void learn(Member& member);
  void tick();
  Peers peers_of(BrokerId id, Env& env);
  Result<protocol::FetchResponse> fetch(BrokerId from, BrokerId to, Env& env, const protocol::FetchRequest& request,
                                        Time deadline);
  Result<protocol::AlterPartitionResponse> alter(BrokerId id, const protocol::AlterPartitionRequest& request);
  protocol::FetchResponse serve_fetch(BrokerId id, Env& env, const protocol::FetchRequest& request);
  bool linked(BrokerId a, BrokerId b) const { return !cut_links_.contains({std::min(a, b), std::max(a, b)}); }

  const Options options_;
  Controller controller_;
  std::vector<metadata::Record> records_;  // committed
  std::map<BrokerId, Member> members_;
  std::set<std::pair<BrokerId, BrokerId>> cut_links_;
  bool ending_ = false;
  sim::World world_;
};

}  // namespace faultline::testing
