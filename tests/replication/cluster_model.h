// A partition with three to five replicas, moved one random step at a time: the cores of broker/replication with logs that are vectors,
// a network that loses, doubles and reorders, disks that forget what was not synced, and a controller that is a page long.
//
// What is checked, after every step:
//   - what was acknowledged is in the log of every later leader, and in the same place;
//   - below the watermarks all logs are the same;
// and, after the world has healed: one leader, everybody in the ISR, equal logs, the watermark at their end.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/random.h"
#include "broker/replication/fetch_check.h"
#include "broker/replication/follower.h"
#include "broker/replication/leader.h"

namespace faultline::replication::model {

struct Entry {
  std::int32_t epoch = 0;
  std::uint64_t value = 0;

  bool operator==(const Entry&) const = default;
};

/// The metadata as one broker learns them; `version` orders them.
struct Metadata {
  std::uint64_t version = 0;
  PartitionState partition;
  BrokerStatuses brokers;
};

struct Fetch {
  BrokerId from = no_broker;
  BrokerId to = no_broker;
  FetchPosition position;
  FollowerFetch follower;
};
struct Fetched {
  BrokerId to = no_broker;
  std::int64_t broker_epoch = 0;  // of the asker: an answer does not outlive its connection
  FetchPosition asked;
  FetchAnswer answer;
  std::vector<Entry> entries;
};
struct Alter {
  BrokerId from = no_broker;
  std::int64_t broker_epoch = 0;
  IsrProposal proposal;
};
struct Altered {
  BrokerId to = no_broker;
  std::int64_t broker_epoch = 0;
  std::int32_t leader_epoch = 0;  // of the proposal
  IsrAnswer answer;
};
struct News {
  BrokerId to = no_broker;
  Metadata metadata;
};
using Message = std::variant<Fetch, Fetched, Alter, Altered, News>;

struct Options {
  BrokerId replicas = 3;
  std::int32_t min_insync_replicas = 2;
  int steps = 400;
  Exhibits exhibits;
  bool unclean_election = false;
};

struct Replica {
  // Durable.
  std::vector<Entry> log;
  std::int64_t durable_end = 0;  // the rest is lost with the process, or not
  EpochCache saved_epochs;
  std::int64_t saved_watermark = 0;
  // Volatile.
  bool up = true;
  std::int64_t broker_epoch = 0;
  EpochCache epochs;
  Metadata metadata;
  std::unique_ptr<Leader> leader;
  std::unique_ptr<Follower> follower;
  BrokerId follows = no_broker;
  struct Waiting {
    ProduceTicket ticket;
    Entry entry;
  };
  std::vector<Waiting> waiting;
  std::int64_t checked_end = 0;  // of the log, by the oracle

  std::int64_t end() const { return static_cast<std::int64_t>(log.size()); }
  std::int64_t watermark() const {
    return leader ? leader->high_watermark() : follower ? follower->high_watermark() : saved_watermark;
  }
  void truncate(std::int64_t offset);
};

class Cluster {
 public:
  Cluster(std::uint64_t seed, const Options& options);

  /// Returns: what went wrong; empty if nothing did.
  std::string run();

 private:
  // model_controller.cc
  void publish();
  void change_leader(BrokerId leader);
  void renew_epoch();
  void elect_if_needed();
  void fence(BrokerId id);
  void register_broker(BrokerId id);
  void unfence(BrokerId id);
  IsrAnswer alter(const Alter& request);

  // cluster_model.cc
  Replica& at(BrokerId id) { return replicas_[static_cast<std::size_t>(id)]; }
  BrokerId random_broker();
  void step();
  void produce(BrokerId id);
  void sync(Replica& replica);
  void send_fetch(BrokerId id);
  void deliver(std::size_t index, bool keep);
  void receive(const Fetch& fetch);
  void receive(const Fetched& fetched);
  void receive(const Alter& request);
  void receive(const Altered& answer);
  void receive(const News& news);
  void follow_step(Replica& replica, const FollowerStep& step, const Fetched* fetched);
  void begin_leading(BrokerId id);
  void begin_following(BrokerId id);
  void act(BrokerId id, const LeaderEffects& effects);
  void lose_answer(BrokerId id);
  void crash(BrokerId id);
  void restart(BrokerId id);
  void heal();
  LeaderLog log_of(const Replica& replica) const { return {0, replica.durable_end, replica.end()}; }
  void fail(std::string what);

  // The oracle.
  void check();
  void check_new_leader(BrokerId id);
  void acknowledge(const ProduceTicket& ticket, const Entry& entry);
  void check_converged();

  const Options options_;
  RandomStream random_;
  Time now_{};
  bool calm_ = false;  // the world has healed
  BrokerId unreadable_for_ = no_broker;
  std::vector<Replica> replicas_;
  std::deque<Message> network_;
  std::uint64_t values_ = 0;

  Metadata truth_;  // the controller's
  std::int64_t last_broker_epoch_ = 0;
  std::map<BrokerId, std::uint64_t> registered_at_;  // version

  std::vector<Entry> committed_;                // what any watermark has passed
  std::map<std::int64_t, Entry> acknowledged_;  // by offset
  std::string failure_;
};

}  // namespace faultline::replication::model
