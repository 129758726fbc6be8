#include "cli/quorum.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/admin_command.h"
#include "cli/table.h"

namespace faultline::cli {
namespace {

using namespace client;
using nlohmann::ordered_json;

std::string number_or_dash(std::int64_t number) { return number < 0 ? "-" : std::to_string(number); }

void print_table(const QuorumDescription& quorum) {
  fmt::print("leader {} epoch {} high watermark {}\n", number_or_dash(quorum.leader), quorum.leader_epoch, quorum.high_watermark);
  Table table({"NODE", "ROLE", "LOG END", "LAG", "DIRECTORY", "LISTENER"});
  const auto end_of_leader = [&]() -> std::int64_t {
    const auto found = std::ranges::find(quorum.voters, quorum.leader, &QuorumReplica::id);
    return found == quorum.voters.end() ? -1 : found->log_end_offset;
  }();
  const auto add = [&](const QuorumReplica& replica, std::string_view role) {
    const bool known = end_of_leader >= 0 && replica.log_end_offset >= 0;
    const auto endpoint = quorum.endpoints.find(replica.id);
    table.add({std::to_string(replica.id), std::string(role), number_or_dash(replica.log_end_offset),
               known ? std::to_string(end_of_leader - replica.log_end_offset) : "-", protocol::to_string(replica.directory),
               endpoint == quorum.endpoints.end() ? "-" : to_string(endpoint->second)});
  };
  for (const QuorumReplica& voter : quorum.voters) add(voter, voter.id == quorum.leader ? "leader" : "voter");
  for (const QuorumReplica& observer : quorum.observers) add(observer, "observer");
  table.print();
}

ordered_json json_of(const std::vector<QuorumReplica>& replicas, const std::map<std::int32_t, Endpoint>& endpoints) {
  ordered_json list = ordered_json::array();
  for (const QuorumReplica& replica : replicas) {
    const auto endpoint = endpoints.find(replica.id);
    list.push_back({{"node", replica.id},
                    {"directory", protocol::to_string(replica.directory)},
                    {"log_end_offset", replica.log_end_offset},
                    {"last_fetch_ms", replica.last_fetch_ms},
                    {"last_caught_up_ms", replica.last_caught_up_ms},
                    {"listener", endpoint == endpoints.end() ? ordered_json() : ordered_json(to_string(endpoint->second))}});
  }
  return list;
}

void print_json(const QuorumDescription& quorum) {
  const ordered_json json{{"leader", quorum.leader},
                          {"epoch", quorum.leader_epoch},
                          {"high_watermark", quorum.high_watermark},
                          {"voters", json_of(quorum.voters, quorum.endpoints)},
                          {"observers", json_of(quorum.observers, {})}};
  fmt::print("{}\n", json.dump(2));
}

/// The directory of `node` among `replicas`, unless the user named one.
ClientResult<protocol::Uuid> directory_of(const QuorumOptions& options, const std::vector<QuorumReplica>& replicas,
                                          std::string_view role) {
  if (!options.directory.empty()) {
    const Result<protocol::Uuid> given = protocol::parse_uuid(options.directory);
    if (!given) return Error(Errc::invalid_argument, "--directory: " + given.error().detail);
    return *given;
  }
  const auto found = std::ranges::find(replicas, options.node, &QuorumReplica::id);
  if (found == replicas.end())
    return ClientError(protocol::ErrorCode::voter_not_found, fmt::format("node {} is no {} of the quorum", options.node, role));
  return found->directory;
}

ClientResult<ExitCode> add(const QuorumOptions& options, const Administration& cluster) {
  const Result<Endpoint> listener = parse_endpoint(options.listener);
  if (!listener) return Error(Errc::invalid_argument, "--listener: " + listener.error().detail);
  const QuorumDescription quorum = TRY(cluster.admin.describe_quorum(cluster.deadline()));
  const protocol::Uuid directory = TRY(directory_of(options, quorum.observers, "observer"));
  TRY(cluster.admin.add_voter({options.node, directory, *listener}, cluster.deadline()));
  fmt::print("node {} votes\n", options.node);
  return ExitCode::ok;
}

ClientResult<ExitCode> remove(const QuorumOptions& options, const Administration& cluster) {
  const QuorumDescription quorum = TRY(cluster.admin.describe_quorum(cluster.deadline()));
  const protocol::Uuid directory = TRY(directory_of(options, quorum.voters, "voter"));
  TRY(cluster.admin.remove_voter(options.node, directory, cluster.deadline()));
  fmt::print("node {} votes no more\n", options.node);
  return ExitCode::ok;
}

ClientResult<ExitCode> describe(const QuorumOptions& options, const Administration& cluster) {
  const QuorumDescription quorum = TRY(cluster.admin.describe_quorum(cluster.deadline()));
  if (options.json) {
    print_json(quorum);
  } else {
    print_table(quorum);
  }
  return ExitCode::ok;
}

}  // namespace

ExitCode quorum(const QuorumOptions& options) {
  return administer("quorum", options.client, [&](const Administration& cluster) -> ClientResult<ExitCode> {
    switch (options.action) {
      case QuorumOptions::Action::describe: return describe(options, cluster);
      case QuorumOptions::Action::add: return add(options, cluster);
      case QuorumOptions::Action::remove: return remove(options, cluster);
    }
    return ExitCode::internal;
  });
}

}  // namespace faultline::cli
