// Connections: what ends them, what does not, and how versions are agreed on.
#include <algorithm>

#include "broker/protocol/endian.h"
#include "requests.h"

namespace faultline {
namespace {

std::vector<std::uint8_t> length_prefix(std::int32_t length) {
  std::vector<std::uint8_t> bytes(4);
  protocol::store_be(bytes.data(), length);
  return bytes;
}

/// A frame with nothing in it but a request header of version 1.
std::vector<std::uint8_t> bare_request(std::int16_t key, std::int16_t version) {
  std::vector<std::uint8_t> bytes = length_prefix(10);
  bytes.resize(14);
  protocol::store_be(bytes.data() + 4, key);
  protocol::store_be(bytes.data() + 6, version);
  protocol::store_be(bytes.data() + 8, std::int32_t{1});
  protocol::store_be(bytes.data() + 12, std::int16_t{-1});  // no client id
  return bytes;
}

bool answers(RawClient& client) { return client.call(protocol::ApiVersionsRequest{}, 0).error_code == ErrorCode::none; }

}  // namespace

TEST_CASE("connection: a request over the limit or of negative length ends it, after the answers that are due") {
  BrokerConfig config = test_config();
  config.socket_request_max_bytes = 2'000'000;
  for (const std::int32_t length : {2'000'001, INT32_MAX, -1, INT32_MIN}) {
    BrokerWorld broker(config);
    broker.as_client([&](Env& env) {
      RawClient client(env);
      REQUIRE(create_topic(client, "t") == ErrorCode::none);
      client.send(produce_request("t", 0, batch_of({"x"})), newest_produce);
      client.send_bytes(length_prefix(length));
      REQUIRE(only(client.receive<protocol::ProduceResponse>(newest_produce)).error_code == ErrorCode::none);
      client.end();
      RawClient other(env);
      REQUIRE(answers(other));
    });
  }
}

TEST_CASE("connection: the largest request that is allowed is served") {
  BrokerConfig config = test_config();
  config.socket_request_max_bytes = 2'000'000;
  BrokerWorld broker(config);
  broker.as_client([&](Env& env) {
    RawClient client(env);
    std::vector<std::uint8_t> request = bare_request(18, 0);
    protocol::store_be(request.data(), std::int32_t{2'000'000});
    request.resize(protocol::frame_length_bytes + 2'000'000);
    client.send_bytes(request);
    // It is received whole; that ApiVersions has no body of this size is found out only then.
    client.end();
    RawClient other(env);
    REQUIRE(answers(other));
  });
}

TEST_CASE("connection: one without requests is closed after connections.max.idle.ms, a busy one is not") {
  BrokerConfig config = test_config();
  config.connections_max_idle_ms = 10'000;
  BrokerWorld broker(config);
  broker.as_client([&](Env& env) {
    RawClient client(env);
    const Time begin = env.clock.now();
    for (int i = 1; i <= 5; ++i) {
      REQUIRE(answers(client));
      REQUIRE(sleep_until(begin + i * 8s).has_value());
    }
    REQUIRE(answers(client));
    const Time last = env.clock.now();
    client.end();
    REQUIRE(env.clock.now() - last >= 9s);
    REQUIRE(env.clock.now() - last < 11s);
  });
}

TEST_CASE("connection: one that sends a request byte by byte is closed after request.receive.timeout.ms") {
  BrokerConfig config = test_config();
  config.request_receive_timeout_ms = 5'000;
  BrokerWorld broker(config);
  broker.as_client([&](Env& env) {
    for (const bool inside_length : {true, false}) {
      RawClient client(env);
      const std::vector<std::uint8_t> request = bare_request(18, 0);
      const Time begin = env.clock.now();
      std::size_t sent = inside_length ? 1 : 5;
      client.send_bytes(Bytes(request).first(sent));
      for (int i = 0; i < 2; ++i) {
        REQUIRE(sleep_until(env.clock.now() + 2s).has_value());
        client.send_bytes(Bytes(request).subspan(sent++, 1));
      }
      client.end();
      REQUIRE(env.clock.now() - begin >= 4s);
      REQUIRE(env.clock.now() - begin < 10s);
    }
  });
}

TEST_CASE("connection: beyond max.connections new ones are closed at once, and there is room again when one ends") {
  BrokerConfig config = test_config();
  config.max_connections = 3;
  BrokerWorld broker(config);
  broker.as_client([&](Env& env) {
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 3; ++i) clients.push_back(std::make_unique<RawClient>(env));
    {
      RawClient refused(env);
      refused.end();
    }
    for (const auto& client : clients) REQUIRE(answers(*client));
    clients.pop_back();
    REQUIRE(sleep_until(env.clock.now() + 1s).has_value());
    RawClient next(env);
    REQUIRE(answers(next));
  });
}

TEST_CASE("connection: max.connections counts those that are there, however others ended, and never those it turned away") {
  BrokerConfig config = test_config();
  config.max_connections = 2;
  BrokerWorld broker(config);
  broker.as_client([&](Env& env) {
    const auto let_it_end = [&] { REQUIRE(sleep_until(env.clock.now() + 2s).has_value()); };
    RawClient stays(env);
    REQUIRE(answers(stays));
    for (int round = 0; round < 5; ++round) {
      auto second = std::make_unique<RawClient>(env);
      REQUIRE(answers(*second));
      REQUIRE(broker.server().connection_count() == 2);
      for (int i = 0; i < 3; ++i) RawClient(env).end();
      REQUIRE(broker.server().connection_count() == 2);
      switch (round) {
        case 0: second->stream().reset(); break;
        case 1: REQUIRE(second->stream().shutdown_write().has_value()); break;
        case 2: second->send(fetch_request("none", 0, 0, {.max_wait_ms = INT32_MAX}), fetch_by_name); break;
        case 3: second->send_bytes(length_prefix(-1)); break;
        default: break;  // closed without a word
      }
      second.reset();
      let_it_end();
      REQUIRE(broker.server().connection_count() == 1);
    }
    REQUIRE(answers(stays));
  });
}

TEST_CASE("connection: the long poll of a client that has gone ends at once, and its place is free") {
  for (const bool reset : {false, true}) {
    BrokerConfig config = test_config();
    config.max_connections = 2;
    BrokerWorld broker(config);
    broker.as_client([&](Env& env) {
      auto polls = std::make_unique<RawClient>(env);
      REQUIRE(create_topic(*polls, "t") == ErrorCode::none);
      RawClient other(env);
      polls->send(fetch_request("t", 0, 0, {.max_wait_ms = INT32_MAX}), fetch_by_name);
      REQUIRE(sleep_until(env.clock.now() + 5s).has_value());
      REQUIRE(broker.server().connection_count() == 2);
      if (reset) polls->stream().reset();
      polls.reset();
      REQUIRE(sleep_until(env.clock.now() + 2s).has_value());
      REQUIRE(broker.server().connection_count() == 1);
      RawClient next(env);
      REQUIRE(answers(next));
    });
  }
}

TEST_CASE("connection: a client that has only shut its sending side gets the answer of its long poll") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    client.send(fetch_request("t", 0, 0, {.max_wait_ms = INT32_MAX}), fetch_by_name);
    REQUIRE(client.stream().shutdown_write().has_value());
    REQUIRE(values_of(client.receive<protocol::FetchResponse>(fetch_by_name)).empty());
    REQUIRE(client.end() == Errc::closed);
  });
}

TEST_CASE("connection: ApiVersions of an unknown version gets version 0 with UNSUPPORTED_VERSION, and the connection goes on") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    client.send_bytes(bare_request(18, 99));
    const auto refusal = client.receive<protocol::ApiVersionsResponse>(0);
    REQUIRE(refusal.error_code == ErrorCode::unsupported_version);
    REQUIRE(refusal.api_keys.size() == 1);
    REQUIRE(refusal.api_keys[0].api_key == protocol::ApiKey::api_versions);
    client.send(protocol::ApiVersionsRequest{}, 0);
  });
}

TEST_CASE("connection: what ApiVersions lists is served, and nothing else") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    const auto versions = client.call(protocol::ApiVersionsRequest{"test", "1"}, 4);
    REQUIRE(versions.error_code == ErrorCode::none);
    REQUIRE(versions.api_keys.size() == 26);
    for (const auto& api : versions.api_keys) {
      if (api.api_key == protocol::ApiKey::api_versions) continue;
      RawClient other(env);
      other.send_bytes(bare_request(static_cast<std::int16_t>(api.api_key), static_cast<std::int16_t>(api.max_version + 1)));
      other.end();
    }
    for (const std::int16_t key : {std::int16_t{8}, std::int16_t{22}, std::int16_t{999}, std::int16_t{-1}}) {
      RawClient other(env);
      other.send_bytes(bare_request(key, 0));
      other.end();
    }
    const auto is_listed = [&](protocol::ApiKey key) {
      return std::ranges::any_of(versions.api_keys, [&](const auto& api) { return api.api_key == key; });
    };
    protocol::AllRequests::each([&]<class Request>() {
      if (is_listed(Request::api_key)) return;
      RawClient other(env);
      other.send(Request{}, protocol::api_info(Request::api_key).max_version);
      other.end();
    });
    REQUIRE(answers(client));
  });
}

TEST_CASE("connection: answers keep the order of their requests, also behind a long poll") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    client.send(fetch_request("t", 0, 0, {.max_wait_ms = 5'000}), fetch_by_name);
    client.send(produce_request("t", 0, batch_of({"x"})), newest_produce);
    client.send(fetch_request("t", 0, 0), fetch_by_name);
    // The produce request is started when it arrives, and so ends the poll in front of it.
    const Time begin = env.clock.now();
    REQUIRE(values_of(client.receive<protocol::FetchResponse>(fetch_by_name)) == std::vector<std::string>{"x"});
    REQUIRE(env.clock.now() - begin < 1s);
    REQUIRE(only(client.receive<protocol::ProduceResponse>(newest_produce)).base_offset == 0);
    REQUIRE(values_of(client.receive<protocol::FetchResponse>(fetch_by_name)) == std::vector<std::string>{"x"});
  });
}

}  // namespace faultline
