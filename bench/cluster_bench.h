// What a cluster costs: in the simulator, how many seeds an hour; on three real processes, how long an acknowledged write takes, how
// long nobody can write after a leader was killed, and what replication and idleness cost.
#pragma once

#include <functional>
#include <string_view>

#include "base/result.h"
#include "bench/result.h"

namespace faultline::bench {

/// Runs this program (/proc/self/exe) as the brokers, and reads scenarios/ from the working directory.
/// `progress` is told what is being measured.
Result<BenchResult> run_cluster_bench(const std::function<void(std::string_view doing)>& progress);

}  // namespace faultline::bench
