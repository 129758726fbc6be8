// How long a send takes: 99 of 100 are acknowledged within a bound.
//
// By the times of the history, invocation to completion: what the client waited, its retries included. A send that was not acknowledged counts as
// slower than any that was: whoever gives up early must not look quick.
#include <fmt/format.h>

#include <algorithm>

#include "checkers/log_rules/log_rules.h"
#include "checkers/log_rules/names.h"

namespace faultline::log_rules {

namespace {

using checkers::LogOperation;

constexpr Duration never = Duration::max();

struct Wait {
  Duration time{};
  std::uint32_t operation = 0;

  auto operator<=>(const Wait&) const = default;
};

std::string text_of(Duration time) {
  return time == never ? "not acknowledged"
                       : fmt::format("{} us", std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

}  // namespace

void find_slow_produce(const Context& context) {
  std::vector<Wait> waits;
  for (std::uint32_t i = 0; i < context.history.operations.size(); ++i) {
    const LogOperation& operation = context.history.operations[i];
    if (operation.kind != checkers::OperationKind::send) continue;
    const bool acknowledged = operation.outcome == checkers::Outcome::ok;
    waits.push_back({acknowledged ? operation.completed - operation.invoked : never, i});
    context.step();
  }
  if (waits.empty()) return;
  // The nearest rank: the fastest of those that at least 99 of 100 do not exceed.
  const std::size_t rank = (waits.size() * 99 + 99) / 100 - 1;
  std::sort(waits.begin(), waits.end());
  if (waits[rank].time <= *context.promises.produce_p99) return;
  context.found.add(anomaly::slow_produce, [&] {
    checkers::Finding finding;
    // The slowest of all says most about why.
    finding.witness = {waits.back().operation};
    finding.text =
        fmt::format("99 of 100 of the {} sends are promised an acknowledgement within {}; they took: {}, the slowest: {}",
                    waits.size(), text_of(*context.promises.produce_p99), text_of(waits[rank].time), text_of(waits.back().time));
    return finding;
  });
}

}  // namespace faultline::log_rules
