#include "requests.h"

#include "broker/protocol/record.h"

namespace faultline {
namespace {

constexpr std::int64_t latest = -1;
constexpr std::int64_t earliest = -2;
constexpr std::int8_t topic_resource = 2;
constexpr std::int32_t timeout_ms = 30'000;

}  // namespace

Slice batch_of(const std::vector<std::string>& values, std::int64_t timestamp_ms, const protocol::BatchOptions& options) {
  protocol::BatchBuilder builder(options);
  for (const std::string& value : values) builder.append(timestamp_ms, std::nullopt, as_bytes(value));
  Result<Slice> batch = std::move(builder).build();
  REQUIRE(batch.has_value());
  return *batch;
}

protocol::ProduceRequest produce_request(const std::string& topic, std::int32_t partition, Slice batch, std::int16_t acks,
                                         std::int32_t patience_ms) {
  protocol::ProduceRequest request;
  request.acks = acks;
  request.timeout_ms = patience_ms;
  request.topic_data = {{topic, {{partition, protocol::Records(std::move(batch))}}}};
  return request;
}

protocol::ProduceResponse::Topic::Partition only(const protocol::ProduceResponse& response) {
  REQUIRE(response.responses.size() == 1);
  REQUIRE(response.responses[0].partition_responses.size() == 1);
  return response.responses[0].partition_responses[0];
}

protocol::ProduceResponse::Topic::Partition produce(RawClient& client, const std::string& topic, std::int32_t partition,
                                                    Slice batch, std::int16_t acks, Version version) {
  return only(client.call(produce_request(topic, partition, std::move(batch), acks), version));
}

protocol::FetchRequest::Topic::Partition at_offset(std::int32_t partition, std::int64_t offset, const FetchLimits& limits) {
  protocol::FetchRequest::Topic::Partition wanted;
  wanted.partition = partition;
  wanted.fetch_offset = offset;
  wanted.partition_max_bytes = limits.partition_max_bytes;
  return wanted;
}

protocol::FetchRequest fetch_request(const std::string& topic, std::int32_t partition, std::int64_t offset,
                                     const FetchLimits& limits) {
  protocol::FetchRequest request;
  request.max_wait_ms = limits.max_wait_ms;
  request.min_bytes = limits.min_bytes;
  request.max_bytes = limits.max_bytes;
  auto& wanted = request.topics.emplace_back();
  wanted.topic = topic;
  wanted.partitions = {at_offset(partition, offset, limits)};
  return request;
}

protocol::FetchResponse::Topic::Partition only(const protocol::FetchResponse& response) {
  REQUIRE(response.responses.size() == 1);
  REQUIRE(response.responses[0].partitions.size() == 1);
  return response.responses[0].partitions[0];
}

std::vector<std::string> values_of(const protocol::Records& records) {
  std::vector<std::string> values;
  protocol::BatchIterator batches(records.joined());
  for (;;) {
    const Result<std::optional<protocol::BatchView>> batch = batches.next();
    REQUIRE(batch.has_value());
    if (!batch->has_value()) break;
    REQUIRE((*batch)->crc_matches());
    const Result<std::vector<protocol::Record>> read = protocol::read_records(**batch);
    REQUIRE(read.has_value());
    for (const protocol::Record& record : *read) values.emplace_back(as_text(record.value->bytes()));
  }
  REQUIRE(batches.rest().empty());
  return values;
}

std::vector<std::string> values_of(const protocol::FetchResponse& response) {
  REQUIRE(only(response).error_code == ErrorCode::none);
  return values_of(only(response).records);
}

ErrorCode create_topic(RawClient& client, const std::string& topic, std::int32_t partitions,
                       const std::map<std::string, std::string>& configs) {
  protocol::CreateTopicsRequest request;
  auto& wanted = request.topics.emplace_back();
  wanted.name = topic;
  wanted.num_partitions = partitions;
  wanted.replication_factor = -1;
  for (const auto& [key, value] : configs) wanted.configs.push_back({key, value});
  return client.call(request, 7).topics.at(0).error_code;
}

ErrorCode delete_topic(RawClient& client, const std::string& topic) {
  protocol::DeleteTopicsRequest request;
  request.topics = {{topic, {}}};
  request.timeout_ms = timeout_ms;
  return client.call(request, 6).responses.at(0).error_code;
}

ErrorCode grow_topic(RawClient& client, const std::string& topic, std::int32_t partitions) {
  protocol::CreatePartitionsRequest request;
  request.topics = {{topic, partitions, std::nullopt}};
  request.timeout_ms = timeout_ms;
  return client.call(request, 3).results.at(0).error_code;
}

ErrorCode set_config(RawClient& client, const std::string& topic, const std::string& key, const std::string& value) {
  protocol::IncrementalAlterConfigsRequest request;
  request.resources = {{topic_resource, topic, {{key, 0, value}}}};
  return client.call(request, 1).responses.at(0).error_code;
}

std::string config_of(RawClient& client, const std::string& topic, const std::string& key) {
  protocol::DescribeConfigsRequest request;
  request.resources = {{topic_resource, topic, std::vector<std::string>{key}}};
  const auto response = client.call(request, 4);
  REQUIRE(response.results.at(0).error_code == ErrorCode::none);
  return response.results.at(0).configs.at(0).value.value();
}

protocol::DeleteRecordsResponse::Topic::Partition delete_records(RawClient& client, const std::string& topic,
                                                                 std::int64_t offset) {
  protocol::DeleteRecordsRequest request;
  request.topics = {{topic, {{0, offset}}}};
  return client.call(request, 2).topics.at(0).partitions.at(0);
}

protocol::ListOffsetsResponse::Topic::Partition list_offset(RawClient& client, const std::string& topic, std::int64_t timestamp,
                                                            std::int32_t leader_epoch, Version version, std::int32_t partition) {
  protocol::ListOffsetsRequest request;
  request.replica_id = -1;
  request.topics = {{topic, {{partition, leader_epoch, timestamp}}}};
  return client.call(request, version).topics.at(0).partitions.at(0);
}

protocol::MetadataResponse metadata_of(RawClient& client, const std::vector<std::string>& topics) {
  protocol::MetadataRequest request;
  request.topics.emplace();
  request.allow_auto_topic_creation = false;
  for (const std::string& topic : topics) request.topics->push_back({{}, topic});
  return client.call(request, 12);
}

std::string describe_all(RawClient& client) {
  std::string all;
  for (const auto& topic : client.call(protocol::MetadataRequest{}, 12).topics) {
    all += *topic.name + " retention.ms=" + config_of(client, *topic.name, "retention.ms");
    for (const auto& partition : topic.partitions) {
      const std::int32_t index = partition.partition_index;
      all += " [" + std::to_string(index) + " " + std::string(to_string(partition.error_code));
      const std::int64_t start = list_offset(client, *topic.name, earliest, -1, 8, index).offset;
      const std::int64_t end = list_offset(client, *topic.name, latest, -1, 8, index).offset;
      all += " " + std::to_string(start) + ".." + std::to_string(end) + ":";
      if (start < end) {
        for (const std::string& value : values_of(client.call(fetch_request(*topic.name, index, start), fetch_by_name)))
          all += " " + value;
      }
      all += "]";
    }
    all += "\n";
  }
  return all;
}

}  // namespace faultline
