// Metadata, DescribeTopicPartitions and DescribeCluster: who is there and who leads what.
//
// Version 0 of Metadata asks for all topics with an empty list, later ones with null. Below version 4 a topic that is asked for by
// name is created if the broker allows it, from 4 on only if the client agrees too; asking for all creates nothing.
// DescribeTopicPartitions never creates, and tells topics by name, a page at a time (KIP-966).
#include <algorithm>
#include <set>

#include "broker/metadata/topic_name.h"
#include "broker/server/handler.h"

namespace faultline {
namespace {

using protocol::MetadataRequest;
using protocol::MetadataResponse;
using PageRequest = protocol::DescribeTopicPartitionsRequest;
using PageResponse = protocol::DescribeTopicPartitionsResponse;

MetadataResponse::Topic describe(HandlerContext context, const Topic& topic) {
  MetadataResponse::Topic answer;
  answer.name = topic.record.name;
  answer.topic_id = topic.record.id;
  const std::int32_t self = context.broker.node_id();
  for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
    MetadataResponse::Topic::Partition& partition = answer.partitions.emplace_back();
    partition.partition_index = static_cast<std::int32_t>(i);
    partition.replica_nodes = {self};
    if (topic.partitions[i] != nullptr) {
      partition.leader_id = self;
      partition.leader_epoch = topic.partitions[i]->leader_epoch();
      partition.isr_nodes = {self};
    } else {
      partition.error_code = ErrorCode::leader_not_available;
      partition.leader_id = -1;
      partition.offline_replicas = {self};
    }
  }
  return answer;
}

MetadataResponse::Topic describe_missing(const MetadataRequest::Topic& wanted, ErrorCode code) {
  MetadataResponse::Topic answer;
  answer.name = wanted.name;
  answer.topic_id = wanted.topic_id;
  answer.error_code = code;
  return answer;
}

MetadataResponse::Topic find_or_create(HandlerContext context, const MetadataRequest::Topic& wanted, bool may_create) {
  Topics& topics = context.broker.topics();
  if (!wanted.name) {
    const Topic* topic = topics.find(wanted.topic_id);
    return topic != nullptr ? describe(context, *topic) : describe_missing(wanted, ErrorCode::unknown_topic_id);
  }
  if (const Topic* topic = topics.find(*wanted.name)) return describe(context, *topic);
  if (!may_create) return describe_missing(wanted, ErrorCode::unknown_topic_or_partition);
  const Outcome<protocol::Uuid> created =
      topics.create(NewTopic{*wanted.name, context.broker.config().num_partitions, {}}, /*validate_only=*/false);
  if (!created && created.error().code != ErrorCode::topic_already_exists) return describe_missing(wanted, created.error().code);
  const Topic* topic = topics.find(*wanted.name);
  return topic != nullptr ? describe(context, *topic) : describe_missing(wanted, ErrorCode::leader_not_available);
}

/// More than this is not told at once: Kafka's max.request.partition.size.limit.
constexpr std::int32_t partitions_in_a_page_max = 2000;

bool cursor_is_valid(const PageRequest& request) {
  if (!request.cursor) return true;
  const auto is_cursor = [&](const PageRequest::Topic& topic) { return topic.name == request.cursor->topic_name; };
  return request.cursor->partition_index >= 0 && (request.topics.empty() || std::ranges::any_of(request.topics, is_cursor));
}

/// The first partition of topic `name` that has not been told in an earlier page.
std::size_t first_in_page(const PageRequest& request, const std::string& name) {
  if (!request.cursor || request.cursor->topic_name != name) return 0;
  return static_cast<std::size_t>(request.cursor->partition_index);
}

/// The topics asked for, or all if none is named, without those before the cursor.
std::set<std::string> names_from_cursor(const Topics& topics, const PageRequest& request) {
  std::set<std::string> names;
  for (const PageRequest::Topic& topic : request.topics) names.insert(topic.name);
  if (names.empty()) {
    for (const auto& [name, topic] : topics.all()) names.insert(name);
  }
  if (request.cursor) names.erase(names.begin(), names.lower_bound(request.cursor->topic_name));
  return names;
}

PageResponse::Topic::Partition described_in_page(const MetadataResponse::Topic::Partition& partition) {
  PageResponse::Topic::Partition answer;
  answer.error_code = partition.error_code;
  answer.partition_index = partition.partition_index;
  answer.leader_id = partition.leader_id;
  answer.leader_epoch = partition.leader_epoch;
  answer.replica_nodes = partition.replica_nodes;
  answer.isr_nodes = partition.isr_nodes;
  // Nobody. Null would say so too, but Kafka's own admin client fails on it.
  answer.eligible_leader_replicas.emplace();
  answer.last_known_elr.emplace();
  answer.offline_replicas = partition.offline_replicas;
  return answer;
}

std::optional<std::string> rack_of(const Broker& broker) {
  if (broker.config().rack.empty()) return std::nullopt;
  return broker.config().rack;
}

}  // namespace

MetadataResponse handle(HandlerContext context, const MetadataRequest& request, protocol::Version version) {
  constexpr protocol::Version null_means_all_since = 1;
  constexpr protocol::Version client_decides_since = 4;
  Broker& broker = context.broker;
  MetadataResponse response;
  response.brokers.push_back({broker.node_id(), broker.advertised().host, broker.advertised().port, rack_of(broker)});
  response.cluster_id = broker.cluster_id();
  response.controller_id = broker.node_id();
  const bool all = !request.topics || (version < null_means_all_since && request.topics->empty());
  if (all) {
    for (const auto& [name, topic] : broker.topics().all()) response.topics.push_back(describe(context, topic));
    return response;
  }
  const bool may_create =
      broker.config().auto_create_topics_enable && (version < client_decides_since || request.allow_auto_topic_creation);
  for (const MetadataRequest::Topic& wanted : *request.topics)
    response.topics.push_back(find_or_create(context, wanted, may_create));
  return response;
}

protocol::DescribeClusterResponse handle(HandlerContext context, const protocol::DescribeClusterRequest& request) {
  constexpr std::int8_t brokers_endpoint = 1;
  Broker& broker = context.broker;
  protocol::DescribeClusterResponse response;
  response.endpoint_type = request.endpoint_type;
  if (request.endpoint_type != brokers_endpoint) {
    response.error_code = ErrorCode::mismatched_endpoint_type;
    response.error_message = "this listener serves brokers, not controllers";
    return response;
  }
  response.cluster_id = broker.cluster_id();
  response.controller_id = broker.node_id();
  response.brokers.push_back({broker.node_id(), broker.advertised().host, broker.advertised().port, rack_of(broker), false});
  return response;
}

protocol::DescribeTopicPartitionsResponse handle(HandlerContext context, const PageRequest& request) {
  PageResponse response;
  if (!cursor_is_valid(request)) {
    for (const PageRequest::Topic& topic : request.topics) {
      PageResponse::Topic& answer = response.topics.emplace_back();
      answer.name = topic.name;
      answer.error_code = ErrorCode::invalid_request;
    }
    return response;
  }
  auto room = static_cast<std::size_t>(std::clamp(request.response_partition_limit, 1, partitions_in_a_page_max));
  for (const std::string& name : names_from_cursor(context.broker.topics(), request)) {
    if (room == 0) {
      response.next_cursor = protocol::DescribeTopicPartitionsCursor{name, 0};
      break;
    }
    PageResponse::Topic& answer = response.topics.emplace_back();
    answer.name = name;
    const Topic* topic = context.broker.topics().find(name);
    if (topic == nullptr) {
      const Outcome<> legal = metadata::check_topic_name(name);
      answer.error_code = legal ? ErrorCode::unknown_topic_or_partition : legal.error().code;
      continue;
    }
    const MetadataResponse::Topic described = describe(context, *topic);
    answer.topic_id = described.topic_id;
    const std::size_t first = first_in_page(request, name);
    for (std::size_t i = first; i < described.partitions.size() && room > 0; ++i, --room)
      answer.partitions.push_back(described_in_page(described.partitions[i]));
    if (first + answer.partitions.size() < described.partitions.size()) {
      response.next_cursor =
          protocol::DescribeTopicPartitionsCursor{name, static_cast<std::int32_t>(first + answer.partitions.size())};
      break;
    }
  }
  return response;
}

}  // namespace faultline
