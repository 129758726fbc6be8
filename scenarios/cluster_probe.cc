#include "scenarios/cluster_probe.h"

#include <algorithm>
#include <variant>

#include "base/random.h"
#include "checkers/log_checker.h"
#include "sim/hash.h"

namespace faultline::scenarios {
namespace {

// What lies further back than this in a quorum's log has been compared many times.
constexpr std::int64_t entries_compared = 64;

std::uint64_t digest_of(const raft::Entry& entry) {
  std::uint64_t digest = hash_text("entry", entry.body.index());
  if (const auto* command = std::get_if<raft::Command>(&entry.body)) digest = sim::hash_bytes(command->data.bytes(), digest);
  if (const auto* changed = std::get_if<raft::VotersChanged>(&entry.body)) {
    for (const raft::Voter& voter : changed->voters) {
      digest = hash_text(voter.endpoint, digest ^ voter.key.directory.high ^ voter.key.directory.low);
    }
  }
  return digest;
}

checkers::QuorumSnapshot snapshot_of(const RunningServer& server) {
  const raft::Core& core = server.broker->quorum().core();
  checkers::QuorumSnapshot snapshot;
  snapshot.node = server.broker->node_id();
  snapshot.incarnation = server.incarnation;
  snapshot.term = core.term().value();
  snapshot.leader = core.leads();
  snapshot.commit_index = core.commit_index().value();
  const std::int64_t last = core.log().last().index.value();
  snapshot.first_index = std::max(core.log().base().index.value(), last - entries_compared) + 1;
  for (std::int64_t index = snapshot.first_index; index <= last; ++index) {
    const raft::Entry& entry = core.log().at(raft::Index(index));
    snapshot.entries.push_back({entry.at.term.value(), digest_of(entry)});
  }
  return snapshot;
}

/// Of two that believe to lead, the one with the newer term.
const RunningServer* active_controller(std::span<const RunningServer> servers) {
  const RunningServer* active = nullptr;
  for (const RunningServer& server : servers) {
    const raft::Core& core = server.broker->quorum().core();
    if (core.leads() && (active == nullptr || core.term() > active->broker->quorum().core().term())) active = &server;
  }
  return active;
}

/// Whether a leader has committed nothing in its term.
bool committed_nothing(const raft::Core& core) {
  const auto* leader = std::get_if<raft::Leader>(&core.role());
  return leader != nullptr && core.commit_index() < leader->first;
}

}  // namespace

ClusterProbe::ClusterProbe(TrialState& state)
    : state_(state),
      commits_(state),
      decisions_(state),
      findings_(state.scenario.checks.tolerate, checkers::LogRules{}.findings_per_anomaly) {}

void ClusterProbe::add(std::vector<checkers::Finding> findings) {
  for (checkers::Finding& finding : findings) {
    const std::string anomaly = finding.anomaly;
    state_.sighted(anomaly);
    findings_.add(anomaly, [&] {
      finding.text = "at " + checkers::seconds_text(state_.now()) + ", " + finding.text;
      return std::move(finding);
    });
  }
}

checkers::Verdict ClusterProbe::take_findings() {
  checkers::Verdict verdict;
  std::move(findings_).into(verdict);
  return verdict;
}

void ClusterProbe::look(std::span<const RunningServer> servers) {
  if (const metadata::ClusterImage* image = newest_image(servers); image != nullptr && image->applied() > applied_) {
    applied_ = image->applied();
    note_standings(*image);
    look_at_views(*image);
  }
  for (const RunningServer& server : servers) {
    if (server.broker->config().has_broker_role()) look_at_broker(server);
  }
  look_at_quorum(servers);
  add(decisions_.look(servers));
  decided_.elected_uncleanly.insert(decisions_.elected_uncleanly().begin(), decisions_.elected_uncleanly().end());
  add(commits_.look(servers, decided_));
}

bool ClusterProbe::newly_elected(Broker& broker) const {
  const raft::Core& core = broker.quorum().core();
  return core.leads() && !elections_.knows(broker.node_id(), core.term().value());
}

void ClusterProbe::look_at_views(const metadata::ClusterImage& image) {
  decided_.fenced.clear();
  for (const auto& [id, broker] : image.brokers()) {
    decided_.broker_epochs[id] = broker.broker_epoch;
    if (broker.fenced) decided_.fenced.insert(id);
  }
  for (const auto& [id, topic] : image.topics()) {
    for (const metadata::PartitionRecord& record : topic.partitions) {
      checkers::PartitionView view = view_of(image, topic.name, record);
      if (view.recovering) decided_.elected_uncleanly.insert(view.partition);
      add(checkers::check_view(view));
      const auto [before, is_new] = decided_.partitions.try_emplace({id, record.partition});
      if (!is_new) add(checkers::check_view_progress(before->second, view));
      if (is_new || before->second.leader_epoch != view.leader_epoch || before->second.isr != view.isr) note(view);
      before->second = std::move(view);
    }
  }
}

void ClusterProbe::look_at_broker(const RunningServer& server) {
  Broker& broker = *server.broker;
  if (broker.lifecycle().epoch() >= 0)
    add(watch_.observe_broker(broker.node_id(), server.incarnation, broker.lifecycle().epoch()));
  const auto known = decided_.broker_epochs.find(broker.node_id());
  const bool decided_of_it = known != decided_.broker_epochs.end() && known->second == broker.lifecycle().epoch();
  if (decided_of_it && !decided_.fenced.contains(broker.node_id()))
    add(checkers::check_unfenced(broker.node_id(), known->second, broker.replicas().applied()));
  look_at_roles(broker);
  for (const std::shared_ptr<Partition>& partition : broker.replicas().partitions()) {
    if (!partition->leads()) continue;
    checkers::ReplicaSnapshot replica;
    replica.node = broker.node_id();
    replica.leads = true;
    replica.leader_epoch = partition->leader_epoch();
    add(watch_.observe_leader(to_string(partition->topic_id()) + "-" + std::to_string(partition->id().index), replica));
  }
}

void ClusterProbe::look_at_roles(Broker& broker) {
  const metadata::ClusterImage& image = broker.image();
  if (broker.replicas().applied() != image.applied()) return;
  for (const std::shared_ptr<Partition>& partition : broker.replicas().partitions()) {
    checkers::CarriedOut replica;
    replica.node = broker.node_id();
    replica.partition = to_string(partition->id());
    replica.applied = image.applied();
    if (const auto* record = image.partition(partition->topic_id(), partition->id().index)) {
      replica.decided = {record->leader, record->leader_epoch};
    }
    if (partition->leader_epoch() != replication::no_epoch) replica.held = {partition->leader(), partition->leader_epoch()};
    for (const auto& [key, value] : image.config(metadata::ConfigScope::topic, partition->id().topic)) {
      if (const auto* known = topic_config_table().find(key)) {
        replica.settings.push_back({key, value, topic_config_table().get(partition->config(), *known)});
      }
    }
    add(checkers::check_carried_out(replica));
  }
}

void ClusterProbe::note(const checkers::PartitionView& view) const {
  const auto ids = [](const std::vector<std::int32_t>& brokers) {
    std::string text;
    for (const std::int32_t id : brokers) text += " " + std::to_string(id);
    return text.empty() ? " nobody" : text;
  };
  const std::string leader = view.leader < 0 ? "nobody leads" : "broker " + std::to_string(view.leader) + " leads";
  state_.note("metadata",
              leader + " " + view.partition + " in epoch " + std::to_string(view.leader_epoch) + ", in sync:" + ids(view.isr) +
                  (view.elr.empty() ? "" : ", eligible:" + ids(view.elr)),
              view.partition);
}

void ClusterProbe::note_standings(const metadata::ClusterImage& image) {
  for (const auto& [id, broker] : image.brokers()) {
    const std::string standing = broker.fenced ? "fenced" : broker.shutting_down ? "shutting down" : "active";
    std::string& before = standings_[id];
    if (before == standing) continue;
    before = standing;
    state_.note("metadata",
                "broker " + std::to_string(id) + " is " + standing + ", with epoch " + std::to_string(broker.broker_epoch));
  }
}

// A term that nobody was told of, and an entry that was committed by others, may go with the process.
void ClusterProbe::forget_volatile(QuorumMark& mark) {
  mark.snapshot.term = 0;
  mark.snapshot.commit_index = std::min(mark.snapshot.commit_index, mark.durable_index);
}

void ClusterProbe::look_at_quorum(std::span<const RunningServer> servers) {
  std::vector<checkers::QuorumSnapshot> nodes;
  for (const RunningServer& server : servers) {
    nodes.push_back(snapshot_of(server));
    add(elections_.observe(nodes.back()));
    // A node that lost its directory is another one.
    QuorumMark& before = quorum_[server.name + " " + server.broker->log_directory()];
    if (before.snapshot.incarnation != 0) {
      if (before.snapshot.incarnation != server.incarnation) forget_volatile(before);
      add(checkers::check_quorum_progress(before.snapshot, nodes.back()));
    }
    before = {nodes.back(), server.broker->quorum().core().durable_index().value()};
  }
  add(checkers::check_quorum(nodes));
}

void ClusterProbe::before_power_loss(std::span<const RunningServer> servers) {
  look(servers);
  for (const RunningServer& server : servers) {
    if (!server.broker->config().has_broker_role()) continue;
    for (const std::shared_ptr<Partition>& partition : server.broker->replicas().partitions()) {
      watermarks_[{partition->topic_id(), partition->id().index}][server.broker->node_id()] = partition->high_watermark();
    }
  }
}

void ClusterProbe::judge_recovered(const LogProbe::RecoveredLogs& recovered) {
  for (const auto& [key, watermarks] : watermarks_) judge_partition(key, recovered);
}

void ClusterProbe::judge_partition(const PartitionKey& key, const LogProbe::RecoveredLogs& recovered) {
  const auto view = decided_.partitions.find(key);
  const auto topic = recovered.find(key.first);
  if (view == decided_.partitions.end() || topic == recovered.end()) return;
  const std::string name = view->second.partition.substr(0, view->second.partition.rfind('-'));
  const auto logs = topic->second.find(key.second);
  if (logs == topic->second.end() || !state_.syncs(name)) return;
  std::vector<checkers::ReplicaSnapshot> replicas;
  for (const auto& [node, log] : logs->second) {
    const auto watermark = watermarks_.at(key).find(node);
    if (watermark == watermarks_.at(key).end()) continue;
    checkers::ReplicaSnapshot& replica = replicas.emplace_back();
    replica.node = node;
    replica.log_start = log.log_start;
    replica.high_watermark = watermark->second;
    replica.records = log.records;
    replica.durable = log.records;
  }
  checkers::ReplicationRules rules;
  rules.unclean_election = state_.allows_unclean_election(name);
  add(checkers::check_replication(view->second, replicas, rules));
  const std::vector<checkers::RecordDigest> acknowledged = state_.acknowledged_in({name, key.second});
  records_looked_up_ += acknowledged.size();
  add(checkers::check_acknowledged_committed(view->second, replicas, acknowledged));
}

const metadata::ClusterImage* newest_image(std::span<const RunningServer> servers) {
  const metadata::ClusterImage* newest = nullptr;
  for (const RunningServer& server : servers) {
    const metadata::ClusterImage& image = server.broker->image();
    if (newest == nullptr || image.applied() > newest->applied()) newest = &image;
  }
  return newest;
}

std::vector<std::int32_t> ids_of(const Target& target, std::span<const RunningServer> servers) {
  const bool next = target.kind == Target::Kind::next_controller;
  if (next || target.kind == Target::Kind::active_controller) {
    const RunningServer* active = active_controller(servers);
    const bool found = active != nullptr && (!next || committed_nothing(active->broker->quorum().core()));
    return found ? std::vector{active->broker->node_id()} : std::vector<std::int32_t>{};
  }
  const metadata::ClusterImage* image = newest_image(servers);
  if (image == nullptr) return {};
  for (const auto& [id, topic] : image->topics()) {
    for (const metadata::PartitionRecord& record : topic.partitions) {
      if (topic.name + "-" + std::to_string(record.partition) != target.partition) continue;
      if (target.kind == Target::Kind::leader) {
        return record.leader < 0 ? std::vector<std::int32_t>{} : std::vector{record.leader};
      }
      for (const std::int32_t replica : record.replicas) {
        if (replica != record.leader) return {replica};
      }
    }
  }
  return {};
}

std::string not_converged(std::span<const client::TopicPartition> partitions, std::span<const RunningServer> servers,
                          const std::function<bool(std::int32_t broker)>& counts) {
  const metadata::ClusterImage* image = newest_image(servers);
  if (image == nullptr) return "nobody knows the cluster's metadata";
  for (const client::TopicPartition& partition : partitions) {
    const metadata::TopicImage* topic = image->topic(partition.topic);
    if (topic == nullptr) return "there is no topic " + partition.topic;
    const metadata::PartitionRecord& record = topic->partitions.at(static_cast<std::size_t>(partition.partition));
    if (record.leader < 0) return to_string(partition) + " has no leader";
    const auto wanted = std::count_if(record.replicas.begin(), record.replicas.end(), counts);
    const auto in_sync = std::count_if(record.isr.begin(), record.isr.end(), counts);
    if (in_sync != wanted) {
      return to_string(partition) + " has " + std::to_string(in_sync) + " of " + std::to_string(wanted) + " replicas in sync";
    }
  }
  return {};
}

}  // namespace faultline::scenarios
