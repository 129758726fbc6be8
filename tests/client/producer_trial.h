// What the tests of the producer share.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "broker/client/producer.h"
#include "simulated.h"

namespace faultline::client {

inline const TopicPartition orders{"orders", 0};

inline Reaction refuse(protocol::ErrorCode code) { return {.kind = Reaction::Kind::refuse, .code = code}; }

/// One record sent under `reactions` to the first produce requests.
inline ClientResult<Acknowledgement> send_one(Simulated& simulated, std::vector<Reaction> reactions,
                                              const std::function<void(ProducerConfig&)>& configure = {}) {
  simulated.cluster.add_topic("orders", 1);
  simulated.cluster.script = FakeCluster::on(protocol::ApiKey::produce, std::move(reactions));
  ClientResult<Acknowledgement> result = Error(Errc::internal);
  simulated.run([&](Env& env) {
    ProducerConfig config = simulated.producer_config();
    if (configure) configure(config);
    Producer producer(env, config);
    result = producer.send_and_wait(record("orders", "x"));
  });
  return result;
}

}  // namespace faultline::client
