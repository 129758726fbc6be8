#include "broker/client/connection_core.h"

#include <fmt/format.h>

#include <algorithm>

#include "broker/client/frame_reader.h"

namespace faultline::client {
namespace {

constexpr TracePoint broken_point{"client.connection_broken", TraceLevel::info};

// One gathered write takes so many pieces at most; what is queued beyond waits for the next.
constexpr std::size_t pieces_per_write = 64;

}  // namespace

void Connection::Core::fail(const Error& error) {
  if (broken.has_value()) return;
  broken = error;
  trace.emit(broken_point,
             {{"broker", to_string(stream->peer())}, {"error", to_string(error.code)}, {"in_flight", in_flight.size()}});
  stream->reset();
  const auto end_call = [&](Call* call) {
    if (call == nullptr) return;
    call->answer = error;
    call->done.set();
  };
  for (const InFlight& entry : in_flight) end_call(entry.call);
  for (const Queued& entry : queued) end_call(entry.call);
  for (Call* call : unanswered) end_call(call);
  unanswered.clear();
  in_flight.clear();
  queued.clear();
  queued_changed.notify_all();
}

void Connection::Core::abandon(const Call& call) {
  std::erase_if(queued, [&](const Queued& entry) { return entry.call == &call; });
  for (InFlight& entry : in_flight) {
    if (entry.call == &call) entry.call = nullptr;
  }
  std::erase(unanswered, &call);
}

Result<> Connection::Core::deliver(const Slice& frame) {
  if (in_flight.empty()) return Error(Errc::malformed, "an answer that nobody asked for");
  const InFlight oldest = in_flight.front();
  protocol::Reader reader(frame);
  const std::int32_t correlation_id = TRY(protocol::decode_response_header(reader, oldest.sent.key, oldest.sent.version));
  if (correlation_id != oldest.sent.correlation_id) {
    return Error(Errc::malformed,
                 fmt::format("an answer to request {}, expected one to {}", correlation_id, oldest.sent.correlation_id));
  }
  in_flight.pop_front();
  if (oldest.call != nullptr) {
    oldest.call->answer = frame.from(frame.size() - reader.remaining());
    oldest.call->done.set();
  }
  return {};
}

void Connection::Core::write_loop() {
  std::vector<Slice> pieces;
  for (;;) {
    if (Result<> woken = queued_changed.wait_until([this] { return broken.has_value() || !queued.empty(); }); !woken) {
      return fail(woken.error());
    }
    if (broken.has_value()) return;
    pieces.clear();
    while (!queued.empty() && (pieces.empty() || pieces.size() + queued.front().frame.size() <= pieces_per_write)) {
      Queued& next = queued.front();
      next.call->was_written = true;
      std::ranges::move(next.frame, std::back_inserter(pieces));
      if (next.sent.is_answered) {
        in_flight.push_back({next.sent, next.call, next.expires});
      } else {
        unanswered.push_back(next.call);
      }
      queued.pop_front();
    }
    if (Result<> written = write_all(*stream, pieces, no_deadline); !written) return fail(written.error());
    for (Call* call : unanswered) {
      call->answer = Slice();
      call->done.set();
    }
    unanswered.clear();
  }
}

void Connection::Core::read_loop() {
  FrameReader frames(*stream, config.response_bytes_max);
  while (!broken.has_value()) {
    Result<Slice> frame = frames.next();
    if (!frame) return fail(frame.error());
    if (Result<> delivered = deliver(*frame); !delivered) return fail(delivered.error());
  }
}

}  // namespace faultline::client
