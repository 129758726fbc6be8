#include "broker/server/connection.h"

#include <algorithm>
#include <array>

namespace faultline {
namespace {

constexpr TracePoint connection_closed{"server.connection_closed", TraceLevel::debug};

}  // namespace

Connection::Connection(Env& env, std::unique_ptr<Stream> stream, RequestStarter& starter, RequestMemory& memory,
                       ConnectionLimits limits)
    : env_(env),
      stream_(std::move(stream)),
      starter_(starter),
      limits_(limits),
      frames_(*stream_, env.clock, memory, limits.frame),
      in_flight_(limits.requests_in_flight_max),
      readers_(env.tasks) {}

void Connection::run() {
  readers_.spawn("connection reader", [this] {
    const Result<> ended = read_requests();
    trace_end("reader", ended);
    polls_.end();
    in_flight_.close();
  });
  const Result<> ended = answer_requests();
  trace_end("writer", ended);
  if (ended) {
    static_cast<void>(stream_->shutdown_write());  // the peer may be gone already, which is as good
  } else {
    stream_->reset();
  }
  in_flight_.close();
  stop_reading();
  readers_.join();
  if (ended && !peer_ended_) linger();
}

void Connection::stop_reading() {
  // Never in the middle of starting a request: a log append that is cancelled half-way leaves its log with an unknown tail.
  stopping_ = true;
  polls_.end();
  if (may_be_cancelled_) readers_.cancel();
}

Result<std::optional<Frame>> Connection::next_frame() {
  may_be_cancelled_ = true;
  Result<std::optional<Frame>> next = frames_.next();
  may_be_cancelled_ = false;
  return next;
}

bool Connection::taken_over(Frame& first) {
  const Slice bytes = first.bytes;
  const NextFrame next = [this, &first]() -> Result<Slice> {
    first.memory = {};  // whoever takes the stream over has limits of its own
    const std::optional<Frame> frame = TRY(frames_.next());
    if (!frame) return Error(Errc::closed, "end of stream");
    return frame->bytes;
  };
  may_be_cancelled_ = true;
  const bool taken = starter_.take_over(*stream_, bytes, next);
  may_be_cancelled_ = false;
  return taken;
}

Result<> Connection::read_requests() {
  for (bool is_first = true; !stopping_; is_first = false) {
    std::optional<Frame> frame = TRY(next_frame());
    if (!frame || (is_first && taken_over(*frame))) {
      peer_ended_ = true;
      return {};
    }
    FinishRequest finish = TRY(starter_.start(frame->bytes, polls_));
    TRY(in_flight_.send(InFlight{std::move(finish), std::move(frame->memory)}));
  }
  return {};
}

Result<> Connection::answer_requests() {
  for (;;) {
    Result<InFlight> next = in_flight_.receive();
    if (!next && next.error() == Errc::closed) return {};
    const InFlight request = TRY(std::move(next));
    const Reply reply = TRY(request.finish());
    if (reply.frame.empty()) continue;
    TRY(send(reply));
  }
}

Result<> Connection::send(const Reply& reply) {
  const Time begin = env_.clock.now();
  const Time end = after(begin, limits_.send_timeout);
  PendingWrite rest(reply.frame);
  // One look after each patience, so that whoever waits for this memory, or for the broker to stop, need not wait for longer.
  for (Time look = after(begin, limits_.contended_timeout);; look = after(look, limits_.contended_timeout)) {
    const Result<> sent = rest.write_all(*stream_, std::min(look, end));
    if (sent || !(sent.error() == Errc::timed_out) || look >= end) return sent;
    if (stopping_ || reply.memory.contended()) return sent;
  }
}

void Connection::linger() {
  // A socket that is closed with unread requests in it takes back the answers that are still on their way: wait for the peer to
  // see the end, and throw away what it had sent beyond the requests that were read. It gets no answer, and knows that.
  std::array<std::uint8_t, 4096> ignored;
  const Time deadline = after(env_.clock.now(), limits_.linger);
  for (;;) {
    const Result<std::size_t> got = stream_->read_some(ignored, deadline);
    if (!got || *got == 0 || env_.clock.now() >= deadline) return;
  }
}

void Connection::trace_end(std::string_view side, const Result<>& ended) {
  if (!env_.trace.enabled(connection_closed.level)) return;
  const std::string peer = to_string(stream_->peer());
  env_.trace.emit(connection_closed,
                  {{"peer", peer}, {"side", side}, {"why", ended ? std::string_view("end") : to_string(ended.error().code)}});
}

}  // namespace faultline
