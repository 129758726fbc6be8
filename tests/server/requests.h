// Requests in the form the tests need them most, and what is interesting of the answers.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "raw_client.h"

namespace faultline {

// The newest version that names topics, and the first that gives ids instead.
inline constexpr Version fetch_by_name = 12;
inline constexpr Version fetch_by_id = 13;
inline constexpr Version newest_produce = 12;

/// A batch of one record for each value, all of the same time.
Slice batch_of(const std::vector<std::string>& values, std::int64_t timestamp_ms = 1'700'000'000'000,
               const protocol::BatchOptions& options = {});

protocol::ProduceRequest produce_request(const std::string& topic, std::int32_t partition, Slice batch, std::int16_t acks = -1,
                                         std::int32_t timeout_ms = 30'000);
protocol::ProduceResponse::Topic::Partition only(const protocol::ProduceResponse& response);
/// Produces and says what became of it.
protocol::ProduceResponse::Topic::Partition produce(RawClient& client, const std::string& topic, std::int32_t partition,
                                                    Slice batch, std::int16_t acks = -1, Version version = newest_produce);

struct FetchLimits {
  std::int32_t max_wait_ms = 0;
  std::int32_t min_bytes = 1;
  std::int32_t max_bytes = 50 << 20;
  std::int32_t partition_max_bytes = 1 << 20;
};
protocol::FetchRequest::Topic::Partition at_offset(std::int32_t partition, std::int64_t offset, const FetchLimits& limits = {});
protocol::FetchRequest fetch_request(const std::string& topic, std::int32_t partition, std::int64_t offset,
                                     const FetchLimits& limits = {});
protocol::FetchResponse::Topic::Partition only(const protocol::FetchResponse& response);
/// The records of an answer as text, from whole batches.
std::vector<std::string> values_of(const protocol::Records& records);
std::vector<std::string> values_of(const protocol::FetchResponse& response);

ErrorCode create_topic(RawClient& client, const std::string& topic, std::int32_t partitions = 1,
                       const std::map<std::string, std::string>& configs = {});
ErrorCode delete_topic(RawClient& client, const std::string& topic);
ErrorCode grow_topic(RawClient& client, const std::string& topic, std::int32_t partitions);
ErrorCode set_config(RawClient& client, const std::string& topic, const std::string& key, const std::string& value);
std::string config_of(RawClient& client, const std::string& topic, const std::string& key);
protocol::DeleteRecordsResponse::Topic::Partition delete_records(RawClient& client, const std::string& topic,
                                                                 std::int64_t offset);
protocol::ListOffsetsResponse::Topic::Partition list_offset(RawClient& client, const std::string& topic, std::int64_t timestamp,
                                                            std::int32_t leader_epoch = -1, Version version = 8,
                                                            std::int32_t partition = 0);
protocol::MetadataResponse metadata_of(RawClient& client, const std::vector<std::string>& topics);
/// Everything a client can learn of the broker's topics: partitions, settings, offsets, records.
std::string describe_all(RawClient& client);

}  // namespace faultline
