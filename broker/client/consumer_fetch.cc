// The fetching half of the consumer: decides whom to ask for what, and files the answers.
#include <algorithm>
#include <set>

#include "broker/client/consumer.h"

namespace faultline::client {
namespace {

using protocol::ErrorCode;
using protocol::FetchRequest;
using protocol::FetchResponse;

constexpr TracePoint reset_point{"consumer.offset_reset", TraceLevel::info};
constexpr TracePoint corrupt_point{"consumer.bad_batch", TraceLevel::warning};

// The last version that names topics; later ones need their ids.
constexpr protocol::Version last_version_with_names = 12;

}  // namespace

/// Starts what is missing, in the background. Returns: when to look again. Does not suspend.
Time Consumer::start_fetches() {
  const Time now = clock_.now();
  Time next = no_deadline;
  std::map<std::int32_t, std::vector<Asked>> by_leader;
  std::set<std::int32_t> has_leftovers;  // records of theirs are still to be handed out; the fetch waits for all to be gone
  for (auto& [name, partition] : partitions_) {
    const bool is_placed = partition.place.has_value() || partition.position >= 0;
    if (!is_placed || partition.preparing || partition.error.has_value()) continue;
    if (partition.not_before > now) {
      next = std::min(next, partition.not_before);
      continue;
    }
    const std::optional<Leader> leader = cluster_.known_leader(name);
    if (leader.has_value() && !partition.fetched.empty()) {
      has_leftovers.insert(leader->broker);
    } else if (leader.has_value() && !partition.place.has_value()) {
      by_leader[leader->broker].push_back({name, partition.assignment, partition.position, *leader});
    } else if (partition.fetched.empty()) {
      partition.preparing = true;
      tasks_.spawn("consumer.prepare",
                   [this, partition_name = name, assignment = partition.assignment] { prepare(partition_name, assignment); });
    }
  }
  for (auto& [broker, asked] : by_leader) {
    if (has_leftovers.contains(broker) || !fetching_.insert(broker).second) continue;
    tasks_.spawn("consumer.fetch", [this, broker_id = broker, request = std::move(asked)] {
      fetch(broker_id, request);
      fetching_.erase(broker_id);
      arrived_.notify_all();
    });
  }
  return next;
}

/// Finds the leader of a partition, or the offset of its place.
void Consumer::prepare(const TopicPartition& name, std::uint64_t assignment) {
  Partition* partition = still_asked(name, assignment);
  if (partition == nullptr) return;
  const Time deadline = after(clock_.now(), config_.cluster.connection.request_timeout);
  std::optional<ClientError> error;
  if (partition->place.has_value()) {
    const ClientResult<std::int64_t> offset = resolve(name, *partition->place, deadline);
    partition = still_asked(name, assignment);
    if (partition == nullptr) return;
    if (offset) {
      partition->position = *offset;
      partition->place.reset();
    } else {
      error = offset.error();
    }
  } else {
    const ClientResult<Leader> leader = cluster_.leader(name, deadline);
    partition = still_asked(name, assignment);
    if (partition == nullptr) return;
    if (!leader) error = leader.error();
  }
  partition->preparing = false;
  if (error.has_value() && !error->is_cancelled()) fail(*partition, name, *std::move(error));
  arrived_.notify_all();
}

ClientResult<std::int64_t> Consumer::resolve(const TopicPartition& name, Place place, Time deadline) {
  const auto ask = [&](std::int64_t what) -> ClientResult<std::int64_t> {
    auto found = TRY(list_offsets(cluster_, {{name, what}}, config_.isolation, deadline));
    const ClientResult<FoundOffset>& answer = found.at(name);
    if (!answer) return answer.error();
    return answer->offset;
  };
  switch (place.kind) {
    case Place::Kind::offset: return place.value;
    case Place::Kind::earliest: return ask(earliest_offset);
    case Place::Kind::latest: return ask(latest_offset);
    case Place::Kind::time: break;
  }
  const std::int64_t offset = TRY(ask(place.value));
  return offset >= 0 ? offset : ask(latest_offset);
}

ClientResult<> Consumer::resolve_positions(Time deadline) {
  std::vector<std::pair<TopicPartition, std::uint64_t>> unresolved;
  for (const auto& [name, partition] : partitions_) {
    if (partition.place.has_value()) unresolved.emplace_back(name, partition.assignment);
  }
  for (const auto& [name, assignment] : unresolved) {
    Partition* partition = still_asked(name, assignment);
    if (partition == nullptr || !partition->place.has_value()) continue;
    if (partition->error.has_value()) return *partition->error;
    const std::int64_t offset = TRY(resolve(name, *partition->place, deadline));
    partition = still_asked(name, assignment);
    if (partition == nullptr || !partition->place.has_value()) continue;
    partition->position = offset;
    partition->place.reset();
  }
  return {};
}

void Consumer::fetch(std::int32_t broker, const std::vector<Asked>& asked) {
  FetchRequest request;
  request.max_wait_ms = static_cast<std::int32_t>(std::chrono::ceil<std::chrono::milliseconds>(config_.fetch_wait_max).count());
  request.min_bytes = static_cast<std::int32_t>(config_.fetch_bytes_min);
  request.max_bytes = static_cast<std::int32_t>(config_.fetch_bytes_max);
  request.isolation_level = static_cast<std::int8_t>(config_.isolation);
  CallOptions options{.broker_may_wait = config_.fetch_wait_max};
  for (const Asked& one : asked) {
    if (one.leader.topic_id.is_zero()) options.version_max = last_version_with_names;
    if (request.topics.empty() || request.topics.back().topic != one.partition.topic) {
      request.topics.push_back({one.partition.topic, one.leader.topic_id, {}});
    }
    FetchRequest::Topic::Partition partition;
    partition.partition = one.partition.partition;
    partition.current_leader_epoch = one.leader.epoch;
    partition.fetch_offset = one.position;
    partition.partition_max_bytes = static_cast<std::int32_t>(config_.partition_bytes_max);
    request.topics.back().partitions.push_back(partition);
  }

  const ClientResult<FetchResponse> answer = cluster_.call(broker, request, options, Lane::fetch);
  if (!answer && answer.error().is_cancelled()) return;
  const bool refused = answer.has_value() && answer->error_code != ErrorCode::none;
  if (!answer || refused) {
    const ClientError error = refused ? ClientError(answer->error_code, "Fetch") : answer.error();
    for (const Asked& one : asked) {
      if (Partition* partition = still_asked(one.partition, one.assignment); partition != nullptr)
        fail(*partition, one.partition, error);
    }
    return;
  }
  for (const auto& topic : answer->responses) {
    for (const auto& said : topic.partitions) {
      const auto one = std::ranges::find_if(asked, [&](const Asked& candidate) {
        const bool same_topic =
            topic.topic.empty() ? candidate.leader.topic_id == topic.topic_id : candidate.partition.topic == topic.topic;
        return same_topic && candidate.partition.partition == said.partition_index;
      });
      if (one != asked.end()) accept(*one, said);
    }
  }
}

void Consumer::accept(const Asked& asked, const FetchResponse::Topic::Partition& said) {
  Partition* partition = still_asked(asked.partition, asked.assignment);
  if (partition == nullptr || partition->place.has_value() || partition->position != asked.position) return;
  if (said.error_code == ErrorCode::offset_out_of_range && config_.offset_reset != OffsetReset::none) {
    trace_.emit(reset_point, {{"partition", to_string(asked.partition)}, {"position", asked.position}});
    partition->place = reset_place();
    return;
  }
  if (said.error_code != ErrorCode::none)
    return fail(*partition, asked.partition, ClientError(said.error_code, to_string(asked.partition)));
  partition->end = config_.isolation == Isolation::read_committed ? said.last_stable_offset : said.high_watermark;
  std::vector<FetchedBatches::Aborted> aborted;
  if (config_.isolation == Isolation::read_committed && said.aborted_transactions.has_value())
    aborted = *said.aborted_transactions;
  Result<FetchedBatches> fetched = FetchedBatches::cut(said.records.joined(), asked.position, std::move(aborted));
  if (!fetched) {
    // Garbage inside a well-formed answer: another connection would bring the same.
    ClientError error(ErrorCode::corrupt_message, to_string(asked.partition) + ": " + to_string(fetched.error()));
    return fail(*partition, asked.partition, std::move(error));
  }
  partition->fetched = *std::move(fetched);
  partition->failures = 0;
}

/// What went wrong with a partition: is tried again after a while, or told to the user at the next poll.
void Consumer::fail(Partition& partition, const TopicPartition& name, ClientError error) {
  ++partition.failures;
  partition.not_before = after(clock_.now(), cluster_.retry_delay(partition.failures));
  partition.fetched = {};
  if (error.wants_metadata()) cluster_.mark_stale(name.topic);
  const bool is_corrupt = error.code == ErrorCode::corrupt_message;
  if (is_corrupt)
    trace_.emit(corrupt_point, {{"partition", to_string(name)}, {"position", partition.position}, {"error", to_string(error)}});
  if (error.retriable() && !is_corrupt) {
    retrying_ = std::move(error);
  } else {
    partition.error = std::move(error);
  }
}

}  // namespace faultline::client
