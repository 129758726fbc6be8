// Frames that other people's clients sent (tests/testdata/frames/README.md): read, understood, and written again byte for byte.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/protocol/frame.h"
#include "broker/protocol/messages.h"
#include "broker/protocol/produced_batch.h"

using namespace faultline;
using namespace faultline::protocol;

namespace {

std::filesystem::path frames_folder() { return std::filesystem::path(FAULTLINE_TESTDATA) / "frames"; }

std::string bytes_of_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return bytes;
}

Slice golden_frame(const std::filesystem::path& path) {
  std::ifstream file(path);
  REQUIRE(file.good());
  std::string bytes;
  std::string line;
  while (std::getline(file, line)) bytes += bytes_of_hex(line);
  return Slice::copy_of(bytes);
}

/// Decodes a frame as M.
template <class M>
M golden_message(const std::string& name) {
  Reader reader(golden_frame(frames_folder() / (name + ".hex")).from(frame_length_bytes));
  const RequestHeader header = decode_request_header(reader).value();
  REQUIRE(header.api_key == M::api_key);
  return decode<M>(reader.rest(), header.api_version).value();
}

/// Decodes `body` as the message of `key` in Messages, and gives it to `frame_of`.
template <class Messages, class FrameOf>
Slice encoded_again(ApiKey key, const Slice& body, Version version, FrameOf frame_of) {
  Slice result;
  Messages::each([&]<class M>() {
    if (M::api_key != key) return;
    const Result<M> message = decode<M>(body, version);
    INFO((message.has_error() ? to_string(message.error()) : print(*message, version)));
    REQUIRE(message.has_value());
    result = concatenate(frame_of(*message));
  });
  return result;
}

}  // namespace

TEST_CASE("golden: every captured frame is encoded again byte for byte") {
  std::size_t frames = 0;
  for (const auto& entry : std::filesystem::directory_iterator(frames_folder())) {
    if (entry.path().extension() != ".hex") continue;
    ++frames;
    INFO(entry.path().stem().string());
    const Slice frame = golden_frame(entry.path());
    Reader reader(frame.from(frame_length_bytes));
    const RequestHeader header = decode_request_header(reader).value();
    const Slice again = encoded_again<AllRequests>(header.api_key, reader.rest(), header.api_version, [&](const auto& message) {
      return request_frame(header.correlation_id, header.client_id, header.api_version, message);
    });
    REQUIRE(as_text(again) == as_text(frame));
  }
  REQUIRE(frames > 30);
}

TEST_CASE("golden: every message of another implementation, in every version, is encoded again byte for byte") {
  std::ifstream file(frames_folder() / "encoded.txt");
  std::map<std::string, int> versions;
  std::string name;
  Version version = 0;
  std::string hex;
  while (file >> name >> version >> hex) {
    INFO(name << " version " << version << "\n" << hex);
    const bool response = name.ends_with("Response");
    const std::string api_name = name.substr(0, name.rfind(response ? "Response" : "Request"));
    const auto* const api = std::find_if(apis.begin(), apis.end(), [&](const ApiInfo& info) { return info.name == api_name; });
    REQUIRE(api != apis.end());
    const Slice body = hex == "-" ? Slice() : Slice::copy_of(bytes_of_hex(hex));
    const auto encode_again = [&](const auto& message) {
      Encoder encoder;
      encode(encoder, message, version);
      return std::move(encoder).finish();
    };
    const Slice again = response ? encoded_again<AllResponses>(api->key, body, version, encode_again)
                                 : encoded_again<AllRequests>(api->key, body, version, encode_again);
    REQUIRE(as_text(again) == as_text(body));
    ++versions[api_name];
  }
  for (const ApiInfo& api : apis) {
    INFO(api.name);
    const int lines_per_version = 4;  // request and response, without nulls and with
    CHECK(versions[std::string(api.name)] == lines_per_version * (api.max_version - api.min_version + 1));
  }
}

TEST_CASE("golden: batches of every client and codec pass the checks of a broker and give the records that were sent") {
  struct Expected {
    std::string key;
    std::string value;
    std::string header;
  };
  const std::string filler(51, 'a');
  const auto of_kcat = [&](int i) {
    return Expected{"key" + std::to_string(i + 1), "value-" + std::to_string(i + 1) + "-" + filler, "trace"};
  };
  const auto of_python = [](int i) { return Expected{"k" + std::to_string(i), "v" + std::to_string(i), "h"}; };
  const auto of_python_compressed = [](int i) { return Expected{"k" + std::to_string(i), std::string(50, 'v'), "h"}; };
  struct Case {
    std::string name;
    Codec codec;
    std::function<Expected(int)> expected;
  };
  const std::vector<Case> cases = {
      {"kcat-none", Codec::none, of_kcat},
      {"kcat-gzip", Codec::gzip, of_kcat},
      {"kcat-snappy", Codec::snappy, of_kcat},
      {"kcat-lz4", Codec::lz4, of_kcat},
      {"kcat-zstd", Codec::zstd, of_kcat},
      {"confluent-kafka", Codec::none, of_python},
      {"kafka-python", Codec::none, of_python},
      {"kafka-python-gzip", Codec::gzip, of_python_compressed},
      {"kafka-python-snappy", Codec::snappy, of_python_compressed},
      {"kafka-python-lz4", Codec::lz4, of_python_compressed},
  };
  for (const Case& one : cases) {
    INFO(one.name);
    const auto request = golden_message<ProduceRequest>(one.name + "_Produce_v7");
    REQUIRE(request.topic_data.size() == 1);
    REQUIRE(request.topic_data[0].partition_data.size() == 1);
    const Slice records = request.topic_data[0].partition_data[0].records.joined();
    const Result<ProducedBatch> checked = check_produced(records, ProduceRules{});
    INFO((checked.has_error() ? to_string(checked.error()) : ""));
    REQUIRE(checked.has_value());
    CHECK(checked->batch.codec() == one.codec);
    CHECK(checked->max_timestamp == checked->batch.max_timestamp());

    const std::vector<Record> read = read_records(checked->batch).value();
    REQUIRE(read.size() == 3);
    for (int i = 0; i < 3; ++i) {
      const Record& record = read[static_cast<std::size_t>(i)];
      const Expected expected = one.expected(i);
      CHECK(record.offset == checked->batch.base_offset() + i);
      CHECK(as_text(record.key.value()) == expected.key);
      CHECK(as_text(record.value.value()) == expected.value);
      REQUIRE(record.headers.size() == 1);
      CHECK(record.headers[0].key == expected.header);
      CHECK(record.headers[0].value.has_value());
    }
  }
}

TEST_CASE("golden: an idempotent producer's batch carries id, epoch and sequence") {
  const auto request = golden_message<ProduceRequest>("confluent-kafka_Produce_v7");
  CHECK(request.acks == -1);
  const BatchView batch = BatchView::parse(request.topic_data[0].partition_data[0].records.joined()).value();
  CHECK(batch.producer_id() == 4000);
  CHECK(batch.producer_epoch() == 0);
  CHECK(batch.base_sequence() == 0);
  CHECK(batch.last_sequence() == 2);
  CHECK_FALSE(batch.is_transactional());
}

TEST_CASE("golden: what clients ask in their first requests") {
  const auto versions = golden_message<ApiVersionsRequest>("kcat_ApiVersions_v3");
  CHECK(versions.client_software_name == "librdkafka");
  CHECK(golden_message<MetadataRequest>("kafka-python_Metadata_v0").topics.has_value());
  const auto fetch = golden_message<FetchRequest>("kcat_Fetch_v11");
  CHECK(fetch.replica_id == -1);
  CHECK(fetch.session_epoch == -1);
  REQUIRE(fetch.topics.size() == 1);
  CHECK(fetch.topics[0].topic == "golden");
  const auto offsets = golden_message<ListOffsetsRequest>("kcat-query_ListOffsets_v2");
  CHECK(offsets.topics.at(0).partitions.at(0).timestamp == 1600000000000);
  const auto create = golden_message<CreateTopicsRequest>("confluent-kafka_CreateTopics_v4");
  CHECK(create.topics.at(0).num_partitions == 3);
  CHECK(create.topics.at(0).configs.at(0).name == "retention.ms");
}

TEST_CASE("golden: what admin clients ask about leaders, replicas and partitions") {
  const auto elect = golden_message<ElectLeadersRequest>("kafka-python-3_ElectLeaders_v2");
  CHECK(elect.election_type == ElectionType::preferred);
  REQUIRE(elect.topic_partitions.has_value());
  REQUIRE(elect.topic_partitions->size() == 2);
  CHECK(elect.topic_partitions->at(0).topic == "golden");
  CHECK(elect.topic_partitions->at(0).partitions == std::vector<std::int32_t>{0, 2});
  CHECK_FALSE(
      golden_message<ListPartitionReassignmentsRequest>("kafka-python-3_ListPartitionReassignments_v0").topics.has_value());
  const auto reassign = golden_message<AlterPartitionReassignmentsRequest>("kafka-python-3_AlterPartitionReassignments_v0");
  REQUIRE(reassign.topics.size() == 1);
  CHECK(reassign.topics[0].partitions.size() == 2);
  const auto page = golden_message<DescribeTopicPartitionsRequest>("kafka-python-3_DescribeTopicPartitions_v0");
  CHECK(page.topics.at(0).name == "golden");
  CHECK(page.response_partition_limit == 2);
  CHECK_FALSE(page.cursor.has_value());
}
