// One client connection: a fiber that reads and starts requests, and one that finishes and answers them, in order.
//
// Requests of a connection are answered in the order they came. Producers keep many of them in flight, and with a sync before
// each acknowledgement one after the other would cost a disk sync each; so a produce request is *started* (checked and appended)
// when it arrives and *finished* (its sync waited for) when its turn to be answered comes. All other requests do everything when
// their turn comes, and so see the effects of all that was sent before them. The price: a produce sent behind a CreateTopics on
// the same connection, without waiting for that answer, does not find the topic yet.
//
// A client that has gone is noticed by the reading fiber, which then ends what the other one waits for. What is on its way to a
// client that reads slowly holds memory that other answers may be waiting for: such a client has the patience of a few seconds.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/slice.h"
#include "broker/server/frame_reader.h"
#include "broker/server/long_polls.h"
#include "runtime/channel.h"
#include "runtime/env.h"

namespace faultline {

/// A finished request: the frame to send, none for acks=0; `memory` is held until it is sent.
struct Reply {
  std::vector<Slice> frame;
  HeldPermits memory;
};

/// Does the second half of a request. Errors: anything; the connection is closed without an answer.
using FinishRequest = std::function<Result<Reply>()>;

/// The next frame of a stream, without its length. Suspends. Errors: any, at the stream's end too.
using NextFrame = std::function<Result<Slice>()>;

class RequestStarter {
 public:
  virtual ~RequestStarter() = default;
  /// Does the first half of a request; what it waits for in the second half ends with `polls`.
  /// Errors: anything; the connection is closed after the answers before it.
  virtual Result<FinishRequest> start(const Slice& frame, LongPolls& polls) = 0;
  /// Whether the first frame is of another protocol than Kafka's. If it is, this returns when the stream is to be closed. Suspends.
  virtual bool take_over(Stream& /*stream*/, const Slice& /*first_frame*/, const NextFrame& /*next*/) { return false; }
};

struct ConnectionLimits {
  FrameLimits frame;
  std::size_t requests_in_flight_max = 0;
  Duration send_timeout{};       // a peer that has not taken an answer after this long loses its connection
  Duration contended_timeout{};  // the same, while others wait for the memory of that answer, or for the broker to stop
  Duration linger{};             // how long a peer may go on sending after the last answer
};

class Connection {
 public:
  Connection(Env& env, std::unique_ptr<Stream> stream, RequestStarter& starter, RequestMemory& memory, ConnectionLimits limits);

  /// Serves until the peer goes, an error or stop_reading(). Suspends.
  void run();

  /// Ends the connection politely: what was received is still answered.
  void stop_reading();

 private:
  struct InFlight {
    FinishRequest finish;
    HeldPermits memory;
  };

  Result<std::optional<Frame>> next_frame();
  bool taken_over(Frame& first);
  Result<> read_requests();
  Result<> answer_requests();
  Result<> send(const Reply& reply);
  void linger();
  void trace_end(std::string_view side, const Result<>& ended);

  // Constant after construction.
  Env& env_;
  const std::unique_ptr<Stream> stream_;
  RequestStarter& starter_;
  const ConnectionLimits limits_;
  // Volatile.
  FrameReader frames_;
  LongPolls polls_;
  Channel<InFlight> in_flight_;
  bool may_be_cancelled_ = false;  // the reading fiber: it waits for a frame
  bool stopping_ = false;
  bool peer_ended_ = false;
  TaskGroup readers_;
};

}  // namespace faultline
