// Brokers that answer from memory and misbehave on request: what a test of the client talks to in the simulator.
//
// All brokers of a test share one FakeCluster. They serve a request as Kafka would, unless `script` says otherwise.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/client/record.h"
#include "broker/protocol/frame.h"
#include "broker/protocol/messages.h"
#include "runtime/env.h"
#include "runtime/sync.h"

namespace faultline::client {

struct Reaction {
  enum class Kind {
    serve,
    close,              // without looking at it
    serve_and_close,    // carried out, not answered
    never_answer,       // carried out; from then on the connection hangs
    wrong_correlation,  // the answer names another request
    garbage,            // a frame that is no answer
    endless_length,     // a frame that claims two gigabytes
    cut_answer,         // half of the answer, then the end
    refuse,             // `code`, nothing is done
    serve_and_refuse,   // `code`, although it is done
  };
  Kind kind = Kind::serve;
  protocol::ErrorCode code = protocol::ErrorCode::none;
  Duration delay{};
};

struct FakePartition {
  std::int32_t leader = 1;
  std::int32_t epoch = 0;
  std::int64_t start = 0;
  std::vector<Slice> batches;

  std::int64_t end() const;
};

struct FakeTopic {
  protocol::Uuid id;
  std::vector<FakePartition> partitions;
};

struct FakeCluster {
  using Handler = std::function<Slice(std::int32_t broker, const protocol::RequestHeader& request, const Slice& body)>;
  using Script = std::function<Reaction(std::int32_t broker, const protocol::RequestHeader& request, int nth)>;

  std::map<std::int32_t, Endpoint> brokers;
  std::map<std::string, FakeTopic> topics;
  Script script = [](std::int32_t, const protocol::RequestHeader&, int) { return Reaction{}; };
  std::map<protocol::ApiKey, protocol::Version> version_max;  // an old broker
  std::map<protocol::ApiKey, int> seen;                       // requests of each kind, over all brokers
  std::map<protocol::ApiKey, protocol::Version> last_version;
  Condition appended;
  std::int64_t next_producer_id = 1000;
  std::map<protocol::ApiKey, Handler> handlers;  // of requests that these brokers do not serve by themselves

  /// Lets `serve(broker, request)` answer a request that these brokers do not serve by themselves.
  template <class Request, class Serve>
  void answer(Serve serve) {
    handlers[Request::api_key] = [serve](std::int32_t broker, const protocol::RequestHeader& header, const Slice& body) {
      const Result<Request> request = protocol::decode<Request>(body, header.api_version);
      return concatenate(protocol::response_frame(header.correlation_id, header.api_version, serve(broker, request.value())));
    };
  }
  void add_topic(const std::string& name, std::size_t partitions, std::int32_t leader = 1);
  FakePartition& at(const TopicPartition& partition) {
    return topics.at(partition.topic).partitions.at(static_cast<std::size_t>(partition.partition));
  }
  /// The values of all records of a partition, in order, one character each or whole.
  std::string values(const TopicPartition& partition);
  /// A script for requests of one kind: reaction n for the n-th of them (from 0), service after the last.
  static Script on(protocol::ApiKey key, std::vector<Reaction> reactions);
};

/// Listens on the port of broker `id` and serves until cancelled.
void run_fake_broker(Env& env, FakeCluster& cluster, std::int32_t id);

}  // namespace faultline::client
