// How fast the checkers are, on generated histories that are the same every time, on one core.
//
// A figure is the processor time of the check alone: the history is in memory before. Each checker has a file of its own with its
// rows; where a cost is claimed to grow with the history alone, the rows show it at n, 10 n and 100 n.
#pragma once

#include <functional>
#include <vector>

#include "bench/result.h"

namespace faultline::bench {

/// Milliseconds of processor time that `work` takes: the median of five runs.
double median_ms(const std::function<void()>& work);

/// The most memory that this process ever had, in MB.
double peak_memory_mb();

/// bench/linearizability_bench.cc
std::vector<Figure> linearizability_figures();
/// bench/log_bench.cc
std::vector<Figure> log_figures();

/// bench/transactions_bench.cc
std::vector<Figure> transactions_figures();

/// All rows.
BenchResult run_checkers_bench();

}  // namespace faultline::bench
