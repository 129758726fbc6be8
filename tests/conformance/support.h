// What most cases begin with.
#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/network.h"
#include "runtime/sync.h"
#include "runtime/tasks.h"
#include "tests/conformance/world.h"

namespace faultline::conformance {

/// Runs `body` once in a fresh world of each kind.
inline void in_every_world(const std::function<void(Nodes&)>& body) {
  for (const std::string& kind : world_kinds()) {
    INFO("world: " << kind);
    make_world(kind)->run(body);
  }
}

/// A deadline that a case which passes never meets: generous, because a loaded machine is slow.
inline Time patience(Env& env) { return after(env.clock.now(), 30s); }

/// A deadline that the case expects to meet.
inline Time soon(Env& env) { return after(env.clock.now(), 20ms); }

/// The value, or a failed test.
template <class T>
T need(Result<T> result) {
  if (!result.has_value()) FAIL(to_string(result.error()));
  return std::move(*result);
}
inline void need(Result<> result) {
  if (!result.has_value()) FAIL(to_string(result.error()));
}

/// The error's code, or `none` for a success.
template <class T>
Errc code_of(const Result<T>& result) {
  return result.has_value() ? Errc::none : result.error().code;
}

/// A connection from a to b.
struct Connection {
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Stream> client;  // a's end
  std::unique_ptr<Stream> server;  // b's end
};

inline Connection connect(Nodes& nodes) {
  Connection connection;
  connection.listener = need(nodes.b.network.listen({nodes.b_host, 0}));
  TaskGroup group(nodes.b.tasks);
  group.spawn("accept", [&] { connection.server = need(connection.listener->accept(patience(nodes.b))); });
  connection.client = need(nodes.a.network.connect(connection.listener->local(), patience(nodes.a)));
  group.join();
  return connection;
}

inline void send(Env& env, Stream& stream, std::string_view text) { need(write_all(stream, as_bytes(text), patience(env))); }

/// Exactly `count` bytes.
inline std::string receive(Env& env, Stream& stream, std::size_t count) {
  std::string text(count, '\0');
  need(read_exactly(stream, {reinterpret_cast<std::uint8_t*>(text.data()), count}, patience(env)));
  return text;
}

/// One read of at most `count` bytes.
inline Result<std::string> receive_some(Stream& stream, std::size_t count, Time deadline) {
  std::string text(count, '\0');
  text.resize(TRY(stream.read_some({reinterpret_cast<std::uint8_t*>(text.data()), count}, deadline)));
  return text;
}

/// Everything up to the end of the stream.
inline Result<std::string> receive_all(Stream& stream, Time deadline) {
  std::string all;
  for (;;) {
    const std::string part = TRY(receive_some(stream, 4096, deadline));
    if (part.empty()) return all;
    all += part;
  }
}

}  // namespace faultline::conformance
