#include "broker/client/offsets.h"

#include <optional>
#include <vector>

#include "broker/protocol/list_offsets.h"

namespace faultline::client {
namespace {

using protocol::ErrorCode;
using protocol::ListOffsetsRequest;
using protocol::ListOffsetsResponse;
using Found = std::map<TopicPartition, ClientResult<FoundOffset>>;

struct Wanted {
  TopicPartition partition;
  std::int64_t timestamp;
  std::int32_t leader_epoch;
};

ListOffsetsRequest request_for(const std::vector<Wanted>& wanted, Isolation isolation) {
  ListOffsetsRequest request;
  request.replica_id = -1;
  request.isolation_level = static_cast<std::int8_t>(isolation);
  for (const Wanted& one : wanted) {
    if (request.topics.empty() || request.topics.back().name != one.partition.topic)
      request.topics.push_back({one.partition.topic, {}});
    request.topics.back().partitions.push_back({one.partition.partition, one.leader_epoch, one.timestamp});
  }
  return request;
}

/// One request to one leader; every partition of `wanted` gets a result.
void ask(Cluster& cluster, std::int32_t broker, const std::vector<Wanted>& wanted, Isolation isolation, Time deadline,
         Found& found) {
  const ClientResult<ListOffsetsResponse> answer = cluster.call(broker, request_for(wanted, isolation), {.deadline = deadline});
  for (const Wanted& one : wanted) {
    if (!answer) {
      found.insert_or_assign(one.partition, answer.error());
    } else {
      found.insert_or_assign(one.partition, Error(Errc::malformed, "the answer leaves out " + to_string(one.partition)));
    }
  }
  if (!answer) return;
  for (const auto& topic : answer->topics) {
    for (const auto& said : topic.partitions) {
      const auto slot = found.find({topic.name, said.partition_index});
      if (slot == found.end()) continue;
      if (said.error_code != ErrorCode::none) {
        slot->second = ClientError(said.error_code, to_string(slot->first));
      } else {
        slot->second = FoundOffset{said.offset, said.timestamp, said.leader_epoch};
      }
    }
  }
}

/// One request to each leader of `wanted`.
Found ask_leaders(Cluster& cluster, const std::map<TopicPartition, std::int64_t>& wanted, Isolation isolation, Time deadline) {
  Found found;
  std::map<std::int32_t, std::vector<Wanted>> by_leader;
  for (const auto& [partition, timestamp] : wanted) {
    ClientResult<Leader> leader = cluster.leader(partition, deadline);
    if (leader) {
      by_leader[leader->broker].push_back({partition, timestamp, leader->epoch});
    } else {
      found.insert_or_assign(partition, std::move(leader).error());
    }
  }
  TaskGroup asking(Fiber::current()->tasks());
  for (const auto& [broker, partitions] : by_leader) {
    asking.spawn("client.list_offsets",
                 [&, broker_id = broker] { ask(cluster, broker_id, by_leader.at(broker_id), isolation, deadline, found); });
  }
  asking.join();
  return found;
}

}  // namespace

ClientResult<Found> list_offsets(Cluster& cluster, const std::map<TopicPartition, std::int64_t>& wanted, Isolation isolation,
                                 Time deadline) {
  Found results;
  std::map<TopicPartition, std::int64_t> remaining = wanted;
  for (std::uint32_t failures = 1;; ++failures) {
    for (auto& [partition, result] : ask_leaders(cluster, remaining, isolation, deadline)) {
      if (result || !result.error().retriable()) remaining.erase(partition);
      if (!result && result.error().is_cancelled()) return result.error();
      if (!result && result.error().wants_metadata()) cluster.mark_stale(partition.topic);
      results.insert_or_assign(partition, std::move(result));
    }
    const Time again = after(cluster.clock().now(), cluster.retry_delay(failures));
    if (remaining.empty() || again >= deadline) return results;
    TRY(sleep_until(again));
  }
}

}  // namespace faultline::client
