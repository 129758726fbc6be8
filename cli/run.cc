#include "cli/run.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "cli/artifact.h"
#include "cli/campaign.h"
#include "cli/progress.h"
#include "cli/scenario_input.h"
#include "cli/seed_report.h"
#include "cli/worker_pool.h"
#include "scenarios/trial.h"
#include "sim/trace_log.h"

namespace faultline::cli {
namespace {

std::optional<std::uint64_t> parse_seed(std::string_view text) {
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return seed;
}

std::optional<SeedRange> parse_seeds(std::string_view text) {
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) {
    const auto seed = parse_seed(text);
    if (!seed) return std::nullopt;
    return SeedRange{*seed, *seed};
  }
  const auto first = parse_seed(text.substr(0, dots));
  const auto last = parse_seed(text.substr(dots + 2));
  // The last seed of all would leave no number for "there is no more".
  if (!first || !last || *first > *last || *last == UINT64_MAX) return std::nullopt;
  return SeedRange{*first, *last};
}

// Where two runs of the seed part; nothing if they are equal.
std::string divergence_of(const scenarios::Scenario& scenario, std::uint64_t seed, std::uint64_t expected_hash) {
  if (scenarios::run_trial(scenario, seed).hash == expected_hash) return {};
  const scenarios::RunResult first = scenarios::run_trial(scenario, seed, {.keep_trace = true});
  const scenarios::RunResult second = scenarios::run_trial(scenario, seed, {.keep_trace = true});
  const std::optional<sim::Divergence> divergence = sim::first_divergence(first.trace, second.trace);
  if (!divergence) return "two runs had different hashes, but two more with their events kept were equal";
  return fmt::format("the first event that differs is number {}:\n  first run:  {}\n  second run: {}", divergence->index,
                     divergence->first, divergence->second);
}

std::string shell_quote(const std::string& text) {
  if (text.find_first_of(" \"'$`\\*?[]{}()<>|&;#") == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string command_for(const RunOptions& options, const std::string& file, std::uint64_t seed, bool with_settings) {
  std::string command = shell_quote(options.program) + " run " + shell_quote(file) + " --seed " + std::to_string(seed);
  if (options.twice) command += " --twice";
  if (!with_settings) return command;
  for (const std::string& setting : options.settings) command += " --set " + shell_quote(setting);
  for (const std::string& exhibit : options.exhibits) command += " --exhibit " + shell_quote(exhibit);
  return command;
}

// Does `work()` in a process of its own, which may die of it; if it does, `if_crashed(how)` here. Returns: what went wrong.
Result<> in_own_process(std::uint64_t seed, const std::function<Result<>()>& work,
                        const std::function<Result<>(const std::string& how)>& if_crashed) {
  Result<> outcome;
  const auto report = [&](std::uint64_t) -> std::string {
    const Result<> done = work();
    return done ? std::string() : to_string(done.error());
  };
  run_in_workers({seed, seed}, 1, report,
                 {.on_answer =
                      [&](std::uint64_t, const std::string& problem) {
                        if (!problem.empty()) outcome = Error(Errc::io_error, problem);
                      },
                  .on_crash = [&](std::uint64_t, const std::string& how) { outcome = if_crashed(how); },
                  .on_tick = [] {}});
  return outcome;
}

// Repeats the seed and writes the artifact. Returns: its folder, if it came to be.
std::optional<std::string> make_artifact(const RunOptions& options, const scenarios::Scenario& scenario, std::uint64_t seed) {
  std::string folder = options.out + "/" + scenario.name + "-seed-" + std::to_string(seed);
  const Result<> written = in_own_process(
      seed, [&] { return write_artifact(folder, scenario, seed); },
      [&](const std::string& how) { return finish_crashed_artifact(folder, scenario, seed, how); });
  if (written) return folder;
  std::fprintf(stderr, "no artifact: %s\n", written.error().detail.c_str());
  return std::nullopt;
}

/// Asked before the first seed, so that nobody waits for a finding that cannot be written down.
bool can_write_artifacts(const std::string& folder) {
  std::error_code failure;
  if (!folder.empty()) std::filesystem::create_directories(folder, failure);
  if (failure) std::fprintf(stderr, "--out %s: %s\n", folder.c_str(), failure.message().c_str());
  return !failure;
}

Result<> write_trace(const std::string& path, const sim::RunLog& trace) {
  std::ofstream file(path);
  for (std::size_t i = 0; i < trace.records().size(); ++i) file << trace.format(i) << '\n';
  file.flush();
  if (!file) return Error(Errc::io_error, "cannot write " + path);
  return {};
}

ExitCode trace_seed(const RunOptions& options, const scenarios::Scenario& scenario, std::uint64_t seed) {
  const Result<> written = in_own_process(
      seed, [&] { return write_trace(options.trace, scenarios::run_trial(scenario, seed, {.keep_trace = true}).trace); },
      [](const std::string& how) -> Result<> { return Error(Errc::internal, "the seed's process was " + how); });
  if (written) return ExitCode::ok;
  std::fprintf(stderr, "no trace: %s\n", written.error().detail.c_str());
  return ExitCode::internal;
}

void show_seed(const RunOptions& options, const scenarios::Scenario& scenario, const SeedReport& report, std::FILE* to) {
  std::fprintf(to, "\nseed %llu:\n", static_cast<unsigned long long>(report.seed));
  if (!report.crash.empty()) std::fprintf(to, "its process was %s\n", report.crash.c_str());
  if (!report.divergence.empty()) std::fprintf(to, "not deterministic: %s\n", report.divergence.c_str());
  if (!report.mask.empty()) {
    std::fputs("drawn for this seed:", to);
    for (const std::string& line : report.mask) std::fprintf(to, " [%s]", line.c_str());
    std::fputs("\n", to);
  }
  std::fprintf(to, "%s", report.details.c_str());
  std::optional<std::string> folder;
  if (!options.out.empty()) folder = make_artifact(options, scenario, report.seed);
  if (folder) {
    std::fprintf(to, "\nartifact: %s\nto repeat it, as an explicit scenario:\n  %s\n", folder->c_str(),
                 command_for(options, *folder + "/scenario.toml", report.seed, false).c_str());
  }
  std::fprintf(to, "\nto repeat it:\n%s\n", command_for(options, options.file, report.seed, true).c_str());
}

}  // namespace

ExitCode run(const RunOptions& options) {
  const std::optional<SeedRange> seeds = parse_seeds(options.seeds);
  if (!seeds) {
    std::fprintf(stderr, "--seeds %s: expected a number or a range such as 1..1000\n", options.seeds.c_str());
    return ExitCode::usage;
  }
  Result<scenarios::Scenario> scenario = load_scenario(options.file, options.settings);
  if (scenario) {
    if (Result<> added = add_exhibits(*scenario, options.exhibits); !added) scenario = std::move(added).error();
  }
  if (!scenario) {
    std::fprintf(stderr, "%s\n", scenario.error().detail.c_str());
    return ExitCode::usage;
  }
  if (!options.trace.empty() && seeds->size() != 1) {
    std::fprintf(stderr, "--trace %s: one seed at a time, as in --seed 7\n", options.trace.c_str());
    return ExitCode::usage;
  }
  if (options.check_only) {
    std::printf("%s: a scenario\n", options.file.c_str());
    return ExitCode::ok;
  }
  if (!can_write_artifacts(options.out)) return ExitCode::usage;

  Campaign campaign(*scenario);
  double seconds = 0;
  bool started = false;
  {
    Progress progress(seeds->size());
    const auto work = [&](std::uint64_t seed) {
      SeedReport report = report_of(scenarios::run_trial(*scenario, seed));
      if (options.twice) report.divergence = divergence_of(*scenario, seed, report.hash);
      return to_json(report);
    };
    const unsigned jobs = options.jobs != 0 ? options.jobs : std::max(1u, std::thread::hardware_concurrency());
    started = run_in_workers(
        *seeds, jobs, work,
        {.on_answer = [&](std::uint64_t, const std::string& answer) { campaign.add(seed_report_from_json(answer)); },
         .on_crash =
             [&](std::uint64_t seed, std::string how) {
               SeedReport report;
               report.seed = seed;
               report.outcome = SeedReport::Outcome::internal;
               report.crash = std::move(how);
               campaign.add(std::move(report));
             },
         .on_tick = [&] { progress.show(campaign.size(), campaign.violations()); }});
    seconds = progress.seconds();
  }
  if (!started || campaign.size() != seeds->size()) {
    std::fprintf(stderr, "only %zu of %llu seeds were run: no processes to run them\n", campaign.size(),
                 static_cast<unsigned long long>(seeds->size()));
    return ExitCode::internal;
  }
  std::FILE* prose = options.json ? stderr : stdout;
  if (options.json) {
    std::printf("%s\n", campaign.json(seconds).dump(2).c_str());
  } else {
    std::printf("%s", campaign.text(seconds).c_str());
  }
  const SeedReport* shown = campaign.seed_to_show();
  // A seed that did what was expected is shown when somebody asks for it: alone, or as an artifact.
  const bool asked = seeds->size() == 1 || !options.out.empty();
  if (shown != nullptr && (campaign.exit_code() != ExitCode::ok || asked)) show_seed(options, *scenario, *shown, prose);
  if (!options.trace.empty()) {
    if (const ExitCode traced = trace_seed(options, *scenario, seeds->first); traced != ExitCode::ok) return traced;
  }
  return campaign.exit_code();
}

}  // namespace faultline::cli
