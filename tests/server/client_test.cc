// The client library against the broker, with power cuts in between.
#include <set>

#include "broker/client/consumer.h"
#include "broker/client/producer.h"
#include "requests.h"

namespace faultline {

TEST_CASE("client: what the producer was told is stored is what the consumer reads, over power cuts") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    sim::Options options;
    options.seed = seed;
    std::set<std::string> acknowledged;
    std::set<std::string> read;
    BrokerWorld broker(test_config(), options);
    client::ClusterConfig cluster;
    cluster.bootstrap = {broker_address};
    cluster.connection.request_timeout = 2s;
    for (int cut = 1; cut <= 5; ++cut) {
      broker.world.schedule(Time{} + cut * 4s, [&] {
        broker.world.crash(broker.broker);
        broker.world.restart(broker.broker, 1s);
      });
    }
    broker.as_client([&](Env& env) {
      client::ProducerConfig config;
      config.cluster = cluster;
      client::Producer producer(env, config);
      for (int i = 0; i < 500; ++i) {
        const std::string value = "value " + std::to_string(i);
        client::ProducerRecord record;
        record.topic = "t";
        record.value = Slice::copy_of(value);
        REQUIRE(sleep_until(env.clock.now() + 50ms).has_value());
        if (producer.send_and_wait(std::move(record))) acknowledged.insert(value);
      }
    });
    REQUIRE(acknowledged.size() == 500);
    broker.as_client([&](Env& env) {
      client::ConsumerConfig config;
      config.cluster = cluster;
      client::Consumer consumer(env, config);
      consumer.assign({{"t", 0}});
      consumer.seek({"t", 0}, client::Place::earliest());
      for (int quiet = 0; quiet < 3;) {
        const auto polled = consumer.poll(1s);
        REQUIRE(polled.has_value());
        for (const client::ConsumerRecord& record : polled->records) read.insert(std::string(client::text_of(record.value)));
        quiet = polled->records.empty() ? quiet + 1 : 0;
      }
    });
    REQUIRE(read == acknowledged);
    REQUIRE(broker.world.faults().count_of(sim::FaultKind::crash) == 5);
  }
}

}  // namespace faultline
