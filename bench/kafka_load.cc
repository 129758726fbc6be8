#include "bench/kafka_load.h"

#include <array>

#include "broker/protocol/batch_builder.h"
#include "broker/protocol/create_topics.h"
#include "broker/protocol/endian.h"
#include "broker/protocol/fetch.h"
#include "broker/protocol/frame.h"
#include "broker/protocol/produce.h"

namespace faultline::bench {
namespace {

using protocol::CreateTopicsRequest;
using protocol::CreateTopicsResponse;
using protocol::ErrorCode;
using protocol::FetchRequest;
using protocol::FetchResponse;
using protocol::ProduceRequest;
using protocol::ProduceResponse;

// What clients of today's Kafka use, but for the topic ids of newer fetches.
constexpr protocol::Version create_topics_version = 5;
constexpr protocol::Version produce_version = 9;
constexpr protocol::Version fetch_version = 12;

constexpr std::int64_t some_time_ms = 1'700'000'000'000;
constexpr std::int32_t timeout_ms = 30'000;

template <class M>
std::vector<std::uint8_t> frame_of(protocol::Version version, const M& message) {
  std::vector<std::uint8_t> frame;
  for (const Slice& piece : protocol::request_frame(0, "bench", version, message))
    frame.insert(frame.end(), piece.data(), piece.data() + piece.size());
  return frame;
}

std::vector<std::uint8_t> produce_frame(const std::string& topic, const Batch& batch) {
  ProduceRequest request;
  request.acks = -1;
  request.timeout_ms = timeout_ms;
  ProduceRequest::Topic::Partition partition;
  partition.records = batch.bytes;
  request.topic_data.push_back({topic, {std::move(partition)}});
  return frame_of(produce_version, request);
}

std::vector<std::uint8_t> fetch_frame(const std::string& topic, std::int64_t offset, std::size_t bytes) {
  FetchRequest request;
  request.max_wait_ms = timeout_ms;
  request.min_bytes = 1;
  request.max_bytes = static_cast<std::int32_t>(bytes);
  request.session_id = 0;
  FetchRequest::Topic::Partition partition;
  partition.fetch_offset = offset;
  partition.partition_max_bytes = static_cast<std::int32_t>(bytes);
  FetchRequest::Topic& wanted = request.topics.emplace_back();
  wanted.topic = topic;
  wanted.partitions.push_back(partition);
  return frame_of(fetch_version, request);
}

template <class M>
Result<M> decode_answer(const Slice& frame, protocol::Version version) {
  protocol::Reader reader(frame);
  TRY(protocol::decode_response_header(reader, M::api_key, version));
  return protocol::decode<M>(reader.rest(), version);
}

Result<> check(ErrorCode code, const char* call) {
  if (code == ErrorCode::none) return {};
  return Error(Errc::invalid_argument, std::string(call) + ": " + std::string(to_string(code)));
}

}  // namespace

Batch make_batch(std::size_t bytes, std::size_t record_bytes) {
  // Lengths, deltas and flags before and behind a record's value are never more.
  constexpr std::size_t around_value = 16;
  const std::vector<std::uint8_t> value(record_bytes, 'x');
  protocol::BatchBuilder builder;
  do {
    builder.append(some_time_ms, std::nullopt, Bytes(value));
  } while (builder.size() + record_bytes + around_value <= bytes);
  const std::int64_t records = builder.count();
  return {std::move(builder).build().value(), records};
}

Result<KafkaLoad> KafkaLoad::connect(std::uint16_t port) { return KafkaLoad(TRY(connect_to(port))); }

Result<Slice> KafkaLoad::receive_frame() {
  std::array<std::uint8_t, protocol::frame_length_bytes> length;
  TRY(receive_all(socket_.number(), length));
  Buffer frame(static_cast<std::size_t>(protocol::load_be<std::int32_t>(length.data())));
  TRY(receive_all(socket_.number(), frame.bytes()));
  return std::move(frame).freeze();
}

Result<> KafkaLoad::create_topic(const std::string& topic, Durability durability) {
  CreateTopicsRequest request;
  CreateTopicsRequest::Topic& wanted = request.topics.emplace_back();
  wanted.name = topic;
  wanted.num_partitions = 1;
  wanted.replication_factor = 1;
  if (durability == Durability::page_cache) wanted.configs.push_back({"flush.messages", std::to_string(INT64_MAX)});
  TRY(send_frame(frame_of(create_topics_version, request)));
  const auto answer = TRY(decode_answer<CreateTopicsResponse>(TRY(receive_frame()), create_topics_version));
  return check(answer.topics.at(0).error_code, "create topic");
}

Result<> KafkaLoad::receive_produced() {
  const auto answer = TRY(decode_answer<ProduceResponse>(TRY(receive_frame()), produce_version));
  return check(answer.responses.at(0).partition_responses.at(0).error_code, "produce");
}

Result<> KafkaLoad::produce(const std::string& topic, const Batch& batch, std::size_t count, std::size_t in_flight) {
  const std::vector<std::uint8_t> frame = produce_frame(topic, batch);
  for (std::size_t sent = 0, answered = 0; answered < count; ++answered) {
    for (; sent < count && sent - answered < in_flight; ++sent) TRY(send_frame(frame));
    TRY(receive_produced());
  }
  return {};
}

Result<std::vector<double>> KafkaLoad::produce_timed(const std::string& topic, const Batch& batch, std::size_t count) {
  const std::vector<std::uint8_t> frame = produce_frame(topic, batch);
  std::vector<double> latencies;
  latencies.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double sent = now_seconds();
    TRY(send_frame(frame));
    TRY(receive_produced());
    latencies.push_back(now_seconds() - sent);
  }
  return latencies;
}

Result<> KafkaLoad::consume(const std::string& topic, const Batch& batch, std::size_t first, std::size_t count,
                            std::size_t in_flight) {
  const auto offset_of = [&](std::size_t index) { return static_cast<std::int64_t>(first + index) * batch.records; };
  for (std::size_t sent = 0, answered = 0; answered < count; ++answered) {
    for (; sent < count && sent - answered < in_flight; ++sent)
      TRY(send_frame(fetch_frame(topic, offset_of(sent), batch.bytes.size())));
    const auto answer = TRY(decode_answer<FetchResponse>(TRY(receive_frame()), fetch_version));
    const FetchResponse::Topic::Partition& partition = answer.responses.at(0).partitions.at(0);
    TRY(check(partition.error_code, "fetch"));
    if (partition.records.size() != batch.bytes.size())
      return Error(Errc::internal, "a fetch got " + std::to_string(partition.records.size()) + " bytes");
  }
  return {};
}

}  // namespace faultline::bench
