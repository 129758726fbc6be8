// A topic that is deleted while its log is busy and made again under the same name: the new one has nothing of the old one, and the
// old one's late work does nothing to the new one. The disk is slow, and the delete comes at another moment of that work each time.
#include "requests.h"

namespace faultline {
namespace {

const std::map<std::string, std::string> small_segments{{"segment.bytes", "256"}, {"file.delete.delay.ms", "500"}};
const std::vector<std::string> fresh{"new 1", "new 2", "new 3"};

void recreate_during(const std::function<void(RawClient&)>& start_work) {
  for (int i = 0; i < 100; ++i) {
    CAPTURE(i);
    sim::Options options;
    options.seed = static_cast<std::uint64_t>(i) + 1;
    BrokerWorld broker(test_config(), options);
    broker.as_client([&](Env& env) {
      RawClient busy(env);
      RawClient client(env);
      REQUIRE(create_topic(client, "t", 1, small_segments) == ErrorCode::none);
      for (int n = 0; n < 12; ++n)
        REQUIRE(produce(client, "t", 0, batch_of({std::string(100, 'o')})).error_code == ErrorCode::none);
      broker.world.disk(broker.broker).metadata_time = {1ms, 40ms, 1s};
      broker.world.disk(broker.broker).sync_time = {5ms, 0ms, 5ms};
      start_work(busy);
      REQUIRE(sleep_until(env.clock.now() + i * 3ms).has_value());
      REQUIRE(delete_topic(client, "t") == ErrorCode::none);
      REQUIRE(create_topic(client, "t", 1, small_segments) == ErrorCode::none);
      for (const std::string& value : fresh) REQUIRE(produce(client, "t", 0, batch_of({value})).error_code == ErrorCode::none);
      // What the old log put off has happened by then.
      REQUIRE(sleep_until(env.clock.now() + 30s).has_value());
      REQUIRE(values_of(client.call(fetch_request("t", 0, 0), fetch_by_name)) == fresh);
    });
    broker.crash_and_restart();
    broker.as_client([&](Env& env) {
      RawClient client(env);
      REQUIRE(list_offset(client, "t", -2).offset == 0);
      REQUIRE(values_of(client.call(fetch_request("t", 0, 0), fetch_by_name)) == fresh);
      REQUIRE(produce(client, "t", 0, batch_of({"later"})).base_offset == 3);
    });
  }
}

}  // namespace

TEST_CASE("re-create: records that are being written belong to the old topic") {
  recreate_during([](RawClient& busy) {
    for (int n = 0; n < 12; ++n) busy.send(produce_request("t", 0, batch_of({std::string(100, 'o')})), newest_produce);
  });
}

TEST_CASE("re-create: DeleteRecords that is under way shortens the old topic") {
  recreate_during([](RawClient& busy) {
    protocol::DeleteRecordsRequest request;
    request.topics = {{"t", {{0, 11}}}};
    busy.send(request, 2);
  });
}

TEST_CASE("re-create: a change of settings that is under way is the old topic's") {
  recreate_during([](RawClient& busy) {
    protocol::IncrementalAlterConfigsRequest request;
    request.resources = {{2, "t", {{"retention.ms", 0, "1"}}}};
    busy.send(request, 1);
  });
}

}  // namespace faultline
