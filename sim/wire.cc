// Established connections: bytes become segments, segments arrive, halves close and break.
#include <algorithm>

#include "sim/hash.h"
#include "sim/internet.h"
#include "sim/sockets.h"

namespace faultline::sim {

std::size_t Internet::write(Connection& connection, std::size_t side, std::span<const Bytes> pieces) {
  Pipe& pipe = connection.pipe[side];
  std::uint64_t wanted = 0;
  for (const Bytes& piece : pieces) wanted += piece.size();
  std::uint64_t count = std::min(wanted, pipe.room());
  const Ratio cut = pipe.link->options.short_write;
  if (cut.numerator != 0 && count > 1 && pipe.random.short_write.chance(cut)) {
    count = 1 + pipe.random.short_write.below(count - 1);
    kernel_.faults.count(FaultKind::short_write);
  }
  std::uint64_t hash = 0;
  std::uint64_t left = count;
  for (const Bytes& piece : pieces) {
    if (left == 0) break;
    const Bytes part = piece.first(std::min<std::uint64_t>(left, piece.size()));
    if (part.empty()) continue;
    pipe.bytes.append(part);
    hash = hash_bytes(part, hash);
    left -= part.size();
  }
  kernel_.record(connection.half[side].host, TraceKind::write, (std::uint64_t{connection.serial} << 32) | count, hash);
  pipe.written += count;
  Segment segment{.end = pipe.written};
  draw_write_faults(connection, side, segment);
  send_segment(connection, side, segment, count);
  return count;
}

void Internet::draw_write_faults(Connection& connection, std::size_t side, Segment& segment) {
  Pipe& pipe = connection.pipe[side];
  const LinkOptions& options = pipe.link->options;
  if (options.stall.numerator != 0 && pipe.random.stall.chance(options.stall)) {
    const Duration late = options.stall_time.draw(pipe.random.stall);
    pipe.last_arrival = std::max(pipe.last_arrival, kernel_.now + late);
    kernel_.fault(FaultKind::stall, pipe.link->from, pipe.link->to, pipe.last_arrival);
  }
  if (options.reset.numerator != 0 && pipe.random.reset.chance(options.reset)) {
    segment.kind = Segment::Kind::reset;
    segment.injected = true;
    kernel_.fault(FaultKind::reset, pipe.link->from, pipe.link->to, kernel_.now);
  }
  if (options.half_open.numerator != 0 && !connection.forgotten && pipe.random.half_open.chance(options.half_open)) {
    forget(connection);
  }
}

void Internet::forget(Connection& connection) {
  connection.forgotten = true;
  kernel_.fault(FaultKind::half_open, connection.half[0].host, connection.half[1].host, no_deadline);
}

void Internet::send_segment(Connection& connection, std::size_t side, Segment segment, std::uint64_t bytes) {
  Pipe& pipe = connection.pipe[side];
  segment.arrives = pipe.link->arrival(pipe, kernel_.now, bytes);
  pipe.segments.push(segment);
  schedule_delivery(connection, side);
}

void Internet::schedule_delivery(Connection& connection, std::size_t side) {
  Pipe& pipe = connection.pipe[side];
  if (pipe.delivery_due || pipe.held || pipe.segments.empty() || connection.forgotten) return;
  pipe.delivery_due = true;
  kernel_.at(pipe.segments.front().arrives, EventKind::deliver, connection.slot * 2 + static_cast<std::uint32_t>(side),
             connection.generation);
}

void Internet::on_deliver(std::uint32_t target, std::uint32_t generation) {
  Connection& connection = connections_[target / 2];
  if (!connection.in_use || connection.generation != generation) return;
  const std::size_t side = target % 2;
  Pipe& pipe = connection.pipe[side];
  Half& to = connection.half[1 - side];
  pipe.delivery_due = false;
  if (connection.forgotten || pipe.segments.empty()) {
    release_if_done(connection);
    return;
  }
  if (pipe.link->blocked() || !host(to.host).up) {
    pipe.held = true;
    return;
  }
  if (to.machine_lost) {
    const bool was_reset = pipe.segments.back().kind == Segment::Kind::reset;
    clear_pipe(pipe);
    if (!was_reset) send_reset(connection, 1 - side, true);
    release_if_done(connection);
    return;
  }
  const std::uint64_t before = pipe.arrived;
  while (!pipe.segments.empty() && pipe.segments.front().arrives <= kernel_.now) {
    const Segment segment = pipe.segments.front();
    pipe.segments.pop();
    if (!apply(connection, side, segment)) break;
  }
  if (pipe.arrived != before) kernel_.record(to.host, TraceKind::deliver, connection.serial, pipe.arrived - before);
  schedule_delivery(connection, side);
  if (pipe.readable() > 0 && pipe.reader != nullptr) {
    wake(*pipe.reader);
  } else if (pipe.segments.empty()) {
    release_if_done(connection);
  }
}

bool Internet::apply(Connection& connection, std::size_t side, const Segment& segment) {
  Pipe& pipe = connection.pipe[side];
  Half& to = connection.half[1 - side];
  switch (segment.kind) {
    case Segment::Kind::data:
      if (to.broken || !to.attached) {
        // Nobody can read it any more; a kernel without the socket says so.
        const bool tell = !to.broken;
        clear_pipe(pipe);
        if (tell) send_reset(connection, 1 - side, to.injected);
        return false;
      }
      pipe.arrived = segment.end;
      return true;
    case Segment::Kind::end_of_stream:
      pipe.ended = true;
      kernel_.record(to.host, TraceKind::end_of_stream, connection.serial);
      if (pipe.reader != nullptr) wake(*pipe.reader);
      return true;
    case Segment::Kind::reset:
      clear_pipe(pipe, /*keep_arrived=*/true);
      if (!to.broken) break_half(connection, 1 - side, segment.injected);
      if (segment.injected && connection.half[side].attached) break_half(connection, side, true);
      return false;
  }
  return true;
}

void Internet::break_half(Connection& connection, std::size_t side, bool injected) {
  Half& half = connection.half[side];
  if (half.broken) return;
  half.broken = true;
  half.injected = injected;
  kernel_.record(half.host, TraceKind::reset, connection.serial);
  clear_pipe(connection.pipe[side]);
  wake_half(connection, side);
}

void Internet::wake_half(Connection& connection, std::size_t side) {
  if (Fiber* reader = connection.pipe[1 - side].reader) wake(*reader);
  if (Fiber* writer = connection.pipe[side].writer) wake(*writer);
}

std::size_t Internet::read(Connection& connection, std::size_t side, MutableBytes buffer) {
  Pipe& pipe = connection.pipe[1 - side];
  std::uint64_t count = std::min<std::uint64_t>(buffer.size(), pipe.readable());
  const Ratio cut = pipe.link->options.short_read;
  if (cut.numerator != 0 && count > 1 && pipe.random.short_read.chance(cut)) {
    count = 1 + pipe.random.short_read.below(count - 1);
    kernel_.faults.count(FaultKind::short_read);
  }
  pipe.bytes.take(buffer.first(count));
  pipe.taken += count;
  kernel_.record(connection.half[side].host, TraceKind::read, connection.serial, count);
  if (connection.pipe[side].link->blocked()) {
    pipe.acknowledgement_held = true;
  } else {
    acknowledge(connection, 1 - side);
  }
  return count;
}

void Internet::acknowledge(Connection& connection, std::size_t side) {
  Pipe& pipe = connection.pipe[side];
  pipe.acknowledgement_held = false;
  pipe.acknowledged = pipe.taken;
  // As Linux does, a writer is woken once a good part of the window is free, not for every byte.
  if (pipe.writer != nullptr && pipe.room() * 2 >= pipe.window) wake(*pipe.writer);
}

void Internet::shut_write(Connection& connection, std::size_t side) {
  Half& half = connection.half[side];
  half.write_shut = true;
  if (Fiber* writer = connection.pipe[side].writer) wake(*writer);
  send_segment(connection, side, Segment{.end = connection.pipe[side].written, .kind = Segment::Kind::end_of_stream}, 0);
}

void Internet::send_reset(Connection& connection, std::size_t side, bool injected) {
  Half& half = connection.half[side];
  half.broken = true;
  half.injected = injected;
  clear_pipe(connection.pipe[1 - side]);
  send_segment(connection, side,
               Segment{.end = connection.pipe[side].written, .kind = Segment::Kind::reset, .injected = injected}, 0);
}

void Internet::abort(Connection& connection, std::size_t side) {
  Half& half = connection.half[side];
  if (half.aborted) return;
  half.aborted = true;
  wake_half(connection, side);
  if (!half.broken) send_reset(connection, side, false);
}

void Internet::close(Connection& connection, std::size_t side, bool injected) {
  Half& half = connection.half[side];
  half.attached = false;
  if (!half.broken) {
    half.injected = injected;
    if (connection.pipe[1 - side].readable() > 0) {
      send_reset(connection, side, injected);
    } else if (!half.write_shut) {
      shut_write(connection, side);
    }
  }
  release_if_done(connection);
}

bool Internet::path_is_bad(const Connection& connection) const {
  if (connection.forgotten) return true;
  for (const Pipe& pipe : connection.pipe) {
    if (pipe.link->blocked() || pipe.held) return true;
    const Host& at = *hosts_[pipe.link->to.value()];
    if (!at.up || at.disturbed) return true;
  }
  return false;
}

void Internet::clear_pipe(Pipe& pipe, bool keep_arrived) {
  pipe.segments.clear();
  pipe.held = false;
  pipe.bytes.drop_newest(static_cast<std::size_t>(pipe.written - pipe.arrived));
  pipe.written = pipe.arrived;
  if (keep_arrived) return;
  pipe.bytes.release();
  pipe.taken = pipe.acknowledged = pipe.arrived;
}

void Internet::release_if_done(Connection& connection) {
  if (!connection.in_use || connection.connect_events > 0 || connection.connector != nullptr) return;
  for (std::size_t side = 0; side < 2; ++side) {
    if (connection.half[side].attached) return;
    const Pipe& pipe = connection.pipe[side];
    // What is still on its way to a machine that will answer keeps the connection.
    if (pipe.delivery_due) return;
    if (!pipe.segments.empty() && !connection.forgotten) return;
  }
  connection.in_use = false;
  ++connection.generation;
  for (Pipe& pipe : connection.pipe) pipe = Pipe{};
  connection.half = {};
  free_slots_.push_back(connection.slot);
}

}  // namespace faultline::sim
