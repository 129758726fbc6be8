#include "broker/server/connection.h"

namespace faultline {
namespace {

constexpr TracePoint connection_closed{"server.connection_closed", TraceLevel::debug};

}  // namespace

Connection::Connection(Env& env, std::unique_ptr<Stream> stream, RequestStarter& starter, Semaphore& memory,
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
}

void Connection::stop_reading() {
  // Never in the middle of starting a request: a log append that is cancelled half-way leaves its log with an unknown tail.
  stopping_ = true;
  if (waiting_for_frame_) readers_.cancel();
}

Result<> Connection::read_requests() {
  while (!stopping_) {
    waiting_for_frame_ = true;
    Result<std::optional<Frame>> next = frames_.next();
    waiting_for_frame_ = false;
    std::optional<Frame> frame = TRY(std::move(next));
    if (!frame) return {};
    FinishRequest finish = TRY(starter_.start(frame->bytes));
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
    TRY(write_all(*stream_, reply.frame, after(env_.clock.now(), limits_.send_timeout)));
  }
}

void Connection::trace_end(std::string_view side, const Result<>& ended) {
  if (!env_.trace.enabled(connection_closed.level)) return;
  const std::string peer = to_string(stream_->peer());
  env_.trace.emit(connection_closed,
                  {{"peer", peer}, {"side", side}, {"why", ended ? std::string_view("end") : to_string(ended.error().code)}});
}

}  // namespace faultline
