// What a cluster of one answers about leaders, reassignments and the past of its epochs.
#include "requests.h"

namespace faultline {
namespace {

using protocol::ElectionType;
using ElectionTopic = protocol::ElectLeadersRequest::Topic;
using Page = protocol::DescribeTopicPartitionsResponse;

template <class Response, class Request>
Response ask(RawClient& client, const Request& request, Version version = 0) {
  client.send(request, version);
  return client.receive<Response>(version);
}

/// "a:0 a:1 b:0", and where the next page begins: " > b:1".
std::string contents(const Page& page) {
  std::string text;
  for (const auto& topic : page.topics) {
    for (const auto& partition : topic.partitions)
      text += topic.name.value_or("?") + ":" + std::to_string(partition.partition_index) + " ";
  }
  if (page.next_cursor) text += "> " + page.next_cursor->topic_name + ":" + std::to_string(page.next_cursor->partition_index);
  return text;
}

protocol::DescribeTopicPartitionsRequest page_request(const std::vector<std::string>& topics, std::int32_t limit) {
  protocol::DescribeTopicPartitionsRequest request;
  for (const std::string& topic : topics) request.topics.push_back({topic});
  request.response_partition_limit = limit;
  return request;
}

/// "t:0=ELECTION_NOT_NEEDED", of each partition.
std::string outcomes(const protocol::ElectLeadersResponse& response) {
  std::string text;
  for (const auto& topic : response.replica_election_results) {
    for (const auto& partition : topic.partition_result) {
      text += text.empty() ? "" : " ";
      text += topic.topic + ":" + std::to_string(partition.partition_id) + "=" + std::string(to_string(partition.error_code));
    }
  }
  return text;
}

}  // namespace

TEST_CASE("leaders: a healthy sole replica needs no election, of neither kind and in no version") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t", 2) == ErrorCode::none);
    protocol::ElectLeadersRequest request;
    request.topic_partitions = std::vector<ElectionTopic>{{"t", {1}}, {"u", {0}}};
    for (const ElectionType type : {ElectionType::preferred, ElectionType::unclean}) {
      request.election_type = type;
      for (const Version version : {Version{0}, Version{1}, Version{2}}) {
        const auto response = ask<protocol::ElectLeadersResponse>(client, request, version);
        REQUIRE(response.error_code == ErrorCode::none);
        REQUIRE(outcomes(response) == "t:1=ELECTION_NOT_NEEDED u:0=UNKNOWN_TOPIC_OR_PARTITION");
      }
    }
    request.topic_partitions.reset();
    REQUIRE(outcomes(ask<protocol::ElectLeadersResponse>(client, request, 2)).empty());
  });
}

TEST_CASE("leaders: an unknown kind of election is refused as a whole") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    protocol::ElectLeadersRequest request;
    request.election_type = static_cast<ElectionType>(2);
    request.topic_partitions = std::vector<ElectionTopic>{{"t", {0}}};
    const auto response = ask<protocol::ElectLeadersResponse>(client, request, 2);
    REQUIRE(response.error_code == ErrorCode::invalid_request);
    REQUIRE(outcomes(response) == "t:0=INVALID_REQUEST");
  });
}

TEST_CASE("reassignments: none is ever under way, none can be cancelled, and only the one broker can be asked for") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    const auto reassign = [&](const std::string& topic, std::optional<std::vector<std::int32_t>> replicas) {
      protocol::AlterPartitionReassignmentsRequest request;
      auto& wanted = request.topics.emplace_back();
      wanted.name = topic;
      wanted.partitions.push_back({0, std::move(replicas)});
      return ask<protocol::AlterPartitionReassignmentsResponse>(client, request).responses.at(0).partitions.at(0).error_code;
    };
    REQUIRE(reassign("t", std::vector<std::int32_t>{1}) == ErrorCode::none);
    REQUIRE(reassign("t", std::vector<std::int32_t>{2}) == ErrorCode::invalid_replica_assignment);
    REQUIRE(reassign("t", std::vector<std::int32_t>{1, 2}) == ErrorCode::invalid_replica_assignment);
    REQUIRE(reassign("t", std::nullopt) == ErrorCode::no_reassignment_in_progress);
    REQUIRE(reassign("u", std::vector<std::int32_t>{1}) == ErrorCode::unknown_topic_or_partition);
    protocol::ListPartitionReassignmentsRequest list;
    REQUIRE(ask<protocol::ListPartitionReassignmentsResponse>(client, list).topics.empty());
    list.topics = std::vector<protocol::ListPartitionReassignmentsRequest::Topic>{{"t", {0}}};
    const auto response = ask<protocol::ListPartitionReassignmentsResponse>(client, list);
    REQUIRE(response.error_code == ErrorCode::none);
    REQUIRE(response.topics.empty());
  });
}

TEST_CASE("topic partitions: pages follow each other without gap or repeat, whatever their size") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "b", 3) == ErrorCode::none);
    REQUIRE(create_topic(client, "a", 2) == ErrorCode::none);
    REQUIRE(create_topic(client, "c", 1) == ErrorCode::none);
    const std::string everything = "a:0 a:1 b:0 b:1 b:2 c:0 ";
    for (const bool by_name : {false, true}) {
      const std::vector<std::string> topics = by_name ? std::vector<std::string>{"c", "a", "b", "a"} : std::vector<std::string>{};
      for (std::int32_t limit = 1; limit <= 7; ++limit) {
        protocol::DescribeTopicPartitionsRequest request = page_request(topics, limit);
        std::string all;
        do {
          Page page = ask<Page>(client, request);
          request.cursor = page.next_cursor;
          page.next_cursor.reset();
          for (const auto& topic : page.topics) REQUIRE(!topic.partitions.empty());
          all += contents(page);
        } while (request.cursor);
        REQUIRE(all == everything);
      }
    }
    REQUIRE(contents(ask<Page>(client, page_request({}, 2))) == "a:0 a:1 > b:0");
    REQUIRE(contents(ask<Page>(client, page_request({}, 4))) == "a:0 a:1 b:0 b:1 > b:2");
    REQUIRE(contents(ask<Page>(client, page_request({}, 0))) == "a:0 > a:1");
  });
}

TEST_CASE("topic partitions: who leads, who replicates, and empty lists where nobody is") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    const Page page = ask<Page>(client, page_request({"t", "missing"}, 10));
    REQUIRE(page.topics.size() == 2);
    REQUIRE(page.topics[0].name == "missing");
    REQUIRE(page.topics[0].error_code == ErrorCode::unknown_topic_or_partition);
    REQUIRE(page.topics[1].topic_id == metadata_of(client, {"t"}).topics.at(0).topic_id);
    const auto& partition = page.topics[1].partitions.at(0);
    const std::vector<std::int32_t> self{1};
    REQUIRE(partition.error_code == ErrorCode::none);
    REQUIRE(partition.leader_id == 1);
    REQUIRE(partition.leader_epoch == 0);
    REQUIRE(partition.replica_nodes == self);
    REQUIRE(partition.isr_nodes == self);
    REQUIRE(partition.offline_replicas.empty());
    REQUIRE(partition.eligible_leader_replicas == std::vector<std::int32_t>{});
    REQUIRE(partition.last_known_elr == std::vector<std::int32_t>{});
    REQUIRE(ask<Page>(client, page_request({"not/legal"}, 10)).topics.at(0).error_code == ErrorCode::invalid_topic_exception);
    // It never creates what it is asked for.
    REQUIRE(metadata_of(client, {"missing"}).topics.at(0).error_code == ErrorCode::unknown_topic_or_partition);
  });
}

TEST_CASE("topic partitions: a cursor must be at one of the topics asked for, and at no negative partition") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "a") == ErrorCode::none);
    REQUIRE(create_topic(client, "b", 2) == ErrorCode::none);
    const auto page_from = [&](const std::vector<std::string>& topics, const std::string& at, std::int32_t partition) {
      protocol::DescribeTopicPartitionsRequest request = page_request(topics, 10);
      request.cursor = protocol::DescribeTopicPartitionsCursor{at, partition};
      return ask<Page>(client, request);
    };
    REQUIRE(contents(page_from({}, "aa", 1)) == "b:0 b:1 ");
    REQUIRE(contents(page_from({}, "b", 1)) == "b:1 ");
    REQUIRE(contents(page_from({}, "b", 7)).empty());
    REQUIRE(contents(page_from({}, "b", -1)).empty());
    REQUIRE(contents(page_from({"a", "b"}, "b", 0)) == "b:0 b:1 ");
    const Page elsewhere = page_from({"a", "b"}, "c", 0);
    REQUIRE(elsewhere.topics.size() == 2);
    for (const auto& topic : elsewhere.topics) REQUIRE(topic.error_code == ErrorCode::invalid_request);
  });
}

}  // namespace faultline
