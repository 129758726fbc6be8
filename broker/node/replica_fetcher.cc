#include "broker/node/replica_fetcher.h"

#include <algorithm>
#include <utility>

namespace faultline {
namespace {

constexpr TracePoint fetch_failed{"fetcher.failed", TraceLevel::debug};

// While a log is late, others are fetched for without waiting at the leader for longer than this, and the late ones are waited for
// no longer than this before the others go on without them.
constexpr Duration late_log_patience = 20ms;

}  // namespace

ReplicaFetcher::ReplicaFetcher(Env& env, const Peers& peers, const FetcherConfig& config, BrokerId leader,
                               CatchUpThrottle& throttle)
    : env_(env), peers_(peers), config_(config), leader_(leader), throttle_(throttle) {}

void ReplicaFetcher::add(Partition& partition) {
  // While a fetch was under way one can have gone and come back: what is known under its name is the one that went.
  partitions_.insert_or_assign({partition.topic_id(), partition.id().index}, partition.shared_from_this());
  news_.set();
}

void ReplicaFetcher::run() {
  for (;;) {
    if (!wait_for_logs()) return;
    news_.reset();
    Round round = gather();
    if (round.asked.empty()) {
      const Result<> woken = news_.wait(round.next_due);
      if (!woken && woken.error() == Errc::cancelled) return;
      continue;
    }
    // Not longer than until somebody else can join.
    const Time now = env_.clock.now();
    const Duration wait = std::min(config_.wait_max, std::max(Duration(0), round.next_due - now));
    round.request.max_wait_ms = static_cast<std::int32_t>(std::chrono::ceil<std::chrono::milliseconds>(wait).count());
    const Time deadline = after(now, wait + config_.timeout);
    const Result<protocol::FetchResponse> response = peers_.fetch(leader_, round.request, deadline);
    if (!response && response.error() == Errc::cancelled) return;
    const bool answered = response && response->error_code == ErrorCode::none;
    if (answered) {
      take_in(round, *response);
      continue;
    }
    const std::string_view why = response ? protocol::to_string(response->error_code) : to_string(response.error().code);
    env_.trace.emit(fetch_failed, {{"leader", leader_}, {"why", why}});
    for (auto& [name, asked] : round.asked) asked.partition->fetch_failed(asked.position);
  }
}

// Those that were fetched together can usually be fetched together again.
Result<> ReplicaFetcher::wait_for_logs() {
  const Time give_up = after(env_.clock.now(), late_log_patience);
  while (any_busy()) {
    news_.reset();
    const Result<> woken = news_.wait(give_up);
    if (!woken && woken.error() == Errc::timed_out) return {};
    TRY(woken);
  }
  return {};
}

bool ReplicaFetcher::any_busy() const {
  return std::ranges::any_of(partitions_, [&](const auto& entry) { return entry.second->busy_following(leader_); });
}

ReplicaFetcher::Round ReplicaFetcher::gather() {
  std::erase_if(partitions_, [&](const auto& entry) { return entry.second->leader() != leader_; });
  Round round;
  round.request.replica_state = {config_.self, broker_epoch_};
  round.request.min_bytes = 1;
  round.request.max_bytes = config_.bytes_max;
  if (broker_epoch_ == metadata::no_broker_epoch) return round;
  const Time now = env_.clock.now();
  const auto first = partitions_.lower_bound(start_at_);
  const auto add_range = [&](auto from, auto to) {
    for (; from != to; ++from) add_to(round, from->first, from->second, now);
  };
  add_range(first, partitions_.end());
  add_range(partitions_.begin(), first);
  return round;
}

void ReplicaFetcher::add_to(Round& round, const PartitionName& name, const std::shared_ptr<Partition>& partition, Time now) {
  Time due = partition->fetch_due(leader_);
  if (due != no_deadline && !partition->in_sync()) due = std::max(due, throttle_.due(now));
  if (due > now) {
    round.next_due = std::min(round.next_due, partition->busy_following(leader_) ? after(now, late_log_patience) : due);
    return;
  }
  const replication::FetchPosition position = partition->fetch_position();
  auto& topics = round.request.topics;
  if (topics.empty() || topics.back().topic_id != name.topic_id) topics.emplace_back().topic_id = name.topic_id;
  auto& wanted = topics.back().partitions.emplace_back();
  wanted.partition = name.partition;
  wanted.current_leader_epoch = position.leader_epoch;
  wanted.fetch_offset = position.fetch_offset;
  wanted.last_fetched_epoch = position.last_fetched_epoch;
  wanted.log_start_offset = partition->log_start_offset();
  wanted.partition_max_bytes = config_.partition_bytes_max;
  round.asked[name] = {partition, position};
}

void ReplicaFetcher::take_in(Round& round, const protocol::FetchResponse& response) {
  bool first_with_records = true;
  for (const auto& topic : response.responses) {
    for (const auto& answer : topic.partitions) {
      const PartitionName name{topic.topic_id, answer.partition_index};
      const auto asked = round.asked.find(name);
      if (asked == round.asked.end()) continue;
      Partition& partition = *asked->second.partition;
      if (!answer.records.empty()) {
        if (!partition.in_sync()) throttle_.took(static_cast<std::int64_t>(answer.records.size()), env_.clock.now());
        // Whoever came first this time comes last the next time.
        if (std::exchange(first_with_records, false)) start_at_ = {name.topic_id, name.partition + 1};
      }
      partition.fetched(asked->second.position, answer);
      round.asked.erase(asked);
    }
  }
  for (auto& [name, asked] : round.asked) asked.partition->fetch_failed(asked.position);
}

}  // namespace faultline
