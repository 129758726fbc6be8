#include "reports/timeline.h"

#include <fmt/format.h>

#include <map>

namespace faultline::reports {

using checkers::FaultInterval;
using checkers::Finding;
using checkers::Happening;
using checkers::LogHistory;

namespace {

std::string line_of(Time at, std::string_view what) { return fmt::format("{:>14}  {}\n", checkers::seconds_text(at), what); }

std::string name_of(const Happening& happening) {
  return happening.who.empty() ? fmt::format("--- {} ---", happening.what) : fmt::format("{}: {}", happening.who, happening.what);
}

}  // namespace

std::string happening_line(const Happening& happening) {
  return line_of(happening.at, (happening.fault ? "! " : "  ") + name_of(happening));
}

std::string timeline_text(const LogHistory& history, const Finding& finding, const Context& context, const SceneLimits& limits) {
  const Scene scene = scene_of(history, finding, context, limits);
  std::multimap<Time, std::string> lines;  // equal times in order of insertion: faults first, they explain the rest
  for (const FaultInterval* fault : scene.faults) {
    const std::string until = fault->end == fault->begin ? "" : fmt::format(", until {}", checkers::seconds_text(fault->end));
    lines.emplace(fault->begin, fmt::format("! {} of {}{}", fault->name, fault->target, until));
  }
  for (const Scene::Event& event : scene.happenings) {
    const std::string times = event.times == 1 ? "" : fmt::format(" ({} times)", event.times);
    lines.emplace(event.happening->at, fmt::format("  {}{}", name_of(*event.happening), times));
  }
  for (const std::uint32_t index : scene.operations) {
    const char mark = in_witness(scene, index) ? '>' : ' ';
    lines.emplace(history.operations[index].invoked, fmt::format("{} {}", mark, checkers::describe(history, index)));
  }
  if (scene.witness.empty() && context.seen)
    lines.emplace(context.seen->at, fmt::format("> {}: {}", finding.anomaly, finding.text));
  std::string text;
  for (const auto& [time, what] : lines) text += line_of(time, what);
  if (scene.faults_left_out > 0) text += fmt::format("{:>14}  {} more faults in between\n", "...", scene.faults_left_out);
  if (scene.happenings_left_out > 0) text += fmt::format("{:>14}  {} more events in between\n", "...", scene.happenings_left_out);
  return text;
}

}  // namespace faultline::reports
