// What a client believes about the cluster, and which errors it takes for what.
#include <catch2/catch.hpp>
#include <set>

#include "broker/client/backoff.h"
#include "broker/client/error.h"
#include "broker/client/metadata.h"
#include "broker/client/partitioner.h"

using namespace faultline;
using namespace faultline::client;
using protocol::ErrorCode;
using protocol::MetadataResponse;

namespace {

MetadataResponse orders(std::uint64_t id, std::int32_t leader, std::int32_t epoch) {
  MetadataResponse answer;
  answer.brokers = {{1, "one", 9092, std::nullopt}, {2, "two", 9092, std::nullopt}};
  MetadataResponse::Topic topic;
  topic.name = "orders";
  topic.topic_id = protocol::Uuid::of(0, id);
  MetadataResponse::Topic::Partition partition;
  partition.leader_id = leader;
  partition.leader_epoch = epoch;
  topic.partitions.push_back(partition);
  answer.topics.push_back(topic);
  return answer;
}

std::int32_t leader_of_orders(const Metadata& metadata) { return metadata.partition({"orders", 0})->leader; }

}  // namespace

TEST_CASE("metadata: an answer with an older leader epoch does not bring back the old leader") {
  Metadata metadata;
  metadata.merge(orders(7, 2, 5), Time{});
  metadata.merge(orders(7, 1, 4), Time{});
  CHECK(leader_of_orders(metadata) == 2);
  metadata.merge(orders(7, 1, 6), Time{});
  CHECK(leader_of_orders(metadata) == 1);
}

TEST_CASE("metadata: a topic that was made anew begins again at its own epochs") {
  Metadata metadata;
  metadata.merge(orders(7, 2, 5), Time{});
  metadata.merge(orders(8, 1, 0), Time{});
  CHECK(leader_of_orders(metadata) == 1);
}

TEST_CASE("metadata: a broker whose port cannot be is not a broker") {
  MetadataResponse answer = orders(7, 1, 0);
  answer.brokers[0].port = 70000;
  Metadata metadata;
  metadata.merge(answer, Time{});
  CHECK(metadata.brokers.size() == 1);
  CHECK(metadata.brokers.contains(2));
}

TEST_CASE("error: only refusals that precede the append are definite for a producer") {
  for (const ErrorCode code : {ErrorCode::not_enough_replicas, ErrorCode::message_too_large, ErrorCode::invalid_record}) {
    CHECK_FALSE(append_may_have_happened(code));
  }
  for (const ErrorCode code :
       {ErrorCode::not_enough_replicas_after_append, ErrorCode::request_timed_out, ErrorCode::not_leader_or_follower,
        ErrorCode::kafka_storage_error, ErrorCode::unknown_server_error}) {
    CHECK(append_may_have_happened(code));
  }
}

TEST_CASE("error: its text names the code, the subject and that the outcome is unknown") {
  CHECK(to_string(ClientError(ErrorCode::not_leader_or_follower, "orders-3").indefinite_if(true)) ==
        "NOT_LEADER_OR_FOLLOWER: orders-3 (outcome unknown)");
  CHECK(to_string(ClientError(Error(Errc::timed_out, "no answer"))) == "timed_out: no answer");
}

TEST_CASE("backoff: doubles up to its maximum, each delay within 20 % of it") {
  Backoff backoff({100ms, 1s}, RandomSource(1).stream("backoff"));
  const Duration expected[] = {100ms, 200ms, 400ms, 800ms, 1s, 1s};
  bool jittered = false;
  for (std::uint32_t failures = 1; failures <= 6; ++failures) {
    const Duration delay = backoff.delay(failures);
    CHECK(delay >= expected[failures - 1] * 4 / 5);
    CHECK(delay <= expected[failures - 1] * 6 / 5);
    jittered = jittered || delay != expected[failures - 1];
  }
  CHECK(jittered);
  CHECK(backoff.delay(UINT32_MAX) <= 1200ms);
}

TEST_CASE("partitioner: without a key a partition is kept for a batch's worth of bytes, and leaderless ones are passed over") {
  TopicMetadata topic;
  for (std::int32_t i = 0; i < 8; ++i) topic.partitions[i].leader = i == 3 ? -1 : 1;
  StickyPartitioner sticky(RandomSource(1).stream("sticky"), 1000);
  std::set<std::int32_t> used;
  for (int turn = 0; turn < 200; ++turn) {
    const std::int32_t first = sticky.next("t", topic, 500);
    CHECK(sticky.next("t", topic, 500) == first);
    CHECK(first != 3);
    used.insert(first);
  }
  CHECK(used.size() == 7);
}
