// Everything at once: power cuts, wiped brokers, links and the way to the controller cut, topics trimmed, while clients produce. What was
// acknowledged by all must be there at the end, in one order, on every replica.
#include "base/random.h"
#include "replica_cluster.h"

using namespace faultline;
using namespace faultline::testing;

namespace {

constexpr int brokers = 3;
constexpr int partitions = 3;
constexpr Duration patience = 30s;
// A broker that was restarted is given so long to come round.
constexpr Duration operator_patience = 3s;

class Chaos {
 public:
  explicit Chaos(std::uint64_t seed) : cluster_(options(seed)), random_(RandomStream(seed)) {
    for (BrokerId id = 1; id <= brokers; ++id) {
      // Slow, so that a power cut often finds something that is written and not yet synced; and some fail.
      cluster_.world().disk(cluster_.node(id)).sync_time = {1ms, 20ms, 200ms};
    }
    set_sync_errors({1, 2000});
    for (int i = 0; i < partitions; ++i) {
      const std::vector<ConfigEdit> config = {{"min.insync.replicas", "2"}, {"segment.bytes", "1000"}};
      names_.push_back(
          cluster_.topic("topic-" + std::to_string(i), {1 + i, 1 + (i + 1) % brokers, 1 + (i + 2) % brokers}, config));
    }
  }

  void run(int steps) {
    const std::int64_t wiped_at = draw(steps);
    for (int i = 0; i < steps; ++i) {
      if (i == wiped_at) replace_disk(any_broker());
      for (int j = 0; j < 3; ++j) produce();
      disturb();
      const bool short_step = draw(3) != 0;
      cluster_.run_for(std::chrono::milliseconds(draw(short_step ? 40 : 600)));
      restart_failed();
      note();
    }
    heal();
  }

  void check() {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const PartitionName name = names_[i];
      REQUIRE(settles(name));
      const std::vector<std::string> values = cluster_.log_of(cluster_.at(name).leader, name);
      for (BrokerId id = 1; id <= brokers; ++id) CHECK(cluster_.log_of(id, name) == values);
      for (const std::string& value : acknowledged_[i]) CHECK(std::ranges::count(values, value) == 1);
      acknowledged += acknowledged_[i].size();
    }
  }

  std::size_t acknowledged = 0;

 private:
  struct Sent {
    std::size_t partition;
    std::string value;
    std::shared_ptr<Produced> produced;
  };

  static ReplicaCluster::Options options(std::uint64_t seed) {
    ReplicaCluster::Options options;
    options.seed = seed;
    options.brokers = brokers;
    return options;
  }
  std::int64_t draw(std::int64_t below) { return static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(below))); }
  BrokerId any_broker() { return static_cast<BrokerId>(1 + draw(brokers)); }

  // To whom the metadata name as leader, or to somebody who may still think that it is.
  void produce() {
    const auto which = static_cast<std::size_t>(draw(partitions));
    const BrokerId leader = cluster_.at(names_[which]).leader;
    const BrokerId to = draw(4) == 0 || leader == metadata::no_broker ? any_broker() : leader;
    if (!cluster_.up(to)) return;
    const std::string value = std::to_string(++values_);
    sent_.push_back({which, value, cluster_.produce(to, names_[which], value, -1, patience)});
  }

  void note() {
    for (Sent& sent : sent_) {
      if (sent.produced->ok()) acknowledged_[sent.partition].push_back(sent.value);
    }
    std::erase_if(sent_, [](const Sent& sent) { return !sent.produced->pending(); });
  }

  void disturb() {
    const BrokerId id = any_broker();
    const BrokerId other = static_cast<BrokerId>(1 + id % brokers);
    switch (draw(12)) {
      case 0: return cluster_.cut_link(id, other);
      case 1:
      case 2: return cluster_.cut_link(id, other, false);
      case 3: return cluster_.cut_from_controller(id);
      case 4:
      case 5: return cluster_.cut_from_controller(id, false);
      case 6: return power_loss(id);
      case 7:
        if (draw(3) == 0) {
          for (BrokerId each = 1; each <= brokers; ++each) power_loss(each);
        }
        return;
      case 8:
        cluster_.world().kill(cluster_.node(id));
        return cluster_.world().restart(cluster_.node(id), std::chrono::milliseconds(draw(3000)));
      default: return;
    }
  }

  void power_loss(BrokerId id) { cluster_.power_loss(id, std::chrono::milliseconds(draw(5000))); }

  bool settles(const PartitionName& name) {
    return cluster_.run_until([&] {
      restart_failed();
      return cluster_.settled(name);
    });
  }

  // As an operator, or what supervises processes, would.
  void restart_failed() {
    for (BrokerId id = 1; id <= brokers; ++id) {
      if (!cluster_.up(id) || cluster_.world().now() < after(restarted_[id], operator_patience)) continue;
      if (!cluster_.replicas(id).disk_failure() && cluster_.replicas(id).offline().empty()) continue;
      restarted_[id] = cluster_.world().now();
      cluster_.world().kill(cluster_.node(id));
      cluster_.world().restart(cluster_.node(id), std::chrono::milliseconds(draw(2000)));
    }
  }

  // While the others have everything, and are left alone until it has been fetched from them: with two copies gone, or in doubt, there is
  // no promise left.
  void replace_disk(BrokerId id) {
    heal();
    for (const PartitionName& name : names_) REQUIRE(settles(name));
    cluster_.world().crash(cluster_.node(id));
    cluster_.wipe(id);
    cluster_.world().restart(cluster_.node(id), std::chrono::milliseconds(draw(5000)));
    REQUIRE(cluster_.run_until([&] { return cluster_.image().broker(id)->fenced; }));
    for (const PartitionName& name : names_) REQUIRE(settles(name));
    set_sync_errors({1, 2000});
  }
  void set_sync_errors(Ratio ratio) {
    for (BrokerId id = 1; id <= brokers; ++id) cluster_.world().disk(cluster_.node(id)).sync_error = ratio;
  }

  void heal() {
    for (BrokerId id = 1; id <= brokers; ++id) {
      cluster_.cut_from_controller(id, false);
      cluster_.cut_link(id, static_cast<BrokerId>(1 + id % brokers), false);
    }
    set_sync_errors({});
    REQUIRE(cluster_.run_until([&] {
      restart_failed();
      for (BrokerId id = 1; id <= brokers; ++id) {
        if (!cluster_.up(id)) return false;
      }
      return true;
    }));
    cluster_.run_for(patience);  // what is unanswered then went down with its broker
    note();
  }

  ReplicaCluster cluster_;
  RandomStream random_;
  std::vector<PartitionName> names_;
  std::vector<Sent> sent_;
  std::map<std::size_t, std::vector<std::string>> acknowledged_;
  std::map<BrokerId, Time> restarted_;
  int values_ = 0;
};

}  // namespace

TEST_CASE("chaos: whatever happens to brokers and links, what was acknowledged stays, and the replicas agree") {
  std::size_t acknowledged = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    Chaos chaos(seed);
    chaos.run(150);
    chaos.check();
    acknowledged += chaos.acknowledged;
  }
  CHECK(acknowledged > 1000);
}
