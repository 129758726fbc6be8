#include "sim/link.h"

#include <algorithm>
#include <string>

namespace faultline::sim {

PipeRandom Link::next_pipe_random() {
  const RandomSource own = random.child("connection " + std::to_string(++connections));
  return PipeRandom{.latency = own.stream("latency"),
                    .short_read = own.stream("short_read"),
                    .short_write = own.stream("short_write"),
                    .stall = own.stream("stall"),
                    .reset = own.stream("reset"),
                    .half_open = own.stream("half_open"),
                    .retransmission = own.stream("retransmission")};
}

Time Link::arrival(Pipe& pipe, Time now, std::uint64_t bytes) {
  Time departs = now;
  if (options.bytes_per_second > 0) {
    __extension__ using Wide = unsigned __int128;
    const auto busy = static_cast<std::int64_t>(static_cast<Wide>(bytes) * 1'000'000'000u / options.bytes_per_second);
    departs = std::max(now, free_at) + Duration(busy);
    free_at = departs;
  }
  pipe.last_arrival = std::max(pipe.last_arrival, departs + options.latency.draw(pipe.random.latency));
  return pipe.last_arrival;
}

}  // namespace faultline::sim
