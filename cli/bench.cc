#include "cli/bench.h"

#include <fmt/core.h>

#include <cstdio>

#include "bench/broker_bench.h"
#include "bench/checkers_bench.h"
#include "bench/cluster_bench.h"
#include "bench/sim_bench.h"

namespace faultline::cli {
namespace {

Result<bench::BenchResult> measure(const BenchOptions& options) {
  if (options.name == "sim") return bench::run_sim_bench();
  if (options.name == "checkers") return bench::run_checkers_bench();
  const auto progress = [](std::string_view doing) { fmt::print(stderr, "{} ...\n", doing); };
  return options.name == "cluster" ? bench::run_cluster_bench(progress) : bench::run_broker_bench(progress);
}

}  // namespace

ExitCode bench(const BenchOptions& options) {
  const Result<bench::BenchResult> result = measure(options);
  if (!result) {
    fmt::print(stderr, "faultline bench {}: {}\n", options.name, to_string(result.error()));
    return ExitCode::internal;
  }
  fmt::print("{}", options.json ? result->to_json() + "\n" : result->to_text());
  return ExitCode::ok;
}

}  // namespace faultline::cli
