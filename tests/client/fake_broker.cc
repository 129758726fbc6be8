#include "fake_broker.h"

#include <algorithm>
#include <ranges>

#include "broker/protocol/record.h"

namespace faultline::client {
namespace {

using namespace protocol;

/// One connection of one broker.
class Session {
 public:
  Session(Env& env, FakeCluster& cluster, std::int32_t id, std::unique_ptr<Stream> stream)
      : env_(env), cluster_(cluster), id_(id), stream_(std::move(stream)) {}

  void run() {
    for (;;) {
      std::array<std::uint8_t, frame_length_bytes> length{};
      if (!read_exactly(*stream_, length, no_deadline)) return;
      Buffer buffer(static_cast<std::size_t>(load_be<std::int32_t>(length.data())));
      if (!read_exactly(*stream_, buffer.bytes(), no_deadline)) return;
      if (!handle(std::move(buffer).freeze())) return;
    }
  }

 private:
  bool handle(const Slice& frame) {
    if (hangs_) return true;
    Reader reader(frame);
    const Result<RequestHeader> header = decode_request_header(reader);
    if (!header) return false;
    const Slice body = frame.from(frame.size() - reader.remaining());
    const int nth = cluster_.seen[header->api_key]++;
    cluster_.last_version[header->api_key] = header->api_version;
    const Reaction reaction = cluster_.script(id_, *header, nth);
    if (reaction.delay > 0ns && !sleep_until(after(env_.clock.now(), reaction.delay))) return false;
    switch (header->api_key) {
      case ApiKey::api_versions: return answer_versions(*header, reaction);
      case ApiKey::metadata: return answer<MetadataRequest, MetadataResponse>(*header, body, reaction);
      case ApiKey::produce: return answer<ProduceRequest, ProduceResponse>(*header, body, reaction);
      case ApiKey::fetch: return answer<FetchRequest, FetchResponse>(*header, body, reaction);
      case ApiKey::list_offsets: return answer<ListOffsetsRequest, ListOffsetsResponse>(*header, body, reaction);
      case ApiKey::init_producer_id: return answer<InitProducerIdRequest, InitProducerIdResponse>(*header, body, reaction);
      case ApiKey::create_topics: return answer<CreateTopicsRequest, CreateTopicsResponse>(*header, body, reaction);
      default: return answer_by_handler(*header, body, reaction);
    }
  }

  bool answer_by_handler(const RequestHeader& header, const Slice& body, const Reaction& reaction) {
    const auto found = cluster_.handlers.find(header.api_key);
    if (found == cluster_.handlers.end() || reaction.kind == Reaction::Kind::close) return false;
    const Slice frame = found->second(id_, header, body);
    if (reaction.kind == Reaction::Kind::serve_and_close) return false;
    return write_all(*stream_, frame.bytes(), no_deadline).has_value();
  }

  bool answer_versions(const RequestHeader& header, const Reaction& reaction) {
    ApiVersionsResponse response;
    const auto limit = cluster_.version_max.find(ApiKey::api_versions);
    const bool too_new = limit != cluster_.version_max.end() && header.api_version > limit->second;
    response.error_code = too_new ? ErrorCode::unsupported_version : ErrorCode::none;
    for (const ApiInfo& api : apis) {
      const auto max = cluster_.version_max.find(api.key);
      response.api_keys.push_back(
          {api.key, api.advertised_min, max == cluster_.version_max.end() ? api.max_version : max->second});
    }
    return deliver(header, too_new ? Version{0} : header.api_version, response, reaction);
  }

  template <class Request, class Response>
  bool answer(const RequestHeader& header, const Slice& body, const Reaction& reaction) {
    using Kind = Reaction::Kind;
    if (reaction.kind == Kind::close) return false;
    const Result<Request> request = decode<Request>(body, header.api_version);
    if (!request) return false;
    const bool refuses = reaction.kind == Kind::refuse || reaction.kind == Kind::serve_and_refuse;
    Response response;
    serve(*request, response, refuses ? reaction.code : ErrorCode::none, reaction.kind != Kind::refuse);
    if (reaction.kind == Kind::serve_and_close) return false;
    if constexpr (std::same_as<Request, ProduceRequest>) {
      if (request->acks == 0) return true;
    }
    return deliver(header, header.api_version, response, reaction);
  }

  template <class Response>
  bool deliver(const RequestHeader& header, Version version, const Response& response, const Reaction& reaction) {
    using Kind = Reaction::Kind;
    const std::int32_t correlation_id = header.correlation_id + (reaction.kind == Kind::wrong_correlation ? 1 : 0);
    const Slice frame = concatenate(response_frame(correlation_id, version, response));
    switch (reaction.kind) {
      case Kind::never_answer: hangs_ = true; return true;
      case Kind::garbage: return write({0, 0, 0, 3, 1, 2, 3});
      case Kind::endless_length: return write({0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1});
      case Kind::cut_answer:
        static_cast<void>(write_all(*stream_, frame.bytes().first(frame.size() / 2), no_deadline));
        static_cast<void>(stream_->shutdown_write());
        return false;
      default: return write_all(*stream_, frame.bytes(), no_deadline).has_value();
    }
  }

  bool write(std::vector<std::uint8_t> bytes) { return write_all(*stream_, Bytes(bytes), no_deadline).has_value(); }

  // What each request does. With `code`, every partition of the answer carries it.

  void serve(const MetadataRequest& request, MetadataResponse& response, ErrorCode code, bool) {
    for (const auto& [id, endpoint] : cluster_.brokers)
      response.brokers.push_back({id, endpoint.host, endpoint.port, std::nullopt});
    response.controller_id = cluster_.brokers.begin()->first;
    std::vector<std::string> names;
    if (request.topics.has_value()) {
      for (const auto& topic : *request.topics) names.push_back(*topic.name);
    } else {
      for (const auto& [name, topic] : cluster_.topics) names.push_back(name);
    }
    for (const std::string& name : names) {
      MetadataResponse::Topic& said = response.topics.emplace_back();
      said.name = name;
      const auto found = cluster_.topics.find(name);
      said.error_code = found == cluster_.topics.end() ? ErrorCode::unknown_topic_or_partition : code;
      if (said.error_code != ErrorCode::none) continue;
      said.topic_id = found->second.id;
      for (const FakePartition& partition : found->second.partitions) {
        MetadataResponse::Topic::Partition one;
        one.partition_index = static_cast<std::int32_t>(said.partitions.size());
        one.leader_id = partition.leader;
        one.leader_epoch = partition.epoch;
        if (partition.leader < 0) one.error_code = ErrorCode::leader_not_available;
        said.partitions.push_back(one);
      }
    }
  }

  void serve(const InitProducerIdRequest&, InitProducerIdResponse& response, ErrorCode code, bool) {
    response.error_code = code;
    if (code == ErrorCode::none) response.producer_id = cluster_.next_producer_id++;
  }

  static bool same_epoch(const BatchView& one, const BatchView& other) {
    return one.producer_id() == other.producer_id() && one.producer_epoch() == other.producer_epoch();
  }

  /// Where the batch is, if it is there.
  static std::optional<std::int64_t> original_of(const FakePartition& partition, const BatchView& batch) {
    if (!batch.has_producer_id()) return std::nullopt;
    for (const Slice& bytes : partition.batches) {
      const BatchView known = *BatchView::parse(bytes);
      if (same_epoch(known, batch) && known.base_sequence() == batch.base_sequence()) return known.base_offset();
    }
    return std::nullopt;
  }

  /// What a broker says to the batch's number (KIP-98): `none` if it follows the last one of its producer.
  static ErrorCode judge_number(const FakePartition& partition, const BatchView& batch) {
    if (!batch.has_producer_id()) return ErrorCode::none;
    for (const Slice& bytes : partition.batches | std::views::reverse) {
      const BatchView last = *BatchView::parse(bytes);
      if (last.producer_id() != batch.producer_id()) continue;
      if (batch.producer_epoch() < last.producer_epoch()) return ErrorCode::invalid_producer_epoch;
      const std::int32_t expected = same_epoch(last, batch) ? last.last_sequence() + 1 : 0;
      return batch.base_sequence() == expected ? ErrorCode::none : ErrorCode::out_of_order_sequence_number;
    }
    return ErrorCode::none;
  }

  void serve(const ProduceRequest& request, ProduceResponse& response, ErrorCode code, bool carried_out) {
    for (const auto& topic : request.topic_data) {
      ProduceResponse::Topic& said = response.responses.emplace_back();
      said.name = topic.name;
      for (const auto& data : topic.partition_data) {
        ProduceResponse::Topic::Partition& one = said.partition_responses.emplace_back();
        one.index = data.index;
        one.error_code = code;
        FakePartition& partition = cluster_.at({topic.name, data.index});
        if (partition.leader != id_) {
          one.error_code = ErrorCode::not_leader_or_follower;
        } else if (carried_out) {
          const Slice batch = Slice::copy_of(data.records.joined().bytes());
          if (const std::optional<std::int64_t> original = original_of(partition, *BatchView::parse(batch))) {
            one.base_offset = *original;
            continue;
          }
          if (const ErrorCode refusal = judge_number(partition, *BatchView::parse(batch)); refusal != ErrorCode::none) {
            one.error_code = refusal;
            continue;
          }
          one.base_offset = partition.end();
          BatchView::parse(batch)->stamp(partition.end(), partition.epoch);
          partition.batches.push_back(batch);
          cluster_.appended.notify_all();
        }
      }
    }
  }

  void serve(const FetchRequest& request, FetchResponse& response, ErrorCode code, bool) {
    const Time give_up = after(env_.clock.now(), std::chrono::milliseconds(request.max_wait_ms));
    do {
      response = {};
      std::size_t bytes = 0;
      for (const auto& topic : request.topics) {
        FetchResponse::Topic& said = response.responses.emplace_back();
        said.topic = topic.topic;
        said.topic_id = topic.topic_id;
        for (const auto& asked : topic.partitions) bytes += read(topic, asked, said.partitions.emplace_back(), code);
      }
      if (bytes > 0) return;
    } while (cluster_.appended.wait(give_up));
  }

  /// Returns: whether there is anything to say.
  bool read(const FetchRequest::Topic& topic, const FetchRequest::Topic::Partition& asked, FetchResponse::Topic::Partition& said,
            ErrorCode code) {
    said.partition_index = asked.partition;
    said.error_code = code;
    if (code != ErrorCode::none) return true;
    const auto found = std::ranges::find_if(cluster_.topics, [&](const auto& entry) {
      return topic.topic.empty() ? entry.second.id == topic.topic_id : entry.first == topic.topic;
    });
    if (found == cluster_.topics.end()) {
      said.error_code = ErrorCode::unknown_topic_id;
      return true;
    }
    const FakePartition& partition = found->second.partitions.at(static_cast<std::size_t>(asked.partition));
    if (partition.leader != id_) {
      said.error_code = ErrorCode::not_leader_or_follower;
    } else if (asked.fetch_offset < partition.start || asked.fetch_offset > partition.end()) {
      said.error_code = ErrorCode::offset_out_of_range;
    }
    said.high_watermark = partition.end();
    said.last_stable_offset = partition.end();
    if (said.error_code != ErrorCode::none) return true;
    for (const Slice& batch : partition.batches) {
      if (BatchView::parse(batch)->next_offset() <= asked.fetch_offset) continue;
      if (!said.records.empty() && said.records.size() + batch.size() > static_cast<std::size_t>(asked.partition_max_bytes))
        break;
      said.records.append(batch);
    }
    return !said.records.empty();
  }

  void serve(const ListOffsetsRequest& request, ListOffsetsResponse& response, ErrorCode code, bool) {
    for (const auto& topic : request.topics) {
      ListOffsetsResponse::Topic& said = response.topics.emplace_back();
      said.name = topic.name;
      for (const auto& asked : topic.partitions) {
        const FakePartition& partition = cluster_.at({topic.name, asked.partition_index});
        ListOffsetsResponse::Topic::Partition& one = said.partitions.emplace_back();
        one.partition_index = asked.partition_index;
        one.error_code = code;
        if (partition.leader != id_) one.error_code = ErrorCode::not_leader_or_follower;
        if (asked.timestamp == -1) one.offset = partition.end();
        if (asked.timestamp == -2) one.offset = partition.start;
        if (asked.timestamp < 0) continue;
        for (const Slice& batch : partition.batches) {
          for (const Record& record : *read_records(*BatchView::parse(batch))) {
            if (one.offset < 0 && record.timestamp >= asked.timestamp) one.offset = record.offset;
          }
        }
      }
    }
  }

  void serve(const CreateTopicsRequest& request, CreateTopicsResponse& response, ErrorCode code, bool carried_out) {
    for (const auto& topic : request.topics) {
      CreateTopicsResponse::Topic& said = response.topics.emplace_back();
      said.name = topic.name;
      said.error_code = cluster_.topics.contains(topic.name) ? ErrorCode::topic_already_exists : code;
      if (said.error_code == code && carried_out) cluster_.add_topic(topic.name, static_cast<std::size_t>(topic.num_partitions));
    }
  }

  Env& env_;
  FakeCluster& cluster_;
  const std::int32_t id_;
  const std::unique_ptr<Stream> stream_;
  bool hangs_ = false;
};

}  // namespace

std::int64_t FakePartition::end() const { return batches.empty() ? start : BatchView::parse(batches.back())->next_offset(); }

void FakeCluster::add_topic(const std::string& name, std::size_t partitions, std::int32_t leader) {
  FakeTopic& topic = topics[name];
  topic.id = protocol::Uuid::of(7, topics.size());
  topic.partitions.resize(partitions);
  for (FakePartition& partition : topic.partitions) partition.leader = leader;
}

std::string FakeCluster::values(const TopicPartition& partition) {
  std::string values;
  for (const Slice& batch : at(partition).batches) {
    for (const protocol::Record& record : *protocol::read_records(*protocol::BatchView::parse(batch)))
      values += text_of(record.value);
  }
  return values;
}

FakeCluster::Script FakeCluster::on(protocol::ApiKey key, std::vector<Reaction> reactions) {
  return [key, reactions = std::move(reactions)](std::int32_t, const protocol::RequestHeader& request, int nth) {
    if (request.api_key != key || static_cast<std::size_t>(nth) >= reactions.size()) return Reaction{};
    return reactions[static_cast<std::size_t>(nth)];
  };
}

void run_fake_broker(Env& env, FakeCluster& cluster, std::int32_t id) {
  Result<std::unique_ptr<Listener>> listener = env.network.listen({"0.0.0.0", cluster.brokers.at(id).port});
  ENSURE(listener.has_value());
  TaskGroup sessions(env.tasks);
  for (;;) {
    Result<std::unique_ptr<Stream>> accepted = (*listener)->accept(no_deadline);
    if (!accepted) return;
    sessions.spawn("fake.session", [&env, &cluster, id, stream = *std::move(accepted)]() mutable {
      Session(env, cluster, id, std::move(stream)).run();
    });
  }
}

}  // namespace faultline::client
