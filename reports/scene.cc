#include "reports/scene.h"

#include <algorithm>

#include "base/check.h"

namespace faultline::reports {

using checkers::FaultInterval;
using checkers::Finding;
using checkers::Happening;
using checkers::LogHistory;
using checkers::LogOperation;

namespace {

struct Span {
  Time begin = Time::min();
  Time end = Time::max();
};

Span span_of(const LogHistory& history, const Finding& finding, const Context& context) {
  if (finding.witness.empty()) {
    if (context.seen) return {context.seen->from, context.seen->at};
    return {};
  }
  Span span{Time::max(), Time::min()};
  for (const std::uint32_t index : finding.witness) {
    ENSURE(index < history.operations.size());
    span.begin = std::min(span.begin, history.operations[index].invoked);
    span.end = std::max(span.end, end_of(history.operations[index]));
  }
  return span;
}

/// Keeps the first and the last of them. Returns: how many are gone.
template <class Item>
std::size_t keep_ends(std::vector<Item>& items, std::size_t max) {
  if (items.size() <= max) return 0;
  const std::size_t left_out = items.size() - max;
  const auto first = items.begin() + static_cast<std::ptrdiff_t>(max / 2);
  items.erase(first, first + static_cast<std::ptrdiff_t>(left_out));
  return left_out;
}

/// The witness, and of the others those that were invoked closest to one of it.
std::vector<std::uint32_t> operations_around(const LogHistory& history, const std::vector<std::uint32_t>& witness,
                                             const Span& span, std::size_t max) {
  struct Candidate {
    std::uint32_t distance;
    std::uint32_t index;
    auto operator<=>(const Candidate&) const = default;
  };
  std::vector<Candidate> candidates;
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    const LogOperation& operation = history.operations[i];
    if (operation.invoked > span.end || end_of(operation) < span.begin) continue;
    const auto next = std::lower_bound(witness.begin(), witness.end(), i);
    if (next != witness.end() && *next == i) continue;
    std::uint32_t distance = UINT32_MAX;
    if (next != witness.end()) distance = *next - i;
    if (next != witness.begin()) distance = std::min(distance, i - *std::prev(next));
    candidates.push_back({distance, i});
  }
  std::sort(candidates.begin(), candidates.end());
  std::vector<std::uint32_t> operations = witness;
  for (const Candidate& candidate : candidates) {
    if (operations.size() >= max) break;
    operations.push_back(candidate.index);
  }
  std::sort(operations.begin(), operations.end());
  return operations;
}

bool concerns(const Happening& happening, const Finding& finding) {
  return happening.partition.empty() || finding.partition.empty() || happening.partition == finding.partition;
}

std::vector<Scene::Event> happenings_in(std::span<const Happening> happenings, const Finding& finding, const Span& span) {
  std::vector<Scene::Event> events;
  for (const Happening& happening : happenings) {
    // A fault is shown by its interval.
    if (happening.fault || happening.at < span.begin || happening.at > span.end || !concerns(happening, finding)) continue;
    const bool again =
        !events.empty() && events.back().happening->who == happening.who && events.back().happening->what == happening.what;
    if (again) {
      ++events.back().times;
    } else {
      events.push_back({&happening});
    }
  }
  return events;
}

}  // namespace

Time end_of(const LogOperation& operation) {
  return operation.completion_index == checkers::no_event ? operation.invoked : operation.completed;
}

Scene scene_of(const LogHistory& history, const Finding& finding, const Context& context, const SceneLimits& limits) {
  Scene scene;
  scene.witness = finding.witness;
  std::sort(scene.witness.begin(), scene.witness.end());
  scene.witness.erase(std::unique(scene.witness.begin(), scene.witness.end()), scene.witness.end());
  const Span span = span_of(history, finding, context);
  if (!scene.witness.empty()) scene.operations = operations_around(history, scene.witness, span, limits.max_operations);
  for (const FaultInterval& fault : history.faults) {
    if (fault.begin <= span.end && fault.end >= span.begin) scene.faults.push_back(&fault);
  }
  scene.faults_left_out = keep_ends(scene.faults, limits.max_faults);
  scene.happenings = happenings_in(context.happenings, finding, span);
  scene.happenings_left_out = keep_ends(scene.happenings, limits.max_happenings);
  return scene;
}

bool in_witness(const Scene& scene, std::uint32_t operation) {
  return std::binary_search(scene.witness.begin(), scene.witness.end(), operation);
}

}  // namespace faultline::reports
