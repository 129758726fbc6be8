// Reading, judging, and the limits of both: time is asked for now and then, memory is taken away by the system beyond the limit, and
// the allocation that then fails makes the verdict `unknown`. Runs in a process of its own (cli/check.cc).
#include "cli/check_file.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <memory>
#include <new>

#include "checkers/formats/to_log.h"
#include "checkers/formats/to_operations.h"
#include "checkers/formats/to_transactions.h"
#include "checkers/log_checker.h"
#include "checkers/log_rules/log_rules.h"
#include "checkers/transactions/check_transactions.h"
#include "checkers/transactions/render_cycle.h"
#include "cli/check_report.h"
#include "cli/history_input.h"
#include "cli/progress.h"
#include "reports/lanes_dot.h"
#include "reports/linearizability_json.h"
#include "reports/spacetime.h"
#include "reports/text.h"

namespace faultline::cli {
namespace {

using Clock = std::chrono::steady_clock;
using formats::WorkloadKind;

// The search may have this share of the memory; the history has the rest.
constexpr std::uint64_t search_share = 2;
// Events between two looks at the clock.
constexpr std::uint32_t events_per_look = 4096;
constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

// Makes allocations beyond `bytes` fail. Not under a sanitizer, whose shadow memory is larger than any limit.
void limit_memory([[maybe_unused]] std::uint64_t bytes) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  return;
#endif
#endif
  constexpr std::uint64_t program_bytes = 256 * mebibyte;  // code, libraries, stacks
  const rlimit limit{bytes + program_bytes, bytes + program_bytes};
  ::setrlimit(RLIMIT_AS, &limit);
#endif
}

// The verdict of a second checker on the same history joins that of the first.
void add_verdict(checkers::Verdict more, checkers::Verdict& verdict) {
  using Outcome = checkers::Verdict::Outcome;
  verdict.findings.insert(verdict.findings.end(), more.findings.begin(), more.findings.end());
  verdict.counts.insert(verdict.counts.end(), more.counts.begin(), more.counts.end());
  if (more.outcome == Outcome::invalid || verdict.outcome == Outcome::valid) verdict.outcome = more.outcome;
  if (verdict.reason.empty()) verdict.reason = more.reason;
}

class Judge {
 public:
  explicit Judge(const FileTask& task) : task_(task), started_(Clock::now()) {}

  Result<FileReport> run() {
    const std::unique_ptr<HistoryInput> input = TRY(HistoryInput::open(task_.paths, task_.format));
    name_ = input->name();
    const formats::Workload workload = TRY(choose_workload(*input));
    judgement_.format = to_string(input->format());
    TRY(judge(workload, *input));
    if (timed_out_)
      return out_of_reach(name_,
                          fmt::format("the time of {} s was over while the file was read", task_.timeout_ns / 1'000'000'000));
    judgement_.unmet = unmet(task_.required, judgement_.verdict.vacuity);
    return report_of(name_, judgement_, seconds());
  }

 private:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - started_).count(); }
  bool time_is_over() const {
    return task_.timeout_ns > 0 && Clock::now() - started_ > std::chrono::nanoseconds(task_.timeout_ns);
  }

  Result<formats::Workload> choose_workload(const HistoryInput& input) {
    if (task_.workload) return *task_.workload;
    const formats::Guess guess = TRY(input.guess_workload("say --model M, --log, --elle-list-append or --elle-register"));
    judgement_.guessed = guess.reason;
    return *guess.workload;
  }

  Result<> judge(const formats::Workload& workload, HistoryInput& input) {
    if (workload.kind != WorkloadKind::log && !task_.promises.texts.empty())
      return Error(Errc::invalid_argument, name_ + ": --promise is about logs, and this is none");
    switch (workload.kind) {
      case WorkloadKind::log: return judge_log(input);
      case WorkloadKind::model: return judge_model(workload.model, input);
      case WorkloadKind::list_append: return judge_transactions(true, input);
      case WorkloadKind::rw_register: return judge_transactions(false, input);
    }
    return {};
  }

  // Feeds all events to `converter`, or as many as there is time for.
  template <class Converter>
  Result<> feed(Converter& converter, HistoryInput& input) {
    std::optional<Progress> progress;
    if (task_.show_progress && input.size_bytes() > 0) progress.emplace(input.size_bytes() / mebibyte, "MiB read");
    formats::EventReader& reader = input.reader();
    formats::Event event;
    for (std::uint32_t count = 1; TRY(reader.next(event)); ++count) {
      TRY(converter.add(event, reader));
      if (count % events_per_look != 0) continue;
      if (progress) progress->show(input.bytes_read() / mebibyte, "");
      timed_out_ = time_is_over();
      if (timed_out_) return {};
    }
    return {};
  }

  Result<> judge_log(HistoryInput& input) {
    const std::unique_ptr<formats::LogConverter> converter =
        input.format() == formats::Format::jsonl ? formats::make_log_converter() : formats::make_kafka_converter();
    TRY(feed(*converter, input));
    if (timed_out_) return {};
    const checkers::LogHistory history = std::move(*converter).take();
    checkers::LogRules rules = checkers::LogRules::idempotent();
    Result<log_rules::Promises> promises = promises_for(history, task_.promises, rules);
    if (!promises) return Error(promises.error().code, fmt::format("{}: --promise {}", name_, promises.error().detail));
    rules.tolerated.insert(rules.tolerated.end(), task_.tolerated.begin(), task_.tolerated.end());
    judgement_.checker = "log";
    judgement_.is_log = true;
    judgement_.verdict = check_log(history, rules);
    promises->tolerated = task_.tolerated;
    add_verdict(check_log_rules(history, *promises), judgement_.verdict);
    if (!task_.promises.texts.empty())
      judgement_.said.push_back(fmt::format("promised      {}", fmt::join(task_.promises.texts, "  ")));
    judgement_.details = reports::findings_text(judgement_.verdict, &history);
    if (task_.picture && !judgement_.verdict.findings.empty()) {
      judgement_.dot = reports::spacetime_dot(history, judgement_.verdict.findings.front());
    }
    return {};
  }

  Result<> judge_model(formats::Model model, HistoryInput& input) {
    formats::OperationConverter converter(model);
    TRY(feed(converter, input));
    if (timed_out_) return {};
    const formats::ReadOperations read = std::move(converter).take();
    linearizability::Options options;
    options.memory_bytes = static_cast<std::size_t>(task_.memory_bytes / search_share);
    options.keep_going = [this] { return !time_is_over(); };
    const linearizability::Result result = formats::check(read, options);
    judgement_.checker = fmt::format("model {}, linearizable", to_string(model));
    judgement_.verdict = to_verdict(result);
    judgement_.verdict.vacuity = read.vacuity;
    judgement_.said.push_back(fmt::format("decided by    {}", result.algorithm));
    judgement_.extra["linearizability"] = reports::linearizability_json(result);
    if (result.outcome == checkers::Verdict::Outcome::valid) return {};
    judgement_.details = reports::findings_text(judgement_.verdict, nullptr) + witness_text(result);
    if (task_.picture) judgement_.dot = reports::lanes_dot(result);
    return {};
  }

  Result<> judge_transactions(bool lists, HistoryInput& input) {
    formats::TransactionConverter converter(lists);
    TRY(feed(converter, input));
    if (timed_out_) return {};
    const formats::ReadTransactions read = std::move(converter).take();
    if (read.cut_short) return Error(Errc::too_large, name_ + ": more than 4 billion events, keys or values are too many");
    transactions::TransactionOptions options;
    options.workload = lists ? transactions::Workload::list_append : transactions::Workload::rw_register;
    options.level = task_.level;
    options.out_of_budget = [this] { return time_is_over(); };
    const transactions::TransactionVerdict result = check_transactions(read.history, options);
    judgement_.checker = fmt::format("{}, {}", lists ? "elle-list-append" : "elle-register", to_string(task_.level));
    judgement_.verdict = result.verdict;
    judgement_.verdict.vacuity = read.vacuity;
    if (!result.ruled_out.empty()) {
      std::string levels;
      for (const transactions::ConsistencyLevel level : result.ruled_out)
        levels += fmt::format("{}{}", levels.empty() ? "" : ", ", to_string(level));
      judgement_.said.push_back("rules out     " + levels + ", and all that is stronger");
      judgement_.extra["ruled_out"] = levels;
    }
    judgement_.extra["cycles"] = nlohmann::ordered_json::array();
    for (const transactions::Cycle& cycle : result.cycles) {
      judgement_.extra["cycles"].push_back(nlohmann::ordered_json::parse(cycle_json(read.history, cycle)));
    }
    judgement_.details = reports::findings_text(result.verdict, nullptr);
    if (task_.picture && !result.cycles.empty()) judgement_.dot = cycle_dot(read.history, result.cycles.front());
    return {};
  }

  const FileTask& task_;
  std::string name_;
  const Clock::time_point started_;
  Judgement judgement_;
  bool timed_out_ = false;
};

}  // namespace

FileReport check_file(const FileTask& task) {
  limit_memory(task.memory_bytes);
  try {
    const Result<FileReport> report = Judge(task).run();
    if (report) return *report;
    return bad_input(task.name(), report.error().detail);
  } catch (const std::bad_alloc&) {
    return out_of_reach(task.name(), fmt::format("the history and its check need more than {} MiB; --memory 8G allows more",
                                                 task.memory_bytes / mebibyte));
  }
}

}  // namespace faultline::cli
