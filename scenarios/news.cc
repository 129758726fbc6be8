#include "scenarios/news.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "scenarios/cluster_plan.h"
#include "sim/faults.h"

namespace faultline::scenarios {
namespace {

// Trace points of which nobody wants to know here, by how they begin.
constexpr std::array unwanted{std::string_view("client."), std::string_view("consumer."), std::string_view("producer."),
                              std::string_view("server.")};

// What a power loss takes is told page by page; that it struck says enough.
constexpr std::array consequences{sim::FaultKind::torn_page, sim::FaultKind::lost_page, sim::FaultKind::lost_name,
                                  sim::FaultKind::lost_length, sim::FaultKind::buggify};

/// The partition that it is about: "log" and "partition" say it, where either is a name such as "orders-0".
std::string partition_of(const sim::News& news) {
  for (const TraceField& field : news.fields) {
    if (field.key == "partition" || field.key == "log") return std::string(field.text);
  }
  return {};
}

}  // namespace

void note_news(const TrialState& state, const sim::News& news) {
  if (!state.on_happening) return;
  checkers::Happening happening{.at = news.at, .who = {}, .what = {}};
  if (news.node != sim::no_node) happening.who = state.world.name_of(news.node);
  const std::vector<std::string> servers = server_names(state.scenario);
  const bool of_server = std::find(servers.begin(), servers.end(), happening.who) != servers.end();
  if (!of_server && news.kind != sim::TraceKind::fault) return;
  switch (news.kind) {
    case sim::TraceKind::node_start: happening.what = "starts (incarnation " + std::to_string(news.number) + ")"; break;
    case sim::TraceKind::node_stop: happening.what = "has ended"; break;
    case sim::TraceKind::fault: {
      const auto kind = static_cast<sim::FaultKind>(news.number);
      if (std::find(consequences.begin(), consequences.end(), kind) != consequences.end()) return;
      happening.what = std::string(sim::to_string(kind));
      happening.fault = true;
      break;
    }
    default: {
      const std::string_view name = news.point->name;
      if (std::any_of(unwanted.begin(), unwanted.end(), [&](std::string_view prefix) { return name.starts_with(prefix); }))
        return;
      happening.what = std::string(name) + " " + sim::format_fields(news.fields);
      happening.partition = partition_of(news);
    }
  }
  state.on_happening(happening);
}

}  // namespace faultline::scenarios
