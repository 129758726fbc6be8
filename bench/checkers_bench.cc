#include "bench/checkers_bench.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace faultline::bench {

double median_ms(const std::function<void()>& work) {
  std::array<double, 5> times{};
  for (double& time : times) {
    const std::clock_t started = std::clock();
    work();
    time = static_cast<double>(std::clock() - started) * 1000 / CLOCKS_PER_SEC;
  }
  std::sort(times.begin(), times.end());
  return times[2];
}

double peak_memory_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

BenchResult run_checkers_bench() {
  BenchResult result{"checkers", {}};
  for (const auto rows : {linearizability_figures, transactions_figures, log_figures}) {
    const std::vector<Figure> figures = rows();
    result.figures.insert(result.figures.end(), figures.begin(), figures.end());
  }
  return result;
}

}  // namespace faultline::bench
