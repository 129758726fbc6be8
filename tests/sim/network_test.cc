// Connections between simulated nodes: what is sent arrives, and what a fault does to it is what TCP would do.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "runtime/sync.h"
#include "sim/world.h"

using namespace faultline;

namespace {

Time at(Duration since_start) { return Time{} + since_start; }
constexpr std::uint16_t port = 9000;

/// Answers each connection with what it sends, until the end of it.
void echo_server(Env& env) {
  auto listener = env.network.listen({"0.0.0.0", port}).value();
  TaskGroup group(env.tasks);
  for (;;) {
    Result<std::unique_ptr<Stream>> stream = listener->accept(no_deadline);
    if (!stream) return;
    group.spawn("echo", [stream = std::move(*stream)] {
      std::vector<std::uint8_t> buffer(4096);
      for (;;) {
        const Result<std::size_t> count = stream->read_some(buffer, no_deadline);
        if (!count || *count == 0) return;
        if (!write_all(*stream, Bytes(buffer).first(*count), no_deadline)) return;
      }
    });
  }
}

std::string echo(Env& env, Stream& stream, const std::string& text, Duration patience = 10s) {
  const Time deadline = env.clock.now() + patience;
  if (const Result<> sent = write_all(stream, as_bytes(text), deadline); !sent) return to_string(sent.error());
  std::string answer(text.size(), ' ');
  const Result<> got = read_exactly(stream, {reinterpret_cast<std::uint8_t*>(answer.data()), answer.size()}, deadline);
  return got ? answer : to_string(got.error());
}

}  // namespace

TEST_CASE("network: a client talks to a server, in virtual time") {
  sim::World world({.seed = 1});
  world.add_node("server", {"server"}, echo_server);
  std::string answer;
  Time done{};
  world.add_node("client", {"client"}, [&](Env& env) {
    auto stream = env.network.connect({"server", port}, no_deadline).value();
    answer = echo(env, *stream, "hello");
    done = env.clock.now();
  });
  world.run_for(10s);
  REQUIRE(answer == "hello");
  REQUIRE(done > at(200us));
  REQUIRE(done < at(50ms));
  REQUIRE(world.now() == at(10s));
  REQUIRE(world.open_connections() == 0);
}

TEST_CASE("network: a megabyte through short reads, short writes and a small window arrives whole") {
  sim::Options options{.seed = 2};
  options.link.short_read = {1, 3};
  options.link.short_write = {1, 3};
  options.link.window_bytes = 3000;
  sim::World world(options);
  world.add_node("server", {"server"}, echo_server);
  std::string sent;
  for (int i = 0; i < 1'000'000; ++i) sent.push_back(static_cast<char>('a' + i % 23));
  std::string received;
  world.add_node("client", {"client"}, [&](Env& env) {
    auto stream = env.network.connect({"server", port}, no_deadline).value();
    TaskGroup group(env.tasks);
    group.spawn("send", [&] {
      REQUIRE(write_all(*stream, as_bytes(sent), no_deadline).has_value());
      REQUIRE(stream->shutdown_write().has_value());
    });
    std::vector<std::uint8_t> buffer(10'000);
    for (;;) {
      const std::size_t count = stream->read_some(buffer, no_deadline).value();
      if (count == 0) break;
      received += as_text(Bytes(buffer).first(count));
    }
    group.join();
  });
  world.run_for(3600s);
  REQUIRE(received == sent);
  REQUIRE(world.faults().count_of(sim::FaultKind::short_read) > 10);
  REQUIRE(world.faults().count_of(sim::FaultKind::short_write) > 10);
}

TEST_CASE("network: nobody listens, no such host, no answer: three different errors") {
  sim::World world({.seed = 3});
  const sim::NodeId server = world.add_node("server", {"server"}, [](Env&) { (void)sleep_until(no_deadline); });
  std::vector<Errc> errors;
  world.add_node("client", {"client"}, [&](Env& env) {
    errors.push_back(env.network.connect({"server", port}, no_deadline).error().code);
    errors.push_back(env.network.connect({"nowhere", port}, no_deadline).error().code);
    world.crash(server);
    (void)yield();
    (void)sleep_until(env.clock.now() + 1ms);
    errors.push_back(env.network.connect({"server", port}, env.clock.now() + 5s).error().code);
  });
  world.run_for(10s);
  REQUIRE(errors == std::vector<Errc>{Errc::connection_refused, Errc::unreachable, Errc::timed_out});
}

TEST_CASE("network: a partition stalls an established connection, and what was sent arrives after it heals") {
  sim::World world({.seed = 4});
  const sim::NodeId server = world.add_node("server", {"server"}, echo_server);
  std::vector<std::string> answers;
  Time last{};
  const sim::NodeId client = world.add_node("client", {"client"}, [&](Env& env) {
    auto stream = env.network.connect({"server", port}, no_deadline).value();
    answers.push_back(echo(env, *stream, "before"));
    (void)sleep_until(at(2s));
    answers.push_back(echo(env, *stream, "during", 60s));
    last = env.clock.now();
  });
  sim::PartitionId cut{};
  world.schedule(at(1s), [&] { cut = world.partition({client}, {server}); });
  world.schedule(at(10s), [&] { world.heal(cut); });
  world.run_for(100s);
  REQUIRE(answers == std::vector<std::string>{"before", "during"});
  REQUIRE(last >= at(10s));
  REQUIRE(world.faults().events().front().end == at(10s));
}

TEST_CASE("network: the peer of a machine that lost power hears nothing until it writes after the restart") {
  sim::World world({.seed = 5});
  const sim::NodeId server = world.add_node("server", {"server"}, echo_server);
  std::vector<std::string> answers;
  world.add_node("client", {"client"}, [&](Env& env) {
    auto stream = env.network.connect({"server", port}, no_deadline).value();
    answers.push_back(echo(env, *stream, "one"));
    std::vector<std::uint8_t> buffer(10);
    answers.push_back(to_string(stream->read_some(buffer, at(8s)).error()));
    answers.push_back(echo(env, *stream, "two"));
  });
  world.schedule(at(1s), [&] {
    world.crash(server);
    world.restart(server, 2s);
  });
  world.run_for(100s);
  REQUIRE(answers == std::vector<std::string>{"one", "timed_out (injected)", "connection_reset (injected)"});
}

TEST_CASE("network: who asks for a connection while the machine loses power gets one to the process that is back") {
  sim::World world({.seed = 1});
  const sim::NodeId server = world.add_node("server", {"server"}, echo_server);
  std::string answer;
  const sim::NodeId client = world.add_node("client", {"client"}, [&](Env& env) {
    auto stream = env.network.connect({"server", port}, no_deadline).value();
    answer = echo(env, *stream, "hello");
    // Whoever reads at the other end when its process is killed must not be woken by this later.
    static_cast<void>(sleep_until(at(5s)));
    stream->reset();
  });
  for (const auto& [from, to] : {std::pair(client, server), std::pair(server, client)}) {
    world.link(from, to).latency = {50ms, 50ms, 50ms};
  }
  world.run_for(10ms);
  world.crash(server);
  world.restart(server, 10ms);
  world.run_for(2s);
  CHECK(answer == "hello");
  world.kill(server);
  world.restart(server, 10ms);
  world.run_for(10s);
  CHECK(world.open_connections() == 0);
}

TEST_CASE("network: the peer of a killed process reads the end of the stream") {
  sim::World world({.seed = 6});
  const sim::NodeId server = world.add_node("server", {"server"}, echo_server);
  std::size_t count = 99;
  world.add_node("client", {"client"}, [&](Env& env) {
    auto stream = env.network.connect({"server", port}, no_deadline).value();
    std::vector<std::uint8_t> buffer(10);
    count = stream->read_some(buffer, no_deadline).value();
  });
  world.schedule(at(1s), [&] { world.kill(server); });
  world.run_for(2s);
  REQUIRE(count == 0);
}

TEST_CASE("network: a stream that is destroyed with unread data is a reset for its peer") {
  sim::World world({.seed = 7});
  world.add_node("server", {"server"}, [](Env& env) {
    auto listener = env.network.listen({"server", port}).value();
    auto stream = listener->accept(no_deadline).value();
    (void)sleep_until(at(1s));
    stream.reset();
    (void)sleep_until(at(5s));
  });
  Error error;
  world.add_node("client", {"client"}, [&](Env& env) {
    auto stream = env.network.connect({"server", port}, no_deadline).value();
    REQUIRE(write_all(*stream, as_bytes("unread"), no_deadline).has_value());
    std::vector<std::uint8_t> buffer(10);
    error = stream->read_some(buffer, no_deadline).error();
  });
  world.run_for(10s);
  REQUIRE(error == Errc::connection_reset);
  REQUIRE_FALSE(error.injected);
}

TEST_CASE("network: a one-way partition lets one side speak and neither side hear an answer") {
  sim::World world({.seed = 8});
  const sim::NodeId server = world.add_node("server", {"server"}, [](Env& env) {
    auto listener = env.network.listen({"server", port}).value();
    auto stream = listener->accept(no_deadline).value();
    (void)sleep_until(at(2s));
    (void)write_all(*stream, as_bytes("news"), no_deadline);
    (void)sleep_until(at(100s));
  });
  std::vector<std::string> seen;
  const sim::NodeId client = world.add_node("client", {"client"}, [&](Env& env) {
    auto stream = env.network.connect({"server", port}, no_deadline).value();
    std::vector<std::uint8_t> buffer(10);
    const std::size_t count = stream->read_some(buffer, at(5s)).value();
    seen.emplace_back(as_text(Bytes(buffer).first(count)));
    seen.emplace_back(to_string(env.network.connect({"server", port}, at(10s)).error().code));
  });
  world.schedule(at(1s), [&] { world.partition({client}, {server}, sim::Direction::one_way); });
  world.run_for(20s);
  REQUIRE(seen == std::vector<std::string>{"news", "timed_out"});
}

TEST_CASE("network: a bridge reaches both sides that cannot reach each other") {
  sim::World world({.seed = 9});
  std::vector<sim::NodeId> nodes;
  std::vector<std::string> reached;
  for (const std::string name : {"left", "bridge", "right"}) {
    nodes.push_back(world.add_node(name, {name}, [&, name](Env& env) {
      TaskGroup group(env.tasks);
      group.spawn("server", [&env] { echo_server(env); });
      for (const std::string peer : {"left", "bridge", "right"}) {
        if (peer != name && env.network.connect({peer, port}, env.clock.now() + 2s)) reached.push_back(name + " > " + peer);
      }
      (void)sleep_until(at(10s));
    }));
  }
  world.partition_but_for_bridge({nodes[0]}, {nodes[2]});
  world.run_for(20s);
  std::sort(reached.begin(), reached.end());
  REQUIRE(reached == std::vector<std::string>{"bridge > left", "bridge > right", "left > bridge", "right > bridge"});
}

TEST_CASE("network: a forgotten connection swallows what is sent, and the writer stops at the window") {
  sim::World world({.seed = 10});
  const sim::NodeId server = world.add_node("server", {"server"}, echo_server);
  Error error;
  std::size_t written = 0;
  const sim::NodeId client = world.add_node("client", {"client"}, [&](Env& env) {
    auto stream = env.network.connect({"server", port}, no_deadline).value();
    (void)sleep_until(at(2s));
    const std::vector<std::uint8_t> data(1000);
    for (;;) {
      const Bytes piece(data);
      const Result<std::size_t> count = stream->write_some(std::span<const Bytes>(&piece, 1), at(10s));
      if (!count) {
        error = count.error();
        break;
      }
      written += *count;
    }
  });
  world.schedule(at(1s), [&] { world.forget_connections(client, server); });
  world.run_for(20s);
  REQUIRE(error == Errc::timed_out);
  REQUIRE(error.injected);
  REQUIRE(written == world.options().link.window_bytes);
}

TEST_CASE("network: a renamed host is found under its new name only") {
  sim::World world({.seed = 11});
  const sim::NodeId server = world.add_node("server", {"old"}, echo_server);
  std::vector<Errc> errors;
  world.add_node("client", {"client"}, [&](Env& env) {
    (void)sleep_until(at(1s));
    for (const std::string host : {"old", "new"}) {
      const auto stream = env.network.connect({host, port}, at(5s));
      errors.push_back(stream ? Errc::none : stream.error().code);
    }
  });
  world.schedule(at(500ms), [&] { world.rename_hosts(server, {"new"}); });
  world.run_for(10s);
  REQUIRE(errors == std::vector<Errc>{Errc::unreachable, Errc::none});
}

TEST_CASE("network: staged resets and refusals say that they were staged") {
  sim::Options options{.seed = 12};
  options.link.reset = {1, 5};
  options.link.refuse = {1, 5};
  sim::World world(options);
  world.add_node("server", {"server"}, echo_server);
  int surprises = 0;
  int failures = 0;
  world.add_node("client", {"client"}, [&](Env& env) {
    while (env.clock.now() < at(60s)) {
      auto stream = env.network.connect({"server", port}, env.clock.now() + 1s);
      while (stream) {
        std::vector<std::uint8_t> buffer(10);
        Result<> done = write_all(**stream, as_bytes("x"), env.clock.now() + 1s);
        const Result<std::size_t> got =
            done ? (*stream)->read_some(buffer, env.clock.now() + 1s) : Result<std::size_t>(done.error());
        if (got && *got > 0) continue;
        ++failures;
        surprises += !got && !got.error().injected;
        break;
      }
      if (!stream) surprises += !stream.error().injected;
      (void)sleep_until(env.clock.now() + 10ms);
    }
  });
  world.run_for(61s);
  REQUIRE(failures > 50);
  REQUIRE(surprises == 0);
  REQUIRE(world.faults().count_of(sim::FaultKind::reset) > 50);
  REQUIRE(world.faults().count_of(sim::FaultKind::refuse) > 10);
}
