#include "scenarios/admin_load.h"

#include <algorithm>

#include "broker/client/admin.h"
#include "runtime/sync.h"

namespace faultline::scenarios {
namespace {

constexpr Duration request_timeout = 2s;

// Few names, so that creations meet topics that exist and deletions ones that do.
constexpr std::uint64_t scratch_topics = 3;
constexpr std::int64_t max_partitions = 4;

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
    told(admin_.delete_records(partition, offset, deadline()));
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
