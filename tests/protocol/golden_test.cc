// Frames that other people's clients sent (tests/testdata/frames/README.md): read, understood, and written again byte for byte.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "broker/protocol/frame.h"
#include "broker/protocol/messages.h"
#include "broker/protocol/produced_batch.h"

using namespace faultline;
using namespace faultline::protocol;

namespace {

Slice golden_frame(const std::filesystem::path& path) {
  std::ifstream file(path);
  REQUIRE(file.good());
  std::string bytes;
  std::string line;
  while (std::getline(file, line)) {
    for (std::size_t i = 0; i + 1 < line.size(); i += 2) bytes += static_cast<char>(std::stoi(line.substr(i, 2), nullptr, 16));
  }
  return Slice::copy_of(bytes);
}

std::filesystem::path frame_path(const std::string& name) {
  return std::filesystem::path(FAULTLINE_TESTDATA) / "frames" / (name + ".hex");
}

/// Decodes a frame as M.
template <class M>
M golden_message(const std::string& name) {
  Reader reader(golden_frame(frame_path(name)).from(frame_length_bytes));
  const RequestHeader header = decode_request_header(reader).value();
  REQUIRE(header.api_key == M::api_key);
  return decode<M>(reader.rest(), header.api_version).value();
}

/// Calls check(name, frame) for each file.
template <class Check>
void each_golden_file(Check check) {
  for (const auto& entry : std::filesystem::directory_iterator(frame_path("any").parent_path())) {
    if (entry.path().extension() == ".hex") check(entry.path().stem().string(), golden_frame(entry.path()));
  }
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

TEST_CASE("golden: every request of another implementation is encoded again byte for byte") {
  std::size_t requests = 0;
  each_golden_file([&](const std::string& name, const Slice& frame) {
    if (name.find("Response_v") != std::string::npos) return;
    ++requests;
    INFO(name);
    Reader reader(frame.from(frame_length_bytes));
    const RequestHeader header = decode_request_header(reader).value();
    const Slice again = encoded_again<AllRequests>(header.api_key, reader.rest(), header.api_version, [&](const auto& message) {
      return request_frame(header.correlation_id, header.client_id, header.api_version, message);
    });
    REQUIRE(as_text(again) == as_text(frame));
  });
  REQUIRE(requests > 60);
}

TEST_CASE("golden: every response of another implementation is encoded again byte for byte") {
  std::size_t responses = 0;
  each_golden_file([&](const std::string& name, const Slice& frame) {
    const std::size_t end = name.find("Response_v");
    if (end == std::string::npos) return;
    ++responses;
    INFO(name);
    const std::string api_name = name.substr(name.find('_') + 1, end - name.find('_') - 1);
    const auto* const api = std::find_if(apis.begin(), apis.end(), [&](const ApiInfo& info) { return info.name == api_name; });
    REQUIRE(api != apis.end());
    const auto version = static_cast<Version>(std::stoi(name.substr(end + std::string_view("Response_v").size())));
    Reader reader(frame.from(frame_length_bytes));
    const std::int32_t correlation_id = decode_response_header(reader, api->key, version).value();
    const Slice again = encoded_again<AllResponses>(
        api->key, reader.rest(), version, [&](const auto& message) { return response_frame(correlation_id, version, message); });
    REQUIRE(as_text(again) == as_text(frame));
  });
  REQUIRE(responses > 30);
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
