// Many seeds over many processes: each worker is a fork, takes the next seed, and sends back what came of it.
//
// Processes rather than threads: a run is single-threaded by design, and a seed that brings its process down (a broken promise, a
// signal) takes nothing with it. Its worker is replaced, and the seed is reported with what it died of.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace faultline::cli {

struct SeedRange {
  std::uint64_t first = 1;
  std::uint64_t last = 1;  // included

  std::uint64_t size() const { return last - first + 1; }
};

struct PoolEvents {
  /// The answer of one seed, in whatever order they come.
  std::function<void(std::uint64_t seed, std::string answer)> on_answer;
  /// The worker died on this seed: "killed by signal 6 (Aborted)".
  std::function<void(std::uint64_t seed, std::string how)> on_crash;
  /// Called several times a second.
  std::function<void()> on_tick;
};

/// Runs `work` for every seed, in `jobs` processes. Returns: false if no process could be started.
bool run_in_workers(SeedRange seeds, unsigned jobs, const std::function<std::string(std::uint64_t seed)>& work,
                    const PoolEvents& events);

}  // namespace faultline::cli
