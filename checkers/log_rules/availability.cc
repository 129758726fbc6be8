// Availability for writes as a bound: a partition that somebody writes to takes a write within so much time.
//
// The time runs while sends to a partition are under way, or have ended in vain: from the invocation of the first of them, or from the
// last acknowledgement if one was under way then. An acknowledgement ends it. A partition that nobody writes to owes nothing, and a send
// of which no end is known says nothing about how long it would have taken.
#include <fmt/format.h>

#include <optional>
#include <vector>

#include "checkers/log_rules/log_rules.h"
#include "checkers/log_rules/names.h"

namespace faultline::log_rules {

namespace {

using checkers::LogOperation;
using checkers::no_row;
using checkers::OperationKind;
using checkers::Outcome;

class Availability {
 public:
  explicit Availability(const Context& context)
      : context_(context), bound_(*context.promises.write_bound), waits_(context.history.partitions.size()) {}

  void run() {
    for (const checkers::EventRef& event : checkers::events_in_order(context_.history)) {
      const LogOperation& operation = context_.history.operations[event.operation];
      if (operation.kind != OperationKind::send) continue;
      for (const checkers::LogRecord& record : context_.history.records_of(operation)) {
        context_.step();
        Wait& wait = waits_[record.partition.value()];
        if (!event.completion) {
          begin(wait, event.operation);
        } else {
          end(wait, event.operation, record.partition.value());
        }
      }
    }
  }

 private:
  struct Wait {
    std::uint32_t under_way = 0;  // records that were sent and are not answered
    std::optional<Time> since{};
    std::uint32_t first = no_row;  // the send from which the time runs, or that had just been acknowledged
    bool reported = false;
  };

  void begin(Wait& wait, std::uint32_t index) const {
    ++wait.under_way;
    if (!wait.since) start(wait, context_.history.operations[index].invoked, index);
  }

  void end(Wait& wait, std::uint32_t index, std::uint32_t partition) const {
    const LogOperation& send = context_.history.operations[index];
    --wait.under_way;
    if (!wait.reported && send.completed - *wait.since > bound_) {
      wait.reported = true;
      report(wait, index, partition);
    }
    if (send.outcome != Outcome::ok) return;
    wait.since.reset();
    if (wait.under_way > 0) start(wait, send.completed, index);
  }

  static void start(Wait& wait, Time since, std::uint32_t index) {
    wait.since = since;
    wait.first = index;
    wait.reported = false;
  }

  void report(const Wait& wait, std::uint32_t index, std::uint32_t partition) const {
    context_.found.add(anomaly::write_stall, [&] {
      return checkers::Finding{
          .partition = context_.history.partitions[partition],
          .witness = {wait.first, index},
          .text = fmt::format("{} took no write from {} (op {}) to {} (op {}), though there were some to take",
                              context_.history.partitions[partition], checkers::seconds_text(*wait.since), wait.first,
                              checkers::seconds_text(context_.history.operations[index].completed), index)};
    });
  }

  const Context& context_;
  const Duration bound_;
  std::vector<Wait> waits_;  // per partition
};

}  // namespace

void find_write_stalls(const Context& context) { Availability(context).run(); }

}  // namespace faultline::log_rules
