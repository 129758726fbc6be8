// What the broker costs, measured from outside on the program itself: processor time per gigabyte in and out, messages a second
// from librdkafka, latency from produce to acknowledgement, memory and start time.
//
// Client and broker share one core, so that what one saves the other does not hide, and processor time, which a busy machine does
// not change much, is what the goals are about. Beside each figure stands a raw server (raw_server.h) that does the same work
// with the least code, driven by the same client in the same round. Each round has a new broker and a new raw server, and warms
// both up; the figures are medians of five rounds.
#pragma once

#include <functional>
#include <string_view>

#include "base/result.h"
#include "bench/result.h"

namespace faultline::bench {

/// Runs this program (/proc/self/exe) as the broker, and kcat, if there is one, as the librdkafka client. Pins the process to one
/// core. `progress` is told what is being measured.
Result<BenchResult> run_broker_bench(const std::function<void(std::string_view doing)>& progress);

}  // namespace faultline::bench
