// Each request of brokers and clients on its way to the controller and back: what is on the wire means what the controller does.
#include <algorithm>

#include "cluster.h"

namespace faultline::control::testing {
namespace {

using protocol::AlterPartitionRequest;
using Ids = std::vector<BrokerId>;

Cluster small_cluster(int brokers) { return Cluster({.controllers = 1, .brokers = brokers, .controller = controller_config()}); }

template <class Parts>
std::vector<ErrorCode> codes_of(const Parts& parts) {
  std::vector<ErrorCode> codes;
  for (const auto& part : parts) codes.push_back(part.error_code);
  return codes;
}

TEST_CASE("control: a created topic is described as it is, and names that come twice are left alone") {
  Cluster cluster = small_cluster(2);
  cluster.settle();
  Cluster::Process& client = cluster.process(11);
  protocol::CreateTopicsRequest request;
  request.topics.push_back({"a", 3, 2, {}, {{"retention.ms", "5"}}});
  request.topics.push_back({"b", -1, -1, {{1, {12}}, {0, {11}}}, {}});
  request.topics.push_back({"twice", 1, 1, {}, {}});
  request.topics.push_back({"twice", 2, 1, {}, {}});
  request.topics.push_back({"wide", 1, 3, {}, {}});
  request.topics.push_back({"gap", -1, -1, {{0, {11}}, {2, {11}}}, {}});
  request.topics.push_back({"odd", 1, 1, {}, {{"no.such.key", "5"}}});
  request.topics.push_back({"null", 1, 1, {}, {{"retention.ms", std::nullopt}}});
  const protocol::CreateTopicsResponse answer = cluster.ask(client, request);
  CHECK(codes_of(answer.topics) == std::vector{ErrorCode::none, ErrorCode::none, ErrorCode::invalid_request,
                                               ErrorCode::invalid_replication_factor, ErrorCode::invalid_replica_assignment,
                                               ErrorCode::invalid_config, ErrorCode::invalid_config});
  CHECK(answer.topics[0].num_partitions == 3);
  CHECK(answer.topics[0].replication_factor == 2);
  CHECK(answer.topics[1].num_partitions == 2);
  CHECK(answer.topics[1].replication_factor == 1);
  CHECK(answer.topics[5].error_message == "no such key");
  const metadata::ClusterImage& image = cluster.image();
  CHECK(image.topics().size() == 2);
  CHECK(image.topic("a")->id == answer.topics[0].topic_id);
  CHECK(image.config(metadata::ConfigScope::topic, "a") == metadata::ConfigValues{{"retention.ms", "5"}});
  CHECK(cluster.partition("b", 0).replicas == Ids{11});
  CHECK(cluster.partition("b", 1).replicas == Ids{12});
  CHECK(answer.metadata_applied == image.applied());
  CHECK(codes_of(cluster.ask(client, request).topics).front() == ErrorCode::topic_already_exists);
}

TEST_CASE("control: a request that is only to be validated changes nothing") {
  Cluster cluster = small_cluster(2);
  cluster.settle();
  Cluster::Process& client = cluster.process(11);
  cluster.topic(client, "a", {11});
  const std::int64_t before = cluster.image().applied();
  protocol::CreateTopicsRequest create;
  create.topics.push_back({"b", 4, 2, {}, {}});
  create.validate_only = true;
  const auto created = cluster.ask(client, create);
  CHECK(codes_of(created.topics) == std::vector{ErrorCode::none});
  CHECK(created.topics[0].num_partitions == 4);
  protocol::CreatePartitionsRequest grow;
  grow.topics.push_back({"a", 4, std::nullopt});
  grow.validate_only = true;
  CHECK(codes_of(cluster.ask(client, grow).results) == std::vector{ErrorCode::none});
  protocol::AlterConfigsRequest replace;
  replace.resources.push_back({2, "a", {{"retention.ms", "5"}}});
  replace.validate_only = true;
  CHECK(codes_of(cluster.ask(client, replace).responses) == std::vector{ErrorCode::none});
  protocol::IncrementalAlterConfigsRequest alter;
  alter.resources.push_back({2, "a", {{"retention.ms", 0, "5"}}});
  alter.validate_only = true;
  CHECK(codes_of(cluster.ask(client, alter).responses) == std::vector{ErrorCode::none});
  CHECK(cluster.image().applied() == before);
}

TEST_CASE("control: topics grow by partitions, and not by less than one") {
  Cluster cluster = small_cluster(2);
  cluster.settle();
  Cluster::Process& client = cluster.process(11);
  for (const char* name : {"a", "b", "c"}) cluster.topic(client, name, {11});
  using Assignments = std::vector<protocol::CreatePartitionsRequest::Topic::Assignment>;
  protocol::CreatePartitionsRequest request;
  request.topics.push_back({"a", 3, std::nullopt});
  request.topics.push_back({"b", 2, Assignments{{{12}}}});
  request.topics.push_back({"c", 1, std::nullopt});
  request.topics.push_back({"none", 2, std::nullopt});
  CHECK(codes_of(cluster.ask(client, request).results) ==
        std::vector{ErrorCode::none, ErrorCode::none, ErrorCode::invalid_partitions, ErrorCode::unknown_topic_or_partition});
  CHECK(cluster.image().topic("a")->partitions.size() == 3);
  CHECK(cluster.partition("b", 1).replicas == Ids{12});
  request.topics = {{"c", 2, Assignments{}}, {"a", 4, std::nullopt}, {"a", 5, std::nullopt}};
  CHECK(codes_of(cluster.ask(client, request).results) ==
        std::vector{ErrorCode::invalid_replica_assignment, ErrorCode::invalid_request});
  CHECK(cluster.image().topic("a")->partitions.size() == 3);
}

TEST_CASE("control: topics are deleted by name and by id") {
  Cluster cluster = small_cluster(1);
  cluster.settle();
  Cluster::Process& client = cluster.process(11);
  for (const char* name : {"a", "b", "c"}) cluster.topic(client, name, {11});
  const Uuid b = cluster.image().topic("b")->id;
  protocol::DeleteTopicsRequest request;
  request.topics = {{"a", {}}, {std::nullopt, b}, {"none", {}}, {std::nullopt, Uuid::of(1, 1)}, {"c", {}}, {"c", {}}};
  const protocol::DeleteTopicsResponse answer = cluster.ask(client, request);
  CHECK(codes_of(answer.responses) == std::vector{ErrorCode::none, ErrorCode::none, ErrorCode::unknown_topic_or_partition,
                                                  ErrorCode::unknown_topic_id, ErrorCode::invalid_request});
  CHECK(answer.responses[1].name == "b");
  CHECK(cluster.image().topics().size() == 1);
  CHECK(answer.metadata_applied == cluster.image().applied());
}

TEST_CASE("control: one call replaces a configuration, the other changes settings one by one") {
  Cluster cluster = small_cluster(1);
  cluster.settle();
  Cluster::Process& client = cluster.process(11);
  cluster.topic(client, "a", {11});
  const auto values = [&] { return cluster.image().config(metadata::ConfigScope::topic, "a"); };
  protocol::AlterConfigsRequest replace;
  replace.resources.push_back({2, "a", {{"retention.ms", "5"}, {"segment.ms", "6"}}});
  replace.resources.push_back({2, "none", {}});
  replace.resources.push_back({3, "a", {}});
  replace.resources.push_back({4, "", {{"retention.ms", "7"}}});
  replace.resources.push_back({4, "5", {}});
  replace.resources.push_back({4, "11", {{"x", std::nullopt}}});
  CHECK(codes_of(cluster.ask(client, replace).responses) ==
        std::vector{ErrorCode::none, ErrorCode::unknown_topic_or_partition, ErrorCode::invalid_request, ErrorCode::none,
                    ErrorCode::broker_id_not_registered, ErrorCode::invalid_config});
  CHECK(values() == metadata::ConfigValues{{"retention.ms", "5"}, {"segment.ms", "6"}});
  CHECK(cluster.image().config(metadata::ConfigScope::broker, "").size() == 1);
  replace.resources = {{2, "a", {{"segment.ms", "8"}}}};
  CHECK(codes_of(cluster.ask(client, replace).responses) == std::vector{ErrorCode::none});
  CHECK(values() == metadata::ConfigValues{{"segment.ms", "8"}});

  const auto change = [&](const char* key, std::int8_t operation, std::optional<std::string> value) {
    protocol::IncrementalAlterConfigsRequest request;
    request.resources.push_back({2, "a", {{key, operation, std::move(value)}}});
    return cluster.ask(client, request).responses.front().error_code;
  };
  CHECK(change("retention.ms", 0, "9") == ErrorCode::none);
  CHECK(change("segment.ms", 1, std::nullopt) == ErrorCode::none);
  CHECK(values() == metadata::ConfigValues{{"retention.ms", "9"}});
  CHECK(change("no.such.key", 1, std::nullopt) == ErrorCode::invalid_config);
  CHECK(change("retention.ms", 0, std::nullopt) == ErrorCode::invalid_config);
  CHECK(change("retention.ms", 2, "9") == ErrorCode::invalid_config);
  CHECK(change("retention.ms", 9, "9") == ErrorCode::invalid_request);
  CHECK(values() == metadata::ConfigValues{{"retention.ms", "9"}});
}

AlterPartitionRequest isr_change(Cluster& cluster, Cluster::Process& leader, const std::string& topic, const Ids& isr) {
  const metadata::PartitionRecord& partition = cluster.partition(topic);
  AlterPartitionRequest::Topic::Partition wanted;
  wanted.leader_epoch = partition.leader_epoch;
  wanted.partition_epoch = partition.partition_epoch;
  for (const BrokerId id : isr) wanted.new_isr_with_epochs.push_back({id, cluster.process(id).broker_epoch});
  return {leader.id(), leader.broker_epoch, {{partition.topic_id, {wanted}}}};
}

TEST_CASE("control: a leader changes the ISR, if it knows the epochs") {
  Cluster cluster = small_cluster(2);
  cluster.settle();
  Cluster::Process& leader = cluster.process(11);
  cluster.topic(leader, "a", {11, 12});
  AlterPartitionRequest request = isr_change(cluster, leader, "a", {11});
  protocol::AlterPartitionResponse answer = cluster.ask(leader, request);
  CHECK(answer.error_code == ErrorCode::none);
  CHECK(answer.topics.front().partitions.front().isr == Ids{11});
  CHECK(answer.topics.front().partitions.front().partition_epoch == cluster.partition("a").partition_epoch);
  CHECK(answer.topics.front().partitions.front().leader_id == 11);
  CHECK(cluster.ask(leader, request).topics.front().partitions.front().error_code == ErrorCode::invalid_update_version);

  request = isr_change(cluster, leader, "a", {11, 12});
  request.topics.front().partitions.front().new_isr_with_epochs.back().broker_epoch += 1;
  CHECK(cluster.ask(leader, request).topics.front().partitions.front().error_code == ErrorCode::ineligible_replica);
  request.topics.front().partitions.front().new_isr_with_epochs.back().broker_epoch = -1;  // not to be checked
  CHECK(cluster.ask(leader, request).topics.front().partitions.front().error_code == ErrorCode::none);
  CHECK(cluster.partition("a").isr == Ids{11, 12});
  request.broker_epoch += 1;
  answer = cluster.ask(leader, request);
  CHECK(answer.error_code == ErrorCode::stale_broker_epoch);
  CHECK(answer.topics.empty());
}

TEST_CASE("control: a partition moves to other brokers, and the move is listed while it is under way") {
  Cluster cluster = small_cluster(3);
  cluster.settle();
  Cluster::Process& leader = cluster.process(11);
  cluster.topic(leader, "a", {11, 12});
  using Partition = protocol::AlterPartitionReassignmentsRequest::Topic::Partition;
  protocol::AlterPartitionReassignmentsRequest move;
  move.topics.push_back({"a", {Partition{0, Ids{11, 13}}, Partition{1, Ids{11}}}});
  move.topics.push_back({"none", {Partition{0, std::nullopt}}});
  const auto answer = cluster.ask(leader, move);
  CHECK(codes_of(answer.responses[0].partitions) == std::vector{ErrorCode::none, ErrorCode::unknown_topic_or_partition});
  CHECK(codes_of(answer.responses[1].partitions) == std::vector{ErrorCode::unknown_topic_or_partition});

  using Listed = std::vector<protocol::ListPartitionReassignmentsRequest::Topic>;
  protocol::ListPartitionReassignmentsRequest list;
  auto listed = cluster.ask(leader, list);
  REQUIRE(listed.topics.size() == 1);
  CHECK(listed.topics[0].name == "a");
  CHECK(listed.topics[0].partitions[0].adding_replicas == Ids{13});
  CHECK(listed.topics[0].partitions[0].removing_replicas == Ids{12});
  list.topics = Listed{{"a", {1}}, {"none", {0}}};
  CHECK(cluster.ask(leader, list).topics.empty());
  list.topics = Listed{{"a", {0}}};
  CHECK(cluster.ask(leader, list).topics.size() == 1);

  CHECK(cluster.ask(leader, isr_change(cluster, leader, "a", {11, 12, 13})).error_code == ErrorCode::none);
  CHECK(cluster.partition("a").replicas == Ids{11, 13});
  CHECK(cluster.ask(leader, list).topics.empty());
  move.topics = {{"a", {Partition{0, std::nullopt}}}};
  CHECK(codes_of(cluster.ask(leader, move).responses[0].partitions) == std::vector{ErrorCode::no_reassignment_in_progress});
}

TEST_CASE("control: leaders are elected as asked for; asked for all partitions, only elections are spoken of") {
  Cluster cluster = small_cluster(2);
  cluster.settle();
  Cluster::Process& client = cluster.process(12);
  cluster.topic(client, "a", {11, 12});
  cluster.topic(client, "b", {12});
  cluster.world().kill(cluster.process(11).sim);
  REQUIRE(cluster.run_until([&] { return cluster.partition("a").leader == 12; }, 10s));
  protocol::ElectLeadersRequest request;
  request.topic_partitions = {{"a", {0, 7}}, {"b", {0}}, {"none", {0}}};
  auto answer = cluster.ask(client, request);
  CHECK(codes_of(answer.replica_election_results[0].partition_result) ==
        std::vector{ErrorCode::preferred_leader_not_available, ErrorCode::unknown_topic_or_partition});
  CHECK(codes_of(answer.replica_election_results[1].partition_result) == std::vector{ErrorCode::election_not_needed});
  CHECK(codes_of(answer.replica_election_results[2].partition_result) == std::vector{ErrorCode::unknown_topic_or_partition});

  cluster.world().restart(cluster.process(11).sim, 0ns);
  REQUIRE(cluster.run_until([&] { return cluster.image().active(11); }, 10s));
  CHECK(cluster.ask(client, isr_change(cluster, client, "a", {11, 12})).error_code == ErrorCode::none);
  request.topic_partitions.reset();
  answer = cluster.ask(client, request);
  REQUIRE(answer.replica_election_results.size() == 1);
  CHECK(answer.replica_election_results[0].topic == "a");
  CHECK(codes_of(answer.replica_election_results[0].partition_result) == std::vector{ErrorCode::none});
  CHECK(cluster.partition("a").leader == 11);
  CHECK(cluster.ask(client, request).replica_election_results.empty());
}

TEST_CASE("control: features are described by levels that are refused if nobody knows them") {
  Cluster cluster = small_cluster(1);
  cluster.settle();
  Cluster::Process& client = cluster.process(11);
  const std::int64_t before = cluster.image().applied();
  const auto update = [&](const std::string& feature, std::int16_t level, protocol::FeatureUpgradeType type) {
    protocol::UpdateFeaturesRequest request;
    request.feature_updates.push_back({feature, level, false, type});
    return cluster.ask(client, request).error_code;
  };
  using protocol::FeatureUpgradeType;
  CHECK(update("metadata.version", 1, FeatureUpgradeType::upgrade) == ErrorCode::none);
  CHECK(update("metadata.version", 2, FeatureUpgradeType::upgrade) == ErrorCode::invalid_update_version);
  CHECK(update("metadata.version", 0, FeatureUpgradeType::unsafe_downgrade) == ErrorCode::invalid_update_version);
  CHECK(update("transaction.version", 2, FeatureUpgradeType::upgrade) == ErrorCode::invalid_update_version);
  CHECK(update("metadata.version", 1, FeatureUpgradeType{9}) == ErrorCode::invalid_update_version);
  CHECK(cluster.image().applied() == before);
  CHECK(cluster.image().features() == metadata::FeatureLevels{{"metadata.version", 1}});
}

TEST_CASE("control: registrations that make no sense are refused") {
  Cluster cluster = small_cluster(1);
  cluster.settle();
  Cluster::Process& broker = cluster.process(11);
  protocol::BrokerRegistrationRequest good;
  good.broker_id = 12;
  good.cluster_id = "test";
  good.incarnation_id = Uuid::of(5, 5);
  good.listeners = {{"PLAINTEXT", "n12", 9092, 0}};
  good.features = {{"metadata.version", 1, 1}};
  good.log_dirs = {Uuid::of(5, 6)};
  const auto code_of = [&](auto&& spoil) {
    protocol::BrokerRegistrationRequest request = good;
    spoil(request);
    return cluster.ask(broker, request).error_code;
  };
  CHECK(code_of([](auto& r) { r.cluster_id = "other"; }) == ErrorCode::inconsistent_cluster_id);
  CHECK(code_of([](auto& r) { r.listeners.clear(); }) == ErrorCode::invalid_registration);
  CHECK(code_of([](auto& r) { r.listeners.front().security_protocol = 1; }) == ErrorCode::invalid_registration);
  CHECK(code_of([](auto& r) { r.is_migrating_zk_broker = true; }) == ErrorCode::invalid_registration);
  CHECK(code_of([](auto& r) { r.features.clear(); }) == ErrorCode::unsupported_version);
  CHECK(code_of([](auto& r) { r.broker_id = 11; }) == ErrorCode::duplicate_broker_registration);
  CHECK(cluster.image().brokers().size() == 1);
  CHECK(code_of([](auto&) {}) == ErrorCode::none);
  CHECK(cluster.image().broker(12)->fenced);
}

}  // namespace
}  // namespace faultline::control::testing
