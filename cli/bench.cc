#include "cli/bench.h"

#include <fmt/core.h>

#include <cstdio>

#include "bench/broker_bench.h"
#include "bench/checkers_bench.h"
#include "bench/sim_bench.h"

namespace faultline::cli {
namespace {

Result<bench::BenchResult> measure(const BenchOptions& options) {
  if (options.name == "sim") return bench::run_sim_bench();
  if (options.name == "checkers") return bench::run_checkers_bench();
  return bench::run_broker_bench([](std::string_view doing) { fmt::print(stderr, "{} ...\n", doing); });
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
