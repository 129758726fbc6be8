#include "scenarios/admin_load.h"

#include <algorithm>

#include "broker/client/admin.h"
#include "broker/protocol/elect_leaders.h"
#include "runtime/sync.h"
#include "scenarios/cluster_plan.h"

namespace faultline::scenarios {
namespace {

constexpr Duration request_timeout = 2s;

// Few names, so that creations meet topics that exist and deletions ones that do.
constexpr std::uint64_t scratch_topics = 3;
constexpr std::int64_t max_partitions = 4;

// Of the segments of a topic: small enough that some are sealed in a trial.
constexpr std::int64_t segment_bytes_min = 4 << 10;
constexpr std::int64_t segment_bytes_max = 200 << 10;

class AdminLoad {
 public:
  AdminLoad(Env& env, TrialState& state, const Admin& spec, const std::string& node, std::uint64_t starts)
      : env_(env),
        state_(state),
        spec_(spec),
        node_(node),
        pauses_(state.client_source(node).child(std::to_string(starts)).stream("pause")),
        actions_(state.client_source(node).child(std::to_string(starts)).stream("action")),
        admin_(env, state.cluster_config(node, request_timeout), "admin") {}

  void run() {
    while (!state_.stopping) {
      const Duration wait = pauses_.between(spec_.every.low, spec_.every.high);
      if (!sleep_until(after(env_.clock.now(), wait)) || state_.stopping) return;
      act(actions_.pick(std::span<const AdminAction>(spec_.actions)));
    }
  }

 private:
  Time deadline() const { return after(env_.clock.now(), request_timeout); }
  std::string draw_topic() { return node_ + "-scratch-" + std::to_string(actions_.below(scratch_topics)); }

  void act(AdminAction action) {
    switch (action) {
      case AdminAction::create_topic: {
        const std::string topic = draw_topic();
        const auto partitions = static_cast<std::int32_t>(actions_.between(1, max_partitions));
        return told(
            admin_.create_topic({.name = topic, .partitions = partitions, .replication_factor = 1, .configs = {}}, deadline()));
      }
      case AdminAction::delete_topic: return told(admin_.delete_topic(draw_topic(), deadline()));
      case AdminAction::create_partitions: {
        const std::string topic = draw_topic();
        const auto total = static_cast<std::int32_t>(actions_.between(2, 2 * max_partitions));
        return told(admin_.create_partitions(topic, total, deadline()));
      }
      case AdminAction::delete_records: return delete_records();
      case AdminAction::list_offsets: {
        list(client::latest_offset, draw_partition());
        return;
      }
      case AdminAction::reassign: return reassign();
      case AdminAction::alter_config: return alter_config();
      case AdminAction::preferred_leader: {
        const std::vector<client::TopicPartition> one{draw_partition()};
        return told(admin_.elect_leaders(protocol::ElectionType::preferred, one, deadline()));
      }
      case AdminAction::change_voters: return change_voters();
    }
  }

  client::TopicPartition draw_partition() {
    const std::vector<client::TopicPartition> partitions = state_.partitions_of({});
    return actions_.pick(std::span<const client::TopicPartition>(partitions));
  }

  std::optional<std::int64_t> list(std::int64_t which, const client::TopicPartition& partition) {
    const auto found = admin_.offsets({{partition, which}}, deadline());
    if (!found) {
      state_.judge_error(node_, found.error());
      return std::nullopt;
    }
    const auto& offset = found->at(partition);
    if (!offset) {
      state_.judge_error(node_, offset.error());
      return std::nullopt;
    }
    return offset->offset;
  }

  // Whatever the answer is, from the moment of asking on those records may be gone.
  void delete_records() {
    const client::TopicPartition partition = draw_partition();
    const std::uint64_t draw = actions_.next();
    const std::optional<std::int64_t> start = list(client::earliest_offset, partition);
    const std::optional<std::int64_t> end = list(client::latest_offset, partition);
    if (!start || !end || *end <= *start) return;
    const std::int64_t offset = *start + static_cast<std::int64_t>(draw % static_cast<std::uint64_t>(*end - *start + 1));
    std::int64_t& deleted_below = state_.deleted_below[partition];
    deleted_below = std::max(deleted_below, offset);
    const client::ClientResult<std::int64_t> low = admin_.delete_records(partition, offset, deadline());
    if (!low) return told(low);
    std::int64_t& gone_below = state_.gone_below[partition];
    gone_below = std::max(gone_below, offset);
  }

  void alter_config() {
    const std::string topic = draw_partition().topic;
    const std::int64_t bytes = actions_.between(segment_bytes_min, segment_bytes_max);
    told(admin_.change_configs({client::ResourceType::topic, topic}, {{.name = "segment.bytes", .value = std::to_string(bytes)}},
                               deadline()));
  }

  // To as many brokers as it has replicas, drawn.
  void reassign() {
    const client::TopicPartition partition = draw_partition();
    std::vector<std::int32_t> brokers;
    for (std::size_t i = 0; i < broker_names(state_.scenario).size(); ++i) brokers.push_back(static_cast<std::int32_t>(i) + 1);
    const auto topic = std::find_if(state_.scenario.topics.begin(), state_.scenario.topics.end(),
                                    [&](const Topic& one) { return one.name == partition.topic; });
    const auto wanted = static_cast<std::size_t>(replication_of(state_.scenario, *topic));
    std::vector<std::int32_t> replicas;
    while (replicas.size() < wanted) {
      const std::size_t next = actions_.below(brokers.size());
      replicas.push_back(brokers[next]);
      brokers.erase(brokers.begin() + static_cast<std::ptrdiff_t>(next));
    }
    told(admin_.alter_reassignments({{partition, replicas}}, deadline()));
  }

  // One change at a time, as an operator would: who came back on another disk is removed under its old one, who is no voter becomes one, and
  // if all are, one of them is taken away.
  void change_voters() {
    const client::ClientResult<client::QuorumDescription> quorum = admin_.describe_quorum(deadline());
    if (!quorum) return told(quorum);
    const std::vector<std::string> names = voter_names(state_.scenario);
    for (const client::QuorumReplica& observer : quorum->observers) {
      const auto name = std::find_if(names.begin(), names.end(), [&](const auto& one) { return server_id(one) == observer.id; });
      if (name == names.end()) continue;
      const auto voter = std::find_if(quorum->voters.begin(), quorum->voters.end(),
                                      [&](const client::QuorumReplica& one) { return one.id == observer.id; });
      if (voter != quorum->voters.end()) return told(admin_.remove_voter(voter->id, voter->directory, deadline()));
      return told(admin_.add_voter({.id = observer.id, .directory = observer.directory, .endpoint = {*name, controller_port}},
                                   deadline()));
    }
    if (quorum->voters.size() <= 1) return;
    const client::QuorumReplica& voter = actions_.pick(std::span<const client::QuorumReplica>(quorum->voters));
    told(admin_.remove_voter(voter.id, voter.directory, deadline()));
  }

  template <class T>
  void told(const client::ClientResult<T>& result) {
    if (!result) state_.judge_error(node_, result.error());
  }

  // Constant after construction.
  Env& env_;
  TrialState& state_;
  const Admin& spec_;
  const std::string& node_;
  // Volatile.
  RandomStream pauses_;
  RandomStream actions_;
  client::Admin admin_;
};

}  // namespace

void run_admin(Env& env, TrialState& state, const Admin& spec, const std::string& node, std::uint64_t& starts) {
  AdminLoad(env, state, spec, node, starts++).run();
}

}  // namespace faultline::scenarios
