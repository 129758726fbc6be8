// The state of one simulated TCP connection: two halves, one per machine, and two pipes, one per direction.
//
// A pipe is a queue of bytes with three marks, taken <= arrived <= written: the reader has consumed up to `taken`, may read up to
// `arrived`, and the rest is on the wire, cut into segments that arrive in order. The writer may be at most a window ahead of
// `acknowledged`, which follows `taken` unless the way back is blocked. A connection lives in a pool slot until neither machine
// nor wire knows it any more; generations tell events for an earlier tenant of the slot.
#pragma once

#include <array>
#include <cstdint>

#include "base/result.h"
#include "runtime/fiber.h"
#include "runtime/network.h"
#include "sim/options.h"
#include "sim/ring.h"

namespace faultline::sim {

struct Link;
class SimListener;

struct Segment {
  enum class Kind : std::uint8_t { data, end_of_stream, reset };

  std::uint64_t end = 0;  // data: the position after its last byte
  Time arrives{};
  Kind kind = Kind::data;
  bool injected = false;  // reset: staged by the simulator
};

/// One stream per thing that is drawn: switching one kind of fault off moves no draw of another.
struct PipeRandom {
  RandomStream latency;
  RandomStream short_read;
  RandomStream short_write;
  RandomStream stall;
  RandomStream reset;
  RandomStream half_open;
  RandomStream retransmission;
};

struct Pipe {
  std::uint64_t readable() const { return arrived - taken; }
  std::uint64_t room() const {
    const std::uint64_t ahead = written - acknowledged;
    return ahead < window ? window - ahead : 0;
  }

  Link* link = nullptr;
  std::uint32_t window = 0;
  std::uint64_t written = 0;
  std::uint64_t arrived = 0;
  std::uint64_t taken = 0;
  std::uint64_t acknowledged = 0;
  bool ended = false;         // the end of the stream has arrived
  bool delivery_due = false;  // a deliver event is in the queue
  bool held = false;          // what is on the wire waits for the link or the machine behind it
  bool acknowledgement_held = false;
  Time last_arrival{};
  Fiber* reader = nullptr;  // suspended
  Fiber* writer = nullptr;
  Ring<Segment> segments;
  ByteRing bytes;
  PipeRandom random;
};

struct Half {
  NodeId host = no_node;
  Endpoint local{};
  bool attached = false;      // a Stream, or the queue of a listener, holds it
  bool machine_lost = false;  // its machine lost power: after the restart it knows nothing of this connection
  bool broken = false;        // reset, by either side
  bool aborted = false;       // reset by its own Stream
  bool injected = false;      // why it broke was staged
  bool write_shut = false;
};

struct Connection {
  enum class Phase : std::uint8_t { connecting, refused, accepted, established };

  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  std::uint32_t serial = 0;  // names it in the trace
  bool in_use = false;
  bool forgotten = false;  // by the network in between: nothing arrives any more, and nobody is told
  Phase phase = Phase::connecting;
  std::uint8_t attempts = 0;
  std::uint8_t connect_events = 0;  // in the queue
  Errc failure = Errc::none;
  bool failure_injected = false;
  Fiber* connector = nullptr;
  std::array<Half, 2> half;  // 0 is the client
  std::array<Pipe, 2> pipe;  // pipe[i] leads from half[i] to the other
};

}  // namespace faultline::sim
