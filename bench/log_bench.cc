// The log checkers on what seven processes see of one log: five send single records, two read on from where they are, at most eight at a
// time, and half of the reads that reach the end say so. The last read has it all.
#include <array>
#include <string>
#include <utility>

#include "base/random.h"
#include "bench/checkers_bench.h"
#include "checkers/log_checker.h"
#include "checkers/log_linearizability.h"

namespace faultline::bench {

namespace {

using checkers::HistoryRecorder;
using checkers::LogHistory;
using checkers::LogRecord;
using checkers::Outcome;
using checkers::Verdict;

constexpr std::size_t processes = 7;
constexpr std::size_t senders = 5;
constexpr std::size_t records_per_poll = 8;

class LogWriter {
 public:
  LogWriter(Ratio indefinite, bool wrong_last_read)
      : indefinite_(indefinite), wrong_last_read_(wrong_last_read), random_(RandomSource(1).stream("log bench")) {}

  LogHistory run(std::uint32_t operations) && {
    for (std::uint32_t begun = 0; begun < operations;) {
      const std::size_t process = random_.below(processes);
      if (open_[process].under_way) {
        end(process);
      } else {
        begin(process);
        ++begun;
      }
    }
    for (std::size_t process = 0; process < processes; ++process) {
      if (open_[process].under_way) end(process);
    }
    read_everything();
    return std::move(recorder_).take();
  }

 private:
  struct Open {
    checkers::OperationId id{};
    bool under_way = false;
    std::int64_t value = 0;
  };

  Time tick() { return now_ += 1us; }

  void begin(std::size_t process) {
    Open& open = open_[process];
    open.under_way = true;
    if (process >= senders) {
      open.id = recorder_.invoke_poll(static_cast<std::int32_t>(process), tick());
      return;
    }
    open.value = next_value_++;
    const LogRecord record{partition_, checkers::no_offset, open.value};
    open.id = recorder_.invoke_send(static_cast<std::int32_t>(process), tick(), std::span(&record, 1));
  }

  void end(std::size_t process) {
    Open& open = open_[process];
    open.under_way = false;
    if (process < senders) {
      end_send(open);
    } else {
      end_poll(open, position_[process]);
    }
  }

  void end_send(const Open& open) {
    const bool unknown = random_.chance(indefinite_);
    const bool happens = !unknown || random_.chance({1, 2});
    const std::int64_t offset = unknown ? checkers::no_offset : std::ssize(log_);
    if (happens) log_.push_back(open.value);
    recorder_.complete_send(open.id, tick(), unknown ? Outcome::indefinite : Outcome::ok, std::span(&offset, 1));
  }

  void end_poll(const Open& open, std::size_t& position) {
    std::vector<LogRecord> records;
    for (; position < log_.size() && records.size() < records_per_poll; ++position) records.push_back(record_at(position));
    if (position == log_.size() && random_.chance({1, 2})) recorder_.set_exact_end(open.id, partition_, std::ssize(log_));
    recorder_.complete_poll(open.id, tick(), Outcome::ok, records);
  }

  // A wrong one leaves the last record out and calls that the end.
  void read_everything() {
    const std::size_t end = log_.size() - (wrong_last_read_ ? 1 : 0);
    std::vector<LogRecord> records;
    for (std::size_t offset = 0; offset < end; ++offset) records.push_back(record_at(offset));
    const checkers::OperationId id = recorder_.invoke_poll(processes, tick(), true);
    recorder_.set_exact_end(id, partition_, static_cast<std::int64_t>(end));
    recorder_.complete_poll(id, tick(), Outcome::ok, records);
  }

  LogRecord record_at(std::size_t offset) const { return {partition_, static_cast<std::int64_t>(offset), log_[offset]}; }

  const Ratio indefinite_;
  const bool wrong_last_read_;
  RandomStream random_;
  HistoryRecorder recorder_;
  const checkers::PartitionId partition_ = recorder_.partition("t-0");
  Time now_{};
  std::array<Open, processes> open_{};
  std::array<std::size_t, processes> position_{};
  std::vector<std::int64_t> log_;
  std::int64_t next_value_ = 0;
};

// The figure of one history; a wrong verdict is no time at all.
Figure timed(std::string name, double at_most, Verdict::Outcome expected, const std::function<Verdict::Outcome()>& judge) {
  Verdict::Outcome outcome = expected;
  const double ms = median_ms([&] { outcome = judge(); });
  return {.name = std::move(name), .value = outcome == expected ? ms : at_most + 1e9, .unit = "ms", .at_most = at_most};
}

}  // namespace

std::vector<Figure> log_figures() {
  std::vector<Figure> figures;
  const auto linearizable = [](const LogHistory& history) { return checkers::check_linearizable(history).outcome; };
  for (const auto& [size, bound] : {std::pair{10000u, 0.0}, {100000u, 10.0}, {1000000u, 150.0}}) {
    const LogHistory history = LogWriter({0, 1}, false).run(size);
    const std::string what = std::to_string(size) + " operations, offsets known";
    figures.push_back(
        timed("log linearizability: " + what, bound, Verdict::Outcome::valid, [&] { return linearizable(history); }));
    figures.push_back(timed("log checker: " + what, bound, Verdict::Outcome::valid,
                            [&] { return check_log(history, checkers::LogRules::idempotent()).outcome; }));
  }
  constexpr double small_bound = 20;
  const LogHistory wrong = LogWriter({5, 100}, true).run(1000);
  figures.push_back(timed("log linearizability: 1000 operations, 5 % indefinite, last read wrong", small_bound,
                          Verdict::Outcome::invalid, [&] { return linearizable(wrong); }));
  const LogHistory indefinite = LogWriter({20, 100}, false).run(2000);
  figures.push_back(timed("log linearizability: 2000 operations, 20 % indefinite", small_bound, Verdict::Outcome::valid,
                          [&] { return linearizable(indefinite); }));
  return figures;
}

}  // namespace faultline::bench
