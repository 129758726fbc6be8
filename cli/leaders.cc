#include "cli/leaders.h"

#include <fmt/core.h>

#include "cli/admin_command.h"

namespace faultline::cli {
namespace {

using namespace client;

/// The partitions that were named, with all of those of a topic that was named alone; std::nullopt stands for all there are.
ClientResult<std::optional<std::vector<TopicPartition>>> chosen(const Administration& cluster,
                                                                const std::vector<std::string>& names) {
  if (names.empty()) return std::optional<std::vector<TopicPartition>>();
  std::vector<TopicPartition> partitions;
  for (const std::string& name : names) {
    if (name.find(':') != std::string::npos) {
      partitions.push_back(TRY(parse_partition(name)));
      continue;
    }
    const TopicMetadata topic = TRY(cluster.admin.describe_topic(name, cluster.deadline()));
    for (const auto& [index, partition] : topic.partitions) partitions.push_back({name, index});
  }
  return std::optional(partitions);
}

}  // namespace

ExitCode leaders(const LeadersOptions& options) {
  using protocol::ElectionType;
  return administer("leaders", options.client, [&](const Administration& cluster) -> ClientResult<ExitCode> {
    const auto partitions = TRY(chosen(cluster, options.partitions));
    // Without names the broker would call everything that has no leader, and what was lost with it would be lost at once.
    if (options.unclean && !partitions)
      return Error(Errc::invalid_argument, "--unclean may lose records: name the topics or partitions");
    const ElectionType type = options.unclean ? ElectionType::unclean : ElectionType::preferred;
    const PartitionOutcomes outcomes = TRY(cluster.admin.elect_leaders(type, partitions, cluster.deadline()));
    if (outcomes.empty() && !options.json) fmt::print("no partition needs an election\n");
    return print_outcomes(outcomes, "elected", options.json);
  });
}

}  // namespace faultline::cli
