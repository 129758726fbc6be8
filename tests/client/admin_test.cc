#include "broker/client/admin.h"

#include "broker/protocol/add_raft_voter.h"
#include "broker/protocol/alter_partition_reassignments.h"
#include "broker/protocol/describe_cluster.h"
#include "broker/protocol/describe_quorum.h"
#include "broker/protocol/describe_topic_partitions.h"
#include "broker/protocol/list_partition_reassignments.h"
#include "broker/protocol/remove_raft_voter.h"
#include "broker/protocol/unregister_broker.h"
#include "simulated.h"

namespace faultline::client {
namespace {

using namespace protocol;

/// Runs `body(admin, deadline)` on the client's node.
void administer(Simulated& simulated, const std::function<void(Admin&, Time)>& body) {
  simulated.run([&](Env& env) {
    Admin admin(env, simulated.cluster_config());
    body(admin, after(env.clock.now(), 20s));
  });
}

const Uuid directory = Uuid::of(7, 9);

}  // namespace

TEST_CASE("admin: an election says of each partition what became of it") {
  Simulated simulated;
  simulated.cluster.answer<ElectLeadersRequest>([](std::int32_t, const ElectLeadersRequest& request) {
    ElectLeadersResponse response;
    for (const auto& topic : request.topic_partitions.value()) {
      auto& said = response.replica_election_results.emplace_back();
      said.topic = topic.topic;
      for (const std::int32_t partition : topic.partitions) {
        const bool moves = request.election_type == ElectionType::unclean && partition == 0;
        said.partition_result.push_back({partition, moves ? ErrorCode::none : ErrorCode::election_not_needed, std::nullopt});
      }
    }
    return response;
  });
  administer(simulated, [](Admin& admin, Time deadline) {
    const std::vector<TopicPartition> partitions{{"a", 0}, {"b", 0}, {"a", 1}};
    const PartitionOutcomes outcomes = need(admin.elect_leaders(ElectionType::unclean, partitions, deadline));
    REQUIRE(outcomes.size() == 3);
    CHECK(outcomes.at({"a", 0}).has_value());
    CHECK(outcomes.at({"b", 0}).has_value());
    CHECK(outcomes.at({"a", 1}).error().code == ErrorCode::election_not_needed);
  });
}

TEST_CASE("admin: an election of all partitions names none") {
  Simulated simulated;
  bool all = false;
  simulated.cluster.answer<ElectLeadersRequest>([&](std::int32_t, const ElectLeadersRequest& request) {
    all = !request.topic_partitions.has_value();
    return ElectLeadersResponse{};
  });
  administer(simulated, [](Admin& admin, Time deadline) {
    CHECK(need(admin.elect_leaders(ElectionType::preferred, std::nullopt, deadline)).empty());
  });
  CHECK(all);
}

TEST_CASE("admin: a change that one broker refuses as no controller is asked of another") {
  Simulated simulated(3);
  std::vector<std::int32_t> asked;
  simulated.cluster.answer<UnregisterBrokerRequest>([&](std::int32_t broker, const UnregisterBrokerRequest& request) {
    asked.push_back(broker);
    UnregisterBrokerResponse response;
    if (broker == 1) response.error_code = ErrorCode::not_controller;  // that the metadata call the controller
    if (request.broker_id != 9) response.error_code = ErrorCode::broker_id_not_registered;
    return response;
  });
  administer(simulated, [](Admin& admin, Time deadline) {
    // Metadata first, so that the controller is known and not any broker is asked.
    need(admin.list_topics(deadline));
    need(admin.unregister_broker(9, deadline));
  });
  REQUIRE(asked.size() >= 2);
  CHECK(asked.front() == 1);
  CHECK(asked.back() != 1);
}

TEST_CASE("admin: with the controller dead, any other broker passes a change on") {
  Simulated simulated(2);
  std::vector<std::int32_t> asked;
  simulated.cluster.answer<UnregisterBrokerRequest>([&](std::int32_t broker, const UnregisterBrokerRequest&) {
    asked.push_back(broker);
    return UnregisterBrokerResponse{};
  });
  simulated.cluster.script = [](std::int32_t broker, const RequestHeader& request, int) {
    const bool dies = broker == 1 && request.api_key == ApiKey::unregister_broker;
    return Reaction{dies ? Reaction::Kind::close : Reaction::Kind::serve};
  };
  administer(simulated, [](Admin& admin, Time deadline) {
    need(admin.list_topics(deadline));
    need(admin.unregister_broker(9, deadline));
  });
  CHECK(asked == std::vector<std::int32_t>{2});
}

TEST_CASE("admin: a refusal carries the broker's own words and is not tried again") {
  Simulated simulated;
  simulated.cluster.answer<RemoveRaftVoterRequest>([](std::int32_t, const RemoveRaftVoterRequest&) {
    RemoveRaftVoterResponse response;
    response.error_code = ErrorCode::voter_not_found;
    response.error_message = "node 4 is no voter";
    return response;
  });
  administer(simulated, [](Admin& admin, Time deadline) {
    const ClientResult<> removed = admin.remove_voter(4, directory, deadline);
    REQUIRE_FALSE(removed.has_value());
    CHECK(to_string(removed.error()) == "VOTER_NOT_FOUND: node 4 is no voter");
  });
  CHECK(simulated.cluster.seen[ApiKey::remove_raft_voter] == 1);
}

TEST_CASE("admin: reassignments are begun, cancelled and listed") {
  Simulated simulated;
  simulated.cluster.answer<AlterPartitionReassignmentsRequest>(
      [](std::int32_t, const AlterPartitionReassignmentsRequest& request) {
        AlterPartitionReassignmentsResponse response;
        for (const auto& topic : request.topics) {
          auto& said = response.responses.emplace_back();
          said.name = topic.name;
          for (const auto& partition : topic.partitions) {
            const bool cancels = !partition.replicas.has_value();
            said.partitions.push_back(
                {partition.partition_index, cancels ? ErrorCode::no_reassignment_in_progress : ErrorCode::none, std::nullopt});
          }
        }
        return response;
      });
  simulated.cluster.answer<ListPartitionReassignmentsRequest>([](std::int32_t, const ListPartitionReassignmentsRequest&) {
    ListPartitionReassignmentsResponse response;
    response.topics.push_back({"a", {{3, {1, 2, 4}, {4}, {1}}}});
    return response;
  });
  administer(simulated, [](Admin& admin, Time deadline) {
    const PartitionOutcomes outcomes =
        need(admin.alter_reassignments({{{"a", 3}, std::vector<std::int32_t>{2, 4}}, {{"b", 0}, std::nullopt}}, deadline));
    REQUIRE(outcomes.size() == 2);
    CHECK(outcomes.at({"a", 3}).has_value());
    CHECK(outcomes.at({"b", 0}).error().code == ErrorCode::no_reassignment_in_progress);
    const auto moves = need(admin.list_reassignments(deadline));
    REQUIRE(moves.size() == 1);
    CHECK(moves.at({"a", 3}).adding == std::vector<std::int32_t>{4});
    CHECK(moves.at({"a", 3}).removing == std::vector<std::int32_t>{1});
  });
}

TEST_CASE("admin: the quorum is described with its voters, observers and where to reach them") {
  Simulated simulated;
  simulated.cluster.answer<DescribeQuorumRequest>([](std::int32_t, const DescribeQuorumRequest& request) {
    DescribeQuorumResponse response;
    auto& topic = response.topics.emplace_back();
    topic.topic_name = request.topics.at(0).topic_name;
    auto& partition = topic.partitions.emplace_back();
    partition.leader_id = 2;
    partition.leader_epoch = 5;
    partition.high_watermark = 100;
    partition.current_voters.push_back({2, directory, 101, 30, 20});
    partition.observers.push_back({4, directory, 90, -1, -1});
    response.nodes.push_back({2, {{"CONTROLLER", "two", 9093}}});
    return response;
  });
  administer(simulated, [](Admin& admin, Time deadline) {
    const QuorumDescription quorum = need(admin.describe_quorum(deadline));
    CHECK(quorum.leader == 2);
    CHECK(quorum.leader_epoch == 5);
    CHECK(quorum.high_watermark == 100);
    REQUIRE(quorum.voters.size() == 1);
    CHECK(quorum.voters[0].directory == directory);
    CHECK(quorum.voters[0].log_end_offset == 101);
    CHECK(quorum.voters[0].last_caught_up_ms == 20);
    REQUIRE(quorum.observers.size() == 1);
    CHECK(quorum.observers[0].id == 4);
    CHECK(quorum.endpoints.at(2) == Endpoint{"two", 9093});
  });
}

TEST_CASE("admin: a voter is added with its directory and its listener") {
  Simulated simulated;
  AddRaftVoterRequest seen;
  simulated.cluster.answer<AddRaftVoterRequest>([&](std::int32_t, const AddRaftVoterRequest& request) {
    seen = request;
    return AddRaftVoterResponse{};
  });
  administer(simulated, [](Admin& admin, Time deadline) { need(admin.add_voter({4, directory, {"four", 9093}}, deadline)); });
  CHECK(seen.voter_id == 4);
  CHECK(seen.voter_directory_id == directory);
  REQUIRE(seen.listeners.size() == 1);
  CHECK(seen.listeners[0].host == "four");
  CHECK(seen.listeners[0].port == 9093);
}

TEST_CASE("admin: a feature that is refused fails the call, in the words of old brokers and of new ones") {
  for (const Version version : {Version{1}, Version{2}}) {
    Simulated simulated;
    simulated.cluster.version_max[ApiKey::update_features] = version;
    simulated.cluster.answer<UpdateFeaturesRequest>([&](std::int32_t, const UpdateFeaturesRequest& request) {
      UpdateFeaturesResponse response;
      if (version == 2) response.error_code = ErrorCode::feature_update_failed;
      for (const auto& update : request.feature_updates)
        response.results.push_back({update.feature, ErrorCode::feature_update_failed, std::nullopt});
      return response;
    });
    administer(simulated, [](Admin& admin, Time deadline) {
      const ClientResult<> updated = admin.update_features({{"metadata.version", {99}}}, deadline);
      REQUIRE_FALSE(updated.has_value());
      CHECK(updated.error().code == ErrorCode::feature_update_failed);
    });
  }
}

TEST_CASE("admin: a description of topics goes on to the last page") {
  Simulated simulated;
  simulated.cluster.answer<DescribeTopicPartitionsRequest>([](std::int32_t, const DescribeTopicPartitionsRequest& request) {
    DescribeTopicPartitionsResponse response;
    const std::int32_t first = request.cursor.has_value() ? request.cursor->partition_index : 0;
    auto& topic = response.topics.emplace_back();
    topic.name = "wide";
    for (std::int32_t index = first; index < first + 2; ++index) {
      auto& partition = topic.partitions.emplace_back();
      partition.partition_index = index;
      partition.leader_id = 1;
      partition.eligible_leader_replicas = std::vector<std::int32_t>{index};
    }
    if (first < 4) response.next_cursor = DescribeTopicPartitionsCursor{"wide", first + 2};
    return response;
  });
  administer(simulated, [](Admin& admin, Time deadline) {
    const auto topics = need(admin.describe_topic_partitions({"wide"}, deadline));
    REQUIRE(topics.at("wide").partitions.size() == 6);
    CHECK(topics.at("wide").partitions.at(5).eligible_leaders == std::vector<std::int32_t>{5});
  });
}

TEST_CASE("admin: a page that points at itself ends the description instead of going round for ever") {
  Simulated simulated;
  simulated.cluster.answer<DescribeTopicPartitionsRequest>([](std::int32_t, const DescribeTopicPartitionsRequest&) {
    DescribeTopicPartitionsResponse response;
    response.next_cursor = DescribeTopicPartitionsCursor{"t", 0};
    return response;
  });
  administer(simulated, [](Admin& admin, Time deadline) {
    const auto topics = admin.describe_topic_partitions({}, deadline);
    REQUIRE_FALSE(topics.has_value());
    CHECK(topics.error().transport == Errc::malformed);
  });
}

TEST_CASE("admin: fenced brokers are asked for, of brokers that can tell and of brokers that cannot") {
  for (const Version version : {Version{0}, Version{2}}) {
    Simulated simulated;
    simulated.cluster.version_max[ApiKey::describe_cluster] = version;
    simulated.cluster.answer<DescribeClusterRequest>([](std::int32_t, const DescribeClusterRequest& request) {
      DescribeClusterResponse response;
      response.cluster_id = "cluster";
      response.brokers.push_back({1, "broker", 9091, "rack-1", false});
      if (request.include_fenced_brokers) response.brokers.push_back({2, "broker", 9092, std::nullopt, true});
      response.brokers.push_back({3, "broker", 70000, std::nullopt, false});
      return response;
    });
    administer(simulated, [&](Admin& admin, Time deadline) {
      const ClusterDescription cluster = need(admin.describe_cluster(deadline));
      CHECK(cluster.brokers.size() == (version == 2 ? 2U : 1U));
      CHECK(cluster.brokers.at(1).rack == "rack-1");
      if (version == 2) CHECK(cluster.brokers.at(2).is_fenced);
    });
  }
}

}  // namespace faultline::client
