// How fast the simulator is: messages through simulated streams per second of processor time, on one core, with the event hash, the
// trace window, a deadline on every call and short reads switched on.
//
// A message is one write_some() of its size and the read_some()s of the other side that take it. Pairs stream one way: the writer
// writes while the window has room, the reader reads message by message.
#pragma once

#include <cstdint>

#include "bench/result.h"

namespace faultline::bench {

struct StreamLoad {
  std::uint32_t pairs = 0;
  std::uint32_t message_bytes = 0;
  std::uint64_t messages = 0;  // altogether
};

/// Messages per second of processor time.
double measure_streams(const StreamLoad& load);

/// The figures with their bounds, each the median of five runs.
BenchResult run_sim_bench();

}  // namespace faultline::bench
