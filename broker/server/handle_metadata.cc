// Metadata, DescribeTopicPartitions and DescribeCluster: who is there and who leads what.
//
// Version 0 of Metadata asks for all topics with an empty list, later ones with null. Below version 4 a topic that is asked for by
// name is created if the broker allows it, from 4 on only if the client agrees too; asking for all creates nothing.
// DescribeTopicPartitions never creates, and tells topics by name, a page at a time (KIP-966).
#include <algorithm>
#include <map>
#include <set>

#include "broker/metadata/topic_name.h"
#include "broker/server/cluster_view.h"
#include "broker/server/forward.h"
#include "broker/server/handler.h"

namespace faultline {
namespace {

using metadata::BrokerId;
using metadata::ClusterImage;
using metadata::PartitionRecord;
using metadata::TopicImage;
using protocol::MetadataRequest;
using protocol::MetadataResponse;
using PageRequest = protocol::DescribeTopicPartitionsRequest;
using PageResponse = protocol::DescribeTopicPartitionsResponse;

// Clients ask again soon for a topic that is not there yet, and have no timeout in this request that says how long they would wait.
constexpr std::chrono::milliseconds patience_with_new_topics = 5s;

/// What is true of this broker and not in the metadata: logs that it cannot open.
using OfflineHere = std::set<PartitionName>;

OfflineHere offline_here(Broker& broker) {
  const std::vector<PartitionName> offline = broker.replicas().offline();
  return {offline.begin(), offline.end()};
}

/// The topics by name: clients see them in an order that means something to people.
std::map<std::string_view, const TopicImage*> by_name(const ClusterImage& image) {
  std::map<std::string_view, const TopicImage*> topics;
  for (const auto& [id, topic] : image.topics()) topics.emplace(topic.name, &topic);
  return topics;
}

MetadataResponse::Topic::Partition describe(Broker& broker, const PartitionRecord& record, const OfflineHere& offline) {
  MetadataResponse::Topic::Partition partition;
  const bool broken_here = offline.contains({record.topic_id, record.partition});
  const auto can_serve = [&](BrokerId id) { return is_alive(broker.image(), id) && !(broken_here && id == broker.node_id()); };
  partition.partition_index = record.partition;
  partition.leader_epoch = record.leader_epoch;
  partition.replica_nodes = record.replicas;
  partition.isr_nodes = record.isr;
  for (const BrokerId id : record.replicas) {
    if (!can_serve(id)) partition.offline_replicas.push_back(id);
  }
  partition.leader_id = can_serve(record.leader) ? record.leader : metadata::no_broker;
  if (partition.leader_id == metadata::no_broker) partition.error_code = ErrorCode::leader_not_available;
  return partition;
}

MetadataResponse::Topic describe(Broker& broker, const TopicImage& topic, const OfflineHere& offline) {
  MetadataResponse::Topic answer;
  answer.name = topic.name;
  answer.topic_id = topic.id;
  for (const PartitionRecord& record : topic.partitions) answer.partitions.push_back(describe(broker, record, offline));
  return answer;
}

bool has_leaders(const ClusterImage& image, std::string_view name) {
  const TopicImage* topic = image.topic(name);
  return topic != nullptr &&
         std::ranges::all_of(topic->partitions, [&](const PartitionRecord& record) { return is_alive(image, record.leader); });
}

/// Creates the topics and waits, for a while, until they can be used. Returns: why not, of those that were refused.
std::map<std::string, ErrorCode> create_topics(HandlerContext context, const std::set<std::string>& names) {
  std::map<std::string, ErrorCode> refused;
  protocol::CreateTopicsRequest request;
  request.timeout_ms = static_cast<std::int32_t>(patience_with_new_topics.count());
  for (const std::string& name : names) {
    if (const Outcome<> legal = metadata::check_topic_name(name); !legal) {
      refused[name] = legal.error().code;
      continue;
    }
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    topic.num_partitions = context.broker.config().num_partitions;
    topic.replication_factor = static_cast<std::int16_t>(context.broker.config().default_replication_factor);
  }
  if (request.topics.empty()) return refused;
  const Time deadline = after(context.env.clock.now(), patience_with_new_topics);
  for (const auto& answer : forward(context, request).topics) {
    if (answer.error_code != ErrorCode::none && answer.error_code != ErrorCode::topic_already_exists) {
      refused[answer.name] = answer.error_code;
      continue;
    }
    const auto is_usable = [&] { return has_leaders(context.broker.image(), answer.name); };
    static_cast<void>(wait_for_metadata(context, is_usable, deadline));
  }
  return refused;
}

MetadataResponse::Topic describe_missing(const MetadataRequest::Topic& wanted, ErrorCode code) {
  MetadataResponse::Topic answer;
  answer.name = wanted.name;
  answer.topic_id = wanted.topic_id;
  answer.error_code = code;
  return answer;
}

void describe_wanted(HandlerContext context, const std::vector<MetadataRequest::Topic>& wanted, bool may_create,
                     MetadataResponse& response) {
  const ClusterImage& image = context.broker.image();
  std::set<std::string> missing;
  for (const MetadataRequest::Topic& topic : wanted) {
    if (topic.name && image.topic(*topic.name) == nullptr) missing.insert(*topic.name);
  }
  std::map<std::string, ErrorCode> refused;
  if (may_create && !missing.empty()) refused = create_topics(context, missing);
  const OfflineHere offline = offline_here(context.broker);
  for (const MetadataRequest::Topic& topic : wanted) {
    const TopicImage* found = topic.name ? image.topic(*topic.name) : image.topic(topic.topic_id);
    if (found != nullptr) {
      response.topics.push_back(describe(context.broker, *found, offline));
    } else if (!topic.name) {
      response.topics.push_back(describe_missing(topic, ErrorCode::unknown_topic_id));
    } else if (const auto refusal = refused.find(*topic.name); refusal != refused.end()) {
      response.topics.push_back(describe_missing(topic, refusal->second));
    } else {
      // One that is being created is found if the client asks again.
      response.topics.push_back(
          describe_missing(topic, may_create ? ErrorCode::leader_not_available : ErrorCode::unknown_topic_or_partition));
    }
  }
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
std::set<std::string> names_from_cursor(const ClusterImage& image, const PageRequest& request) {
  std::set<std::string> names;
  for (const PageRequest::Topic& topic : request.topics) names.insert(topic.name);
  if (names.empty()) {
    for (const auto& [id, topic] : image.topics()) names.insert(topic.name);
  }
  if (request.cursor) names.erase(names.begin(), names.lower_bound(request.cursor->topic_name));
  return names;
}

PageResponse::Topic::Partition described_in_page(Broker& broker, const PartitionRecord& record, const OfflineHere& offline) {
  const MetadataResponse::Topic::Partition partition = describe(broker, record, offline);
  PageResponse::Topic::Partition answer;
  answer.error_code = partition.error_code;
  answer.partition_index = partition.partition_index;
  answer.leader_id = partition.leader_id;
  answer.leader_epoch = partition.leader_epoch;
  answer.replica_nodes = partition.replica_nodes;
  answer.isr_nodes = partition.isr_nodes;
  // Never null, which would say "nobody" too: Kafka's own admin client fails on it.
  answer.eligible_leader_replicas = record.elr;
  answer.last_known_elr = record.last_known_elr;
  answer.offline_replicas = partition.offline_replicas;
  return answer;
}

PageResponse describe_page(Broker& broker, const PageRequest& request) {
  PageResponse response;
  const ClusterImage& image = broker.image();
  const OfflineHere offline = offline_here(broker);
  auto room = static_cast<std::size_t>(std::clamp(request.response_partition_limit, 1, partitions_in_a_page_max));
  for (const std::string& name : names_from_cursor(image, request)) {
    if (room == 0) {
      response.next_cursor = protocol::DescribeTopicPartitionsCursor{name, 0};
      break;
    }
    PageResponse::Topic& answer = response.topics.emplace_back();
    answer.name = name;
    const TopicImage* topic = image.topic(name);
    if (topic == nullptr) {
      const Outcome<> legal = metadata::check_topic_name(name);
      answer.error_code = legal ? ErrorCode::unknown_topic_or_partition : legal.error().code;
      continue;
    }
    answer.topic_id = topic->id;
    const std::size_t first = first_in_page(request, name);
    for (std::size_t i = first; i < topic->partitions.size() && room > 0; ++i, --room)
      answer.partitions.push_back(described_in_page(broker, topic->partitions[i], offline));
    if (first + answer.partitions.size() < topic->partitions.size()) {
      response.next_cursor =
          protocol::DescribeTopicPartitionsCursor{name, static_cast<std::int32_t>(first + answer.partitions.size())};
      break;
    }
  }
  return response;
}

}  // namespace

MetadataResponse handle(HandlerContext context, const MetadataRequest& request, protocol::Version version) {
  constexpr protocol::Version null_means_all_since = 1;
  constexpr protocol::Version client_decides_since = 4;
  Broker& broker = context.broker;
  MetadataResponse response;
  const bool all = !request.topics || (version < null_means_all_since && request.topics->empty());
  if (all) {
    const OfflineHere offline = offline_here(broker);
    for (const auto& [name, topic] : by_name(broker.image())) response.topics.push_back(describe(broker, *topic, offline));
  } else {
    const bool may_create =
        broker.config().auto_create_topics_enable && (version < client_decides_since || request.allow_auto_topic_creation);
    describe_wanted(context, *request.topics, may_create, response);
  }
  // Now, and not before topics were created: the leaders in the answer are among the brokers in it.
  for (const auto& [id, record] : broker.image().brokers()) {
    if (!is_alive(broker.image(), id)) continue;
    const metadata::Endpoint& endpoint = *client_endpoint(record);
    response.brokers.push_back({id, endpoint.host, endpoint.port, record.rack});
  }
  response.cluster_id = broker.cluster_id();
  response.controller_id = controller_for_clients(broker);
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
  response.controller_id = controller_for_clients(broker);
  for (const auto& [id, record] : broker.image().brokers()) {
    const metadata::Endpoint* endpoint = client_endpoint(record);
    if (endpoint == nullptr || (record.fenced && !request.include_fenced_brokers)) continue;
    response.brokers.push_back({id, endpoint->host, endpoint->port, record.rack, record.fenced});
  }
  return response;
}

protocol::DescribeTopicPartitionsResponse handle(HandlerContext context, const PageRequest& request) {
  if (cursor_is_valid(request)) return describe_page(context.broker, request);
  PageResponse response;
  for (const PageRequest::Topic& topic : request.topics) {
    PageResponse::Topic& answer = response.topics.emplace_back();
    answer.name = topic.name;
    answer.error_code = ErrorCode::invalid_request;
  }
  return response;
}

}  // namespace faultline
