// A client that says exactly what a test wants said, in the version the test names, and knows nothing of retries.
//
// Nothing here suspends inside a REQUIRE: Catch would take the exception that unwinds a killed process for a failure.
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/client/calls.h"
#include "broker/client/frame_reader.h"
#include "broker/protocol/batch_builder.h"
#include "broker/protocol/messages.h"
#include "broker_world.h"
#include "runtime/env.h"

namespace faultline {

using protocol::ErrorCode;
using protocol::Version;

class RawClient {
 public:
  explicit RawClient(Env& env, const Endpoint& broker = broker_address)
      : stream_(connect(env, broker)), frames_(*stream_, 64 << 20) {}

  template <class Request>
  void send(const Request& request, Version version) {
    send_slices(protocol::request_frame(next_sent_++, "raw", version, request));
  }
  /// For Produce with acks=0.
  template <class Request>
  void send_unanswered(const Request& request, Version version) {
    send_slices(protocol::request_frame(-1, "raw", version, request));
  }
  void send_bytes(Bytes bytes) {
    const Result<> sent = write_all(*stream_, bytes, no_deadline);
    REQUIRE(sent.has_value());
  }

  /// The next answer, which must be the one to the oldest request without one.
  template <class Response>
  Response receive(Version version) {
    const Result<Slice> frame = frames_.next();
    REQUIRE(frame.has_value());
    protocol::Reader reader(*frame);
    const Result<std::int32_t> id = protocol::decode_response_header(reader, Response::api_key, version);
    REQUIRE(id.has_value());
    REQUIRE(*id == next_received_++);
    Result<Response> response = protocol::decode<Response>(reader.rest(), version);
    REQUIRE(response.has_value());
    return std::move(*response);
  }

  /// The next answer or the end, whatever comes.
  Result<Slice> next_frame() { return frames_.next(); }

  template <class Request>
  client::Answer<Request> call(const Request& request, Version version) {
    send(request, version);
    return receive<client::Answer<Request>>(version);
  }

  /// The answer, or nothing if the connection ends instead.
  template <class Request>
  std::optional<client::Answer<Request>> try_call(const Request& request, Version version) {
    send(request, version);
    const Result<Slice> frame = frames_.next();
    if (!frame) return std::nullopt;
    protocol::Reader reader(*frame);
    const Result<std::int32_t> id = protocol::decode_response_header(reader, Request::api_key, version);
    REQUIRE(id.has_value());
    REQUIRE(*id == next_received_++);
    Result<client::Answer<Request>> response = protocol::decode<client::Answer<Request>>(reader.rest(), version);
    REQUIRE(response.has_value());
    return std::move(*response);
  }

  /// Waits for the end of the connection; nothing may come before it. Returns: closed (in good order) or connection_reset.
  Errc end() {
    const Result<Slice> frame = frames_.next();
    REQUIRE(!frame.has_value());
    return frame.error().code;
  }

  Stream& stream() { return *stream_; }

 private:
  static std::unique_ptr<Stream> connect(Env& env, const Endpoint& broker) {
    Result<std::unique_ptr<Stream>> stream = env.network.connect(broker, no_deadline);
    REQUIRE(stream.has_value());
    return std::move(*stream);
  }
  void send_slices(const std::vector<Slice>& frame) {
    const Result<> sent = write_all(*stream_, frame, no_deadline);
    REQUIRE(sent.has_value());
  }

  std::unique_ptr<Stream> stream_;
  client::FrameReader frames_;
  std::int32_t next_sent_ = 1;
  std::int32_t next_received_ = 1;
};

}  // namespace faultline
