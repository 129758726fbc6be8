#include "cli/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <map>
#include <thread>

#include "base/suggest.h"
#include "cli/check_file.h"
#include "cli/corpus_manifest.h"
#include "cli/progress.h"
#include "cli/worker_pool.h"

namespace faultline::cli {
namespace {

using Outcome = FileReport::Outcome;

constexpr std::string_view manifest_name = "manifest.json";

struct Job {
  FileTask task;
  std::optional<Expectation> expected;
  FileReport report;
};

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
  const std::string_view near = closest_word(word, known);
  return near.empty() ? fmt::format("; there are {}", fmt::join(known, ", ")) : fmt::format("; did you mean {}?", near);
}

Result<std::optional<formats::Workload>> chosen_workload(const CheckOptions& options) {
  const int choices =
      (options.model.empty() ? 0 : 1) + (options.log ? 1 : 0) + (options.list_append ? 1 : 0) + (options.rw_register ? 1 : 0);
  if (choices > 1)
    return Error(Errc::invalid_argument, "--model, --log, --elle-list-append and --elle-register exclude each other");
  using formats::Workload;
  using formats::WorkloadKind;
  if (options.log) return std::optional(Workload{WorkloadKind::log});
  if (options.list_append) return std::optional(Workload{WorkloadKind::list_append});
  if (options.rw_register) return std::optional(Workload{WorkloadKind::rw_register});
  if (options.model.empty()) return std::optional<Workload>();
  if (const auto model = formats::parse_model(options.model)) return std::optional(Workload{WorkloadKind::model, *model});
  std::vector<std::string_view> names;
  for (const formats::Model model : formats::all_models()) names.push_back(to_string(model));
  return Error(Errc::invalid_argument, fmt::format("--model {}: unknown{}", options.model, did_you_mean(options.model, names)));
}

Result<std::uint64_t> count_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size())
    return Error(Errc::invalid_argument, "expected a number");
  return number;
}

Result<Ratio> ratio_of(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return Error(Errc::invalid_argument, "expected a fraction such as 9/10");
  const std::uint64_t part = TRY(count_of(text.substr(0, slash)));
  const std::uint64_t whole = TRY(count_of(text.substr(slash + 1)));
  constexpr std::uint64_t most = 1'000'000'000;
  if (whole == 0 || whole > most || part > whole) return Error(Errc::invalid_argument, "expected a fraction from 0 to 1");
  return Ratio{static_cast<std::uint32_t>(part), static_cast<std::uint32_t>(whole)};
}

// "acknowledged=100", "read-share=9/10", "every-partition-polled".
Result<> require(std::string_view text, checkers::Requirements& required) {
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1);
  if (name == "acknowledged") {
    required.min_acknowledged = TRY(count_of(value));
  } else if (name == "reads") {
    required.min_records_read = TRY(count_of(value));
  } else if (name == "faults") {
    required.min_faults_overlapping = TRY(count_of(value));
  } else if (name == "read-share") {
    required.min_read_share = TRY(ratio_of(value));
  } else if (name == "indefinite-share") {
    required.max_indefinite_share = TRY(ratio_of(value));
  } else if (text == "every-partition-polled") {
    required.every_partition_polled = true;
  } else if (text == "every-partition-read-to-end") {
    required.every_partition_read_to_end = true;
  } else {
    constexpr std::string_view known[] = {"acknowledged=N",
                                          "reads=N",
                                          "faults=N",
                                          "read-share=A/B",
                                          "indefinite-share=A/B",
                                          "every-partition-polled",
                                          "every-partition-read-to-end"};
    return Error(Errc::invalid_argument, fmt::format("there are {}", fmt::join(known, ", ")));
  }
  return {};
}

// What the options ask of every file.
Result<FileTask> common_task(const CheckOptions& options) {
  FileTask task;
  if (!options.format.empty()) {
    task.format = formats::parse_format(options.format);
    std::vector<std::string_view> names;
    for (const formats::Format format : formats::all_formats()) names.push_back(to_string(format));
    if (!task.format)
      return Error(Errc::invalid_argument,
                   fmt::format("--format {}: unknown{}", options.format, did_you_mean(options.format, names)));
  }
  task.workload = TRY(chosen_workload(options));
  if (!options.consistency.empty()) {
    const auto level = transactions::parse_consistency_level(options.consistency);
    std::vector<std::string_view> names;
    for (const transactions::ConsistencyLevel each : transactions::all_consistency_levels()) names.push_back(to_string(each));
    if (!level)
      return Error(Errc::invalid_argument,
                   fmt::format("--consistency {}: unknown{}", options.consistency, did_you_mean(options.consistency, names)));
    task.level = *level;
  }
  for (const std::string& text : options.required) {
    const Result<> added = require(text, task.required);
    if (!added) return Error(Errc::invalid_argument, fmt::format("--require {}: {}", text, added.error().detail));
  }
  task.tolerated = options.tolerated;
  for (const std::string& text : options.promised) {
    const Result<> added = add_promise(text, task.promises);
    if (!added) return Error(Errc::invalid_argument, fmt::format("--promise {}: {}", text, added.error().detail));
  }
  task.memory_bytes = options.memory_bytes;
  task.timeout_ns = options.timeout_ns;
  task.picture = !options.dot.empty();
  return task;
}

// Folders become the files in them, and manifests the entries they have.
Result<std::vector<Job>> jobs_of(const CheckOptions& options, const FileTask& common) {
  std::vector<std::string> paths;
  for (const std::string& file : options.files) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(file, ignored)) {
      paths.push_back(file);
      continue;
    }
    std::vector<std::string> inside;
    for (const auto& entry : std::filesystem::directory_iterator(file, ignored)) {
      if (entry.is_regular_file(ignored)) inside.push_back(entry.path().string());
    }
    std::ranges::sort(inside);
    paths.insert(paths.end(), inside.begin(), inside.end());
  }
  if (options.merge) {
    std::erase_if(paths, [](const std::string& path) { return std::filesystem::path(path).filename() == manifest_name; });
    if (paths.empty()) return std::vector<Job>();
    Job job{common, std::nullopt, {}};
    job.task.paths = paths;
    return std::vector<Job>{job};
  }
  std::map<std::string, ManifestEntry> expected;
  for (const std::string& path : paths) {
    if (std::filesystem::path(path).filename() != manifest_name) continue;
    for (ManifestEntry& entry : TRY(read_manifest(path))) {
      std::string listed = entry.task.name();
      expected.insert_or_assign(std::move(listed), std::move(entry));
    }
  }
  std::vector<Job> jobs;
  for (const std::string& path : paths) {
    if (std::filesystem::path(path).filename() == manifest_name) continue;
    Job job{common, std::nullopt, {}};
    job.task.paths = {path};
    if (const auto entry = expected.find(path); entry != expected.end()) {
      job.expected = entry->second.expected;
      job.task.format = entry->second.task.format;
      job.task.workload = entry->second.task.workload;
      job.task.level = entry->second.task.level;
      job.task.tolerated = entry->second.task.tolerated;
      job.task.promises = entry->second.task.promises;
      expected.erase(entry);
    }
    jobs.push_back(std::move(job));
  }
  // A manifest alone stands for all that it lists.
  for (auto& [path, entry] : expected) {
    Job job{common, entry.expected, {}};
    job.task.paths = {path};
    job.task.format = entry.task.format;
    job.task.workload = entry.task.workload;
    job.task.level = entry.task.level;
    job.task.tolerated = entry.task.tolerated;
    job.task.promises = entry.task.promises;
    jobs.push_back(std::move(job));
  }
  return jobs;
}

bool is_wrong(const Job& job) {
  if (job.expected) return !mismatch(*job.expected, job.report).empty();
  return job.report.outcome != Outcome::valid;
}

// Each file is judged by a process of its own, which may die of it.
bool judge_all(std::vector<Job>& jobs, unsigned processes) {
  jobs.front().task.show_progress = jobs.size() == 1;
  std::size_t done = 0;
  std::size_t wrong = 0;
  Progress progress(jobs.size(), "histories");
  const auto settle = [&](std::uint64_t index, FileReport report) {
    Job& job = jobs[index];
    job.report = std::move(report);
    ++done;
    wrong += is_wrong(job) ? 1 : 0;
  };
  const auto work = [&](std::uint64_t index) { return to_message(check_file(jobs[index].task)); };
  const bool started = run_in_workers(
      {0, jobs.size() - 1}, processes, work,
      {.on_answer = [&](std::uint64_t index, const std::string& answer) { settle(index, file_report_from(answer)); },
       .on_crash =
           [&](std::uint64_t index, const std::string& how) {
             FileReport report;
             report.outcome = Outcome::crashed;
             report.text = fmt::format("{}: its process was {}\n", jobs[index].task.name(), how);
             settle(index, std::move(report));
           },
       .on_tick =
           [&] {
             if (jobs.size() > 1) progress.show(done, fmt::format(", {} not valid", wrong));
           }});
  return started && done == jobs.size();
}

// Bad input first: whoever asked should mend the question before believing any answer.
ExitCode exit_code_of(const std::vector<Job>& jobs) {
  const auto any = [&](Outcome outcome) {
    return std::ranges::any_of(jobs, [&](const Job& job) { return !job.expected && job.report.outcome == outcome; });
  };
  if (std::ranges::any_of(jobs, [](const Job& job) { return job.report.outcome == Outcome::crashed; })) return ExitCode::internal;
  if (any(Outcome::bad_input)) return ExitCode::usage;
  if (any(Outcome::invalid)) return ExitCode::invalid;
  if (std::ranges::any_of(jobs, [](const Job& job) { return job.expected && is_wrong(job); })) return ExitCode::invalid;
  return any(Outcome::unknown) ? ExitCode::unknown : ExitCode::ok;
}

void print_json(const std::vector<Job>& jobs) {
  for (const Job& job : jobs) std::printf("%s\n", job.report.json.c_str());
}

// One file gets its whole report; of many, a line each, and the whole of those that are not as they should be.
void print_text(const std::vector<Job>& jobs) {
  constexpr std::size_t reports_shown = 5;
  std::size_t shown = 0;
  std::size_t as_expected = 0;
  for (const Job& job : jobs) {
    const std::string problem = job.expected ? mismatch(*job.expected, job.report) : std::string();
    as_expected += job.expected && problem.empty() ? 1 : 0;
    if (job.expected) {
      if (problem.empty()) continue;
      std::printf("%s: %s\n", job.task.name().c_str(), problem.c_str());
    }
    const bool whole = jobs.size() == 1 || (is_wrong(job) && shown++ < reports_shown);
    std::FILE* to = job.report.outcome == Outcome::bad_input || job.report.outcome == Outcome::crashed ? stderr : stdout;
    if (whole) {
      std::fprintf(to, "%s\n", job.report.text.c_str());
    } else {
      std::printf("%s: %s\n", job.task.name().c_str(), std::string(to_string(job.report.outcome)).c_str());
    }
  }
  if (jobs.size() == 1 && !jobs.front().expected) return;
  const auto count = [&](Outcome outcome) {
    return std::ranges::count_if(jobs, [&](const Job& job) { return job.report.outcome == outcome; });
  };
  std::printf("%zu histories: %td valid, %td invalid, %td unknown, %td bad input\n", jobs.size(), count(Outcome::valid),
              count(Outcome::invalid), count(Outcome::unknown), count(Outcome::bad_input));
  const auto expected = std::ranges::count_if(jobs, [](const Job& job) { return job.expected.has_value(); });
  if (expected > 0) std::printf("%zu of %td are as the manifest says\n", as_expected, expected);
}

bool write_picture(const std::string& path, const std::vector<Job>& jobs) {
  const auto drawn = std::ranges::find_if(jobs, [](const Job& job) { return !job.report.dot.empty(); });
  if (drawn == jobs.end()) {
    std::fprintf(stderr, "%s: not written, there is no finding to draw\n", path.c_str());
    return true;
  }
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return false;
  const bool written = std::fputs(drawn->report.dot.c_str(), file) >= 0;
  return (std::fclose(file) == 0) && written;
}

}  // namespace

ExitCode check(const CheckOptions& options) {
  const Result<FileTask> common = common_task(options);
  Result<std::vector<Job>> jobs = common ? jobs_of(options, *common) : Result<std::vector<Job>>(common.error());
  if (!jobs) {
    std::fprintf(stderr, "%s\n", jobs.error().detail.c_str());
    return ExitCode::usage;
  }
  if (jobs->empty()) {
    std::fprintf(stderr, "no history among the files\n");
    return ExitCode::usage;
  }
  const unsigned processes = options.jobs != 0 ? options.jobs : std::max(1u, std::thread::hardware_concurrency());
  if (!judge_all(*jobs, processes)) {
    std::fprintf(stderr, "not all histories were judged: no processes to judge them\n");
    return ExitCode::internal;
  }
  if (options.json) {
    print_json(*jobs);
  } else {
    print_text(*jobs);
  }
  if (!options.dot.empty() && !write_picture(options.dot, *jobs)) {
    std::fprintf(stderr, "%s: cannot be written\n", options.dot.c_str());
    return ExitCode::usage;
  }
  return exit_code_of(*jobs);
}

}  // namespace faultline::cli
