#include "cli/reassign.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/admin_command.h"
#include "cli/table.h"

namespace faultline::cli {
namespace {

using namespace client;
using nlohmann::ordered_json;
using Targets = std::map<TopicPartition, std::optional<std::vector<std::int32_t>>>;

/// What kafka-reassign-partitions reads: {"version": 1, "partitions": [{"topic": "a", "partition": 0, "replicas": [1, 2]}]}
Result<Targets> read_plan(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Error(Errc::invalid_argument, "cannot read " + path);
  const ordered_json plan = ordered_json::parse(file, nullptr, false);
  const auto wrong = [&](std::string_view what) { return Error(Errc::invalid_argument, fmt::format("{}: {}", path, what)); };
  if (plan.is_discarded() || !plan.is_object()) return wrong("not a JSON object");
  const auto partitions = plan.find("partitions");
  if (partitions == plan.end() || !partitions->is_array()) return wrong("expected a list 'partitions'");
  Targets targets;
  for (const ordered_json& move : *partitions) {
    try {
      TopicPartition partition{move.at("topic").get<std::string>(), move.at("partition").get<std::int32_t>()};
      if (!targets.emplace(partition, move.at("replicas").get<std::vector<std::int32_t>>()).second)
        return wrong(to_string(partition) + " is in it twice");
    } catch (const nlohmann::json::exception& error) {
      return wrong(fmt::format("{}: {}", move.dump(), error.what()));
    }
  }
  return targets;
}

/// "orders:3=1,2"
Result<std::pair<TopicPartition, std::vector<std::int32_t>>> parse_move(const std::string& text) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string::npos)
    return Error(Errc::invalid_argument, fmt::format("expected TOPIC:PARTITION=BROKER,BROKER, got '{}'", text));
  return std::pair(TRY(parse_partition(std::string_view(text).substr(0, equals))),
                   TRY(parse_brokers(std::string_view(text).substr(equals + 1))));
}

Result<Targets> targets_of(const ReassignOptions& options) {
  Targets targets;
  if (!options.plan.empty()) targets = TRY(read_plan(options.plan));
  if (options.action == ReassignOptions::Action::cancel) {
    for (auto& [partition, replicas] : targets) replicas.reset();
  }
  for (const std::string& text : options.moves) {
    if (options.action == ReassignOptions::Action::cancel) {
      targets[TRY(parse_partition(text))] = std::nullopt;
    } else {
      auto [partition, replicas] = TRY(parse_move(text));
      targets[partition] = std::move(replicas);
    }
  }
  return targets;
}

ClientResult<ExitCode> start(const ReassignOptions& options, const Administration& cluster) {
  const Targets targets = TRY(targets_of(options));
  if (targets.empty()) return Error(Errc::invalid_argument, "nothing to move: name moves or a --plan");
  return print_outcomes(TRY(cluster.admin.alter_reassignments(targets, cluster.deadline())), "begun", options.json);
}

ClientResult<ExitCode> cancel(const ReassignOptions& options, const Administration& cluster) {
  Targets targets = TRY(targets_of(options));
  if (targets.empty()) {
    for (const auto& [partition, move] : TRY(cluster.admin.list_reassignments(cluster.deadline()))) targets[partition].reset();
  }
  if (targets.empty() && !options.json) fmt::print("nothing is being moved\n");
  if (targets.empty()) return print_outcomes({}, "", options.json);
  return print_outcomes(TRY(cluster.admin.alter_reassignments(targets, cluster.deadline())), "cancelled", options.json);
}

ClientResult<ExitCode> status(const ReassignOptions& options, const Administration& cluster) {
  const auto moves = TRY(cluster.admin.list_reassignments(cluster.deadline()));
  Table table({"TOPIC", "PARTITION", "REPLICAS", "ADDING", "REMOVING"});
  ordered_json list = ordered_json::array();
  for (const auto& [partition, move] : moves) {
    table.add({partition.topic, std::to_string(partition.partition), fmt::format("{}", fmt::join(move.replicas, ",")),
               fmt::format("{}", fmt::join(move.adding, ",")), fmt::format("{}", fmt::join(move.removing, ","))});
    list.push_back({{"topic", partition.topic},
                    {"partition", partition.partition},
                    {"replicas", move.replicas},
                    {"adding", move.adding},
                    {"removing", move.removing}});
  }
  if (options.json) {
    fmt::print("{}\n", list.dump(2));
  } else if (moves.empty()) {
    fmt::print("nothing is being moved\n");
  } else {
    table.print();
  }
  return ExitCode::ok;
}

}  // namespace

ExitCode reassign(const ReassignOptions& options) {
  return administer("reassign", options.client, [&](const Administration& cluster) -> ClientResult<ExitCode> {
    switch (options.action) {
      case ReassignOptions::Action::start: return start(options, cluster);
      case ReassignOptions::Action::status: return status(options, cluster);
      case ReassignOptions::Action::cancel: return cancel(options, cluster);
    }
    return ExitCode::internal;
  });
}

}  // namespace faultline::cli
