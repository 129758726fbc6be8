#include "checkers/history_survey.h"

namespace faultline::checkers {

namespace {

class Surveyor {
 public:
  explicit Surveyor(const LogHistory& history) : history_(history) { survey_.partitions.resize(history.partitions.size()); }

  HistorySurvey run() && {
    for_each_operation(history_, [&](std::uint32_t i, const LogOperation& operation) { look_at(i, operation); });
    return std::move(survey_);
  }

 private:
  void look_at(std::uint32_t index, const LogOperation& operation) {
    const std::span<const LogRecord> sent = history_.sent_by(operation);
    const std::span<const LogRecord> polled = history_.polled_by(operation);
    HistorySurvey::Tally& tally =
        survey_.tallies[static_cast<std::size_t>(operation.kind)][static_cast<std::size_t>(operation.outcome)];
    ++tally.operations;
    tally.sent += sent.size();
    tally.polled += polled.size();
    survey_.processes.add(operation.process);
    for (const LogRecord& record : sent) look_at_sent(record, operation.outcome);
    if (!polled.empty()) {
      note_offset(polled.front());
      note_offset(polled.back());
    }
    if (operation.end_offset == no_offset || operation.outcome != Outcome::ok) return;
    survey_.exact_reads.push_back(index);
    if (operation.final_read) survey_.partitions[operation.end_partition.value()].final_read = index;
  }

  void look_at_sent(const LogRecord& record, Outcome outcome) {
    HistorySurvey::Partition& partition = survey_.partitions[record.partition.value()];
    partition.sent_values.add(record.value);
    partition.acknowledged = partition.acknowledged || outcome == Outcome::ok;
    note_offset(record);
  }

  void note_offset(const LogRecord& record) {
    if (record.offset != no_offset) survey_.partitions[record.partition.value()].offsets.add(record.offset);
  }

  const LogHistory& history_;
  HistorySurvey survey_;
};

}  // namespace

HistorySurvey survey(const LogHistory& history) { return Surveyor(history).run(); }

}  // namespace faultline::checkers
