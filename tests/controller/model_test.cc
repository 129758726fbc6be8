// The controller against a model of what each replica's log holds: whatever is fenced, wiped, moved and reported in whatever order, a
// leader that was elected cleanly has everything that was committed, and no incarnation leads in an epoch in which another has led.
// Nor is an empty disk elected uncleanly while one who had everything last has kept a part of it.
//
// The model replicates ideally: a follower takes over its leader's whole log or nothing, and brokers know at once what is decided. What
// goes wrong between brokers is the business of other tests; here it is the controller that must not be fooled, also by reports
// that are late.
#include <deque>
#include <set>

#include "cluster_fixture.h"

namespace faultline::controller::testing {
namespace {

using Log = std::vector<std::uint64_t>;

bool begins_with(const Log& log, const Log& prefix) {
  return log.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), log.begin());
}

struct Ghost {
  PartitionName name;
  std::int32_t min_isr = 1;
  std::map<BrokerId, Log> logs;
  Log committed;
  std::set<BrokerId> blank;    // came back on an empty disk, and have not been in sync since
  std::set<BrokerId> had_all;  // when something was committed last, and have not lost their disks since
  std::map<std::int32_t, std::pair<BrokerId, BrokerEpoch>> led_by;  // by leader epoch
};

class Model {
 public:
  Model(std::uint64_t seed, Exhibits exhibits) : cluster_(with(exhibits)), random_(seed) {
    for (BrokerId id = 0; id < brokers; ++id) cluster_.join(id);
    for (const int min_isr : {1, 2}) {
      Ghost ghost;
      ghost.min_isr = min_isr;
      ghost.name =
          cluster_.topic("topic-" + std::to_string(min_isr), {0, 1, 2}, {{"min.insync.replicas", std::to_string(min_isr)}});
      ghosts_.push_back(std::move(ghost));
    }
  }

  /// Returns: what went wrong, or nothing.
  std::string run(int steps) {
    for (int i = 0; i < steps && wrong_.empty(); ++i) {
      step();
      look();
    }
    return wrong_;
  }

  int clean_elections() const { return clean_elections_; }
  int unclean_elections() const { return unclean_elections_; }
  int committed() const { return commits_; }

 private:
  static constexpr BrokerId brokers = 4;

  static ControllerConfig with(Exhibits exhibits) {
    ControllerConfig config = test_config();
    config.exhibits = exhibits;
    return config;
  }

  BrokerId any_broker() { return static_cast<BrokerId>(random_.below(brokers)); }
  Ghost& any_ghost() { return ghosts_[random_.below(ghosts_.size())]; }
  void take() {
    for (const metadata::Record& record : cluster_.controller.take_records()) (void)cluster_.replayed.apply(record);
  }

  void step() {
    switch (random_.below(10)) {
      case 0: return fall_silent(any_broker());
      case 1:
      case 2: return come_back(any_broker());
      case 3: return produce(any_ghost());
      case 4:
      case 5: return replicate(any_ghost());
      case 6: return report_isr(any_ghost());
      case 7: return deliver_report();
      case 8: return move(any_ghost());
      default: return report_log_ends();
    }
  }

  void fall_silent(BrokerId id) {
    const auto* broker = cluster_.image().broker(id);
    if (broker == nullptr || broker->fenced) return;
    (void)cluster_.controller.heartbeat(cluster_.now, {id, cluster_.epochs[id], cluster_.image().applied(), true, false});
    take();
    down_.insert(id);
  }

  void come_back(BrokerId id) {
    if (!down_.contains(id) && random_.below(4) != 0) return;  // else: so fast that nobody saw it go
    cluster_.now += cluster_.config.session_timeout;           // its session is over; the others are heard at once
    for (BrokerId other = 0; other < brokers; ++other) {
      if (other != id && !cluster_.image().broker(other)->fenced) {
        (void)cluster_.controller.heartbeat(cluster_.now,
                                            {other, cluster_.epochs[other], cluster_.image().applied(), false, false});
      }
    }
    Registration request = cluster_.registration(id);
    request.directories = cluster_.image().broker(id)->directories;
    switch (random_.below(4)) {
      case 0:  // an empty disk
        request.directories = {Uuid::of(4, ++directories_)};
        for (Ghost& ghost : ghosts_) {
          ghost.logs[id].clear();
          ghost.had_all.erase(id);
          ghost.blank.insert(id);
        }
        break;
      case 1: {  // a part of a log is gone, and recovery saw it
        Ghost& ghost = any_ghost();
        Log& log = ghost.logs[id];
        log.resize(random_.below(log.size() + 1));
        request.damaged = {ghost.name};
        break;
      }
      default: break;
    }
    const Outcome<BrokerEpoch> epoch = cluster_.controller.register_broker(cluster_.now, request);
    REQUIRE(epoch.has_value());
    cluster_.epochs[id] = *epoch;
    take();
    look();
    (void)cluster_.controller.heartbeat(cluster_.now, {id, *epoch, cluster_.image().applied(), false, false});
    take();
    down_.erase(id);
  }

  void produce(Ghost& ghost) {
    const PartitionRecord& partition = cluster_.at(ghost.name);
    if (partition.leader == no_broker) return;
    ghost.logs[partition.leader].push_back(++values_);
    commit(ghost);
  }

  void replicate(Ghost& ghost) {
    const PartitionRecord& partition = cluster_.at(ghost.name);
    const BrokerId follower = partition.replicas[random_.below(partition.replicas.size())];
    if (partition.leader == no_broker || !cluster_.image().active(follower)) return;
    ghost.logs[follower] = ghost.logs[partition.leader];
    commit(ghost);
  }

  void commit(Ghost& ghost) {
    const PartitionRecord& partition = cluster_.at(ghost.name);
    const auto enough = replication::effective_min_isr(ghost.min_isr, partition.replicas.size());
    if (partition.leader == no_broker || partition.isr.size() < enough) return;
    const Log& leader = ghost.logs[partition.leader];
    std::size_t end = leader.size();
    for (const BrokerId id : maximal_isr(ghost)) {
      const auto differs = std::mismatch(leader.begin(), leader.end(), ghost.logs[id].begin(), ghost.logs[id].end());
      end = std::min(end, static_cast<std::size_t>(differs.first - leader.begin()));
    }
    if (end <= ghost.committed.size()) return;
    ghost.had_all = maximal_isr(ghost);
    ghost.committed.assign(leader.begin(), leader.begin() + static_cast<std::ptrdiff_t>(end));
    ++commits_;
  }

  // The committed ISR and all who may be in it once the reports that are under way have arrived.
  std::set<BrokerId> maximal_isr(const Ghost& ghost) const {
    const PartitionRecord& partition = cluster_.at(ghost.name);
    std::set<BrokerId> members(partition.isr.begin(), partition.isr.end());
    for (const AlterPartition& report : reports_) {
      if (report.partition != ghost.name || report.partition_epoch != partition.partition_epoch) continue;
      for (const IsrMember& member : report.isr) members.insert(member.broker_id);
    }
    return members;
  }

  // The leader takes in who has all of its log, and drops somebody now and then. Its report may be late.
  void report_isr(Ghost& ghost) {
    const PartitionRecord& partition = cluster_.at(ghost.name);
    if (partition.leader == no_broker) return;
    std::vector<BrokerId> isr;
    for (const BrokerId id : partition.replicas) {
      const bool caught_up = ghost.logs[id] == ghost.logs[partition.leader] && cluster_.image().active(id);
      const bool dropped = random_.below(4) == 0;
      if (id == partition.leader || (caught_up && !dropped)) isr.push_back(id);
    }
    reports_.push_back(cluster_.isr_change(ghost.name, isr));
  }

  void deliver_report() {
    if (reports_.empty()) return;
    const std::size_t which = random_.below(reports_.size());
    (void)cluster_.controller.alter_partition(reports_[which]);
    reports_.erase(reports_.begin() + static_cast<std::ptrdiff_t>(which));
    take();
  }

  void move(Ghost& ghost) {
    std::vector<BrokerId> all{0, 1, 2, 3};
    random_.shuffle(std::span(all));
    all.resize(3);
    (void)cluster_.controller.reassign(ghost.name, random_.below(3) == 0 ? std::nullopt : std::optional(all));
    take();
  }

  void report_log_ends() {
    for (BrokerId id = 0; id < brokers; ++id) {
      if (!cluster_.image().active(id)) continue;
      const Outcome<HeartbeatAnswer> answer =
          cluster_.controller.heartbeat(cluster_.now, {id, cluster_.epochs[id], cluster_.image().applied(), false, false});
      take();
      for (const PartitionName& name : answer->log_ends_wanted) {
        const Ghost& ghost = ghosts_[name == ghosts_[0].name ? 0 : 1];
        const auto log = ghost.logs.find(id);
        const auto end = log == ghost.logs.end() ? 0 : static_cast<std::int64_t>(log->second.size());
        (void)cluster_.controller.report_log_end({id, cluster_.epochs[id], name, {0, end}});
        take();
      }
    }
  }

  void look() {
    for (const std::string& broken : cluster_.image().broken_invariants()) wrong_ = broken;
    for (Ghost& ghost : ghosts_) {
      const PartitionRecord& partition = cluster_.at(ghost.name);
      if (!partition.recovering) {
        for (const BrokerId id : partition.isr) ghost.blank.erase(id);
      }
      if (partition.leader == no_broker) continue;
      const std::pair<BrokerId, BrokerEpoch> incarnation{partition.leader,
                                                         cluster_.image().broker(partition.leader)->broker_epoch};
      const auto [leads, is_new] = ghost.led_by.try_emplace(partition.leader_epoch, incarnation);
      if (leads->second != incarnation) wrong_ = "an epoch is led twice";
      if (!is_new) continue;
      if (partition.recovering) {
        ++unclean_elections_;
        const bool avoidable = std::any_of(ghost.had_all.begin(), ghost.had_all.end(), [&](BrokerId id) {
          return contains(partition.replicas, id) && !ghost.logs[id].empty();
        });
        if (ghost.logs[partition.leader].empty() && ghost.blank.contains(partition.leader) && avoidable)
          wrong_ = "a disk without a log leads, and others have kept something";
        ghost.committed = ghost.logs[partition.leader];  // what it lacks is lost, and known to be
        ghost.had_all = {partition.leader};
      } else {
        ++clean_elections_;
        if (!begins_with(ghost.logs[partition.leader], ghost.committed)) wrong_ = "a clean leader lacks what was committed";
      }
    }
  }

  Cluster cluster_;
  RandomStream random_;
  std::vector<Ghost> ghosts_;
  std::deque<AlterPartition> reports_;
  std::set<BrokerId> down_;
  std::uint64_t values_ = 0;
  std::uint64_t directories_ = 0;
  int clean_elections_ = 0;
  int unclean_elections_ = 0;
  int commits_ = 0;
  std::string wrong_;
};

constexpr int steps = 120;

TEST_CASE("controller: nothing committed is lost by a clean election, whatever happens in whatever order") {
  int clean = 0;
  int unclean = 0;
  int commits = 0;
  for (std::uint64_t seed = 1; seed <= 6000; ++seed) {
    Model model(seed, {});
    INFO("seed " << seed);
    REQUIRE(model.run(steps) == "");
    clean += model.clean_elections();
    unclean += model.unclean_elections();
    commits += model.committed();
  }
  CHECK(clean > 10'000);
  CHECK(unclean > 100);
  CHECK(commits > 10'000);
}

TEST_CASE("controller: the model notices each mistake that others made here") {
  const auto found_within = [](Exhibit exhibit, std::uint64_t seeds) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      if (!Model(seed, {exhibit}).run(steps).empty()) return true;
    }
    return false;
  };
  CHECK(found_within(Exhibit::kip_903, 2000));
  CHECK(found_within(Exhibit::kip_966, 2000));
  CHECK(found_within(Exhibit::kafka_13916, 2000));
  CHECK(found_within(Exhibit::epoch_led_twice, 2000));
}

}  // namespace
}  // namespace faultline::controller::testing
