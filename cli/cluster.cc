#include "cli/cluster.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/admin_command.h"
#include "cli/local_cluster.h"
#include "cli/table.h"

namespace faultline::cli {
namespace {

using client::ClientResult;
using nlohmann::ordered_json;

constexpr std::int64_t status_timeout_ms = 5'000;

ExitCode fail(const Error& error) {
  std::fflush(stdout);
  fmt::print(stderr, "faultline cluster: {}\n", error.detail.empty() ? to_string(error) : error.detail);
  const bool is_usage = error == Errc::invalid_argument || error == Errc::not_found || error == Errc::already_exists;
  return is_usage ? ExitCode::usage : ExitCode::failed;
}

std::vector<std::int32_t> all_nodes(const LocalCluster& cluster) {
  std::vector<std::int32_t> ids;
  for (const auto& [id, node] : cluster.state().nodes) ids.push_back(id);
  return ids;
}

void print_now(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

/// Stops nodes and says how that went. Returns: whether all ended by themselves.
Result<bool> stop(LocalCluster& cluster, const std::vector<std::int32_t>& ids, std::int64_t timeout_ms) {
  const auto killed = TRY(cluster.stop(ids, timeout_ms, [](std::int32_t id) { print_now(fmt::format("node {} stopped", id)); }));
  for (const std::int32_t id : killed)
    fmt::print(stderr, "faultline cluster: node {} had not stopped after {} ms and was killed\n", id, timeout_ms);
  return killed.empty();
}

// ---- up ----

Result<std::unique_ptr<LocalCluster>> create_or_open(const ClusterOptions& options) {
  Result<std::unique_ptr<LocalCluster>> present = LocalCluster::open(options.directory);
  if (!present && present.error() == Errc::not_found) {
    const std::int32_t brokers = options.brokers == 0 ? ClusterPlan{}.brokers : options.brokers;
    return LocalCluster::create(options.directory, {brokers, options.controllers, options.port, options.settings});
  }
  const bool asks_for_more = options.brokers > 0 || options.controllers > 0 || options.port > 0 || !options.settings.empty();
  if (present && asks_for_more)
    return Error(Errc::already_exists,
                 "there is a cluster in " + options.directory + " already; `up --dir` alone starts it again");
  return present;
}

/// The nodes that do not run. Errors: closed: one is paused, and would be waited for in vain.
Result<std::vector<std::int32_t>> nodes_to_start(const LocalCluster& cluster) {
  std::vector<std::int32_t> ids;
  for (const auto& [id, node] : cluster.state().nodes) {
    const ProcessState state = state_of(node.process);
    if (state == ProcessState::paused)
      return Error(Errc::closed, fmt::format("node {} is paused; `faultline cluster resume {}` lets it go on", id, id));
    if (state == ProcessState::gone) ids.push_back(id);
  }
  return ids;
}

Result<> up(const ClusterOptions& options) {
  const std::unique_ptr<LocalCluster> cluster = TRY(create_or_open(options));
  const std::vector<std::int32_t> started = TRY(nodes_to_start(*cluster));
  Result<> ready = cluster->start(started);
  if (ready) ready = cluster->wait_ready(all_nodes(*cluster), options.timeout_ms);
  if (!ready) {
    // Half a cluster is of no use to anybody, but what ran before is not ours to end. What they printed stays.
    static_cast<void>(stop(*cluster, started, options.timeout_ms));
    return ready.error();
  }
  fmt::print("{}\n", bootstrap_of(cluster->addresses()));
  return {};
}

// ---- status ----

std::string_view word_for(const ClusterNode& node) {
  switch (state_of(node.process)) {
    case ProcessState::running: return "running";
    case ProcessState::paused: return "paused";
    case ProcessState::gone: return node.is_meant_to_run ? "died" : "stopped";
  }
  return "?";
}

std::string_view roles_of(const ClusterNode& node) {
  return !node.is_broker ? "controller" : node.is_controller ? "broker,controller" : "broker";
}

ordered_json status_json(const LocalCluster& cluster, const ClusterView& view) {
  ordered_json json{{"bootstrap", bootstrap_of(cluster.addresses())},
                    {"quorum_leader", view.quorum_leader ? ordered_json(*view.quorum_leader) : ordered_json()},
                    {"leaderless", view.leaderless},
                    {"trouble", view.trouble.empty() ? ordered_json() : ordered_json(view.trouble)},
                    {"nodes", ordered_json::array()}};
  for (const auto& [id, node] : cluster.state().nodes) {
    const auto share = view.brokers.find(id);
    const bool runs = state_of(node.process) != ProcessState::gone;
    const bool known = share != view.brokers.end();
    json["nodes"].push_back({{"node", id},
                             {"roles", roles_of(node)},
                             {"pid", runs ? ordered_json(node.process.pid) : ordered_json()},
                             {"state", word_for(node)},
                             {"address", node.is_broker ? ordered_json(to_string(node.listener)) : ordered_json()},
                             {"serves", view.serves(id)},
                             {"leads", known ? ordered_json(share->second.leads) : ordered_json()},
                             {"replicas", known ? ordered_json(share->second.replicas) : ordered_json()}});
  }
  return json;
}

void print_status(const LocalCluster& cluster, const ClusterView& view) {
  Table table({"NODE", "ROLES", "PID", "STATE", "ADDRESS", "LEADS", "REPLICAS", "QUORUM"});
  for (const auto& [id, node] : cluster.state().nodes) {
    const auto share = view.brokers.find(id);
    const bool runs = state_of(node.process) != ProcessState::gone;
    const bool known = share != view.brokers.end();
    const bool fenced = known && share->second.is_fenced;
    table.add({std::to_string(id), std::string(roles_of(node)), runs ? std::to_string(node.process.pid) : "-",
               fmt::format("{}{}", word_for(node), fenced ? ", fenced" : ""), node.is_broker ? to_string(node.listener) : "-",
               known ? std::to_string(share->second.leads) : "-", known ? std::to_string(share->second.replicas) : "-",
               view.quorum_leader == id ? "leader" : "-"});
  }
  table.print();
  if (view.leaderless > 0) fmt::print("{} partitions have no leader\n", view.leaderless);
  if (!view.trouble.empty()) fmt::print("nothing is known of leaders: {}\n", view.trouble);
}

Result<> status(const ClusterOptions& options) {
  const std::unique_ptr<const LocalCluster> cluster = TRY(LocalCluster::peek(options.directory));
  const ClusterView view = look_at_cluster(cluster->addresses(), status_timeout_ms);
  if (options.json) {
    fmt::print("{}\n", status_json(*cluster, view).dump(2));
  } else {
    print_status(*cluster, view);
  }
  return {};
}

// ---- one node ----

Error of_node(const Error& error, std::int32_t id) {
  return Error(error == Errc::not_found ? Errc::closed : error.code, fmt::format("node {}: {}", id, error.detail));
}

Result<> signal(const ClusterOptions& options, Result<> (LocalCluster::*send)(std::int32_t), std::string_view done) {
  const std::unique_ptr<LocalCluster> cluster = TRY(LocalCluster::open(options.directory));
  TRY(cluster->node(options.node));
  const Result<> sent = (*cluster.*send)(options.node);
  if (!sent) return of_node(sent.error(), options.node);
  fmt::print("node {} {}\n", options.node, done);
  return {};
}

Result<> restart(const ClusterOptions& options) {
  const std::unique_ptr<LocalCluster> cluster = TRY(LocalCluster::open(options.directory));
  TRY(cluster->node(options.node));
  TRY(stop(*cluster, {options.node}, options.timeout_ms));
  TRY(cluster->start({options.node}));
  TRY(cluster->wait_ready({options.node}, options.timeout_ms));
  fmt::print("node {} serves\n", options.node);
  return {};
}

// ---- growing and shrinking ----

/// Runs `body` against the brokers that run. Its error has been printed when this returns.
ExitCode ask(const LocalCluster& cluster, std::int64_t timeout_ms,
             const std::function<ClientResult<ExitCode>(const Administration&)>& body) {
  return administer("cluster", {bootstrap_of(cluster.addresses()), timeout_ms}, body);
}

ClientResult<ExitCode> let_vote(const Administration& brokers, const ClusterNode& node) {
  // A node that has just started is an observer that the quorum has yet to hear of: the identity is ours, so it need not be known.
  const Result<protocol::Uuid> directory = protocol::parse_uuid(node.directory_id);
  if (!directory) return directory.error();
  TRY(brokers.admin.add_voter({node.id, *directory, node.controller_listener}, brokers.deadline()));
  return ExitCode::ok;
}

ExitCode add(const ClusterOptions& options) {
  const auto grow = [&]() -> Result<ExitCode> {
    const std::unique_ptr<LocalCluster> cluster = TRY(LocalCluster::open(options.directory));
    if (cluster->addresses().empty()) return Error(Errc::closed, "no broker runs that the new one could join");
    const std::int32_t id = TRY(cluster->add_node(options.votes));
    TRY(cluster->start({id}));
    TRY(cluster->wait_ready({id}, options.timeout_ms));
    const ClusterNode& node = *TRY(cluster->node(id));
    if (options.votes) {
      const ExitCode voting =
          ask(*cluster, options.timeout_ms, [&](const Administration& brokers) { return let_vote(brokers, node); });
      if (voting != ExitCode::ok) return voting;
    }
    fmt::print("node {} serves on {}\n", id, to_string(node.listener));
    return ExitCode::ok;
  };
  const Result<ExitCode> grown = grow();
  return grown ? *grown : fail(grown.error());
}

/// Takes a node's vote away, if it has one, and refuses if partitions would lose a replica.
ClientResult<ExitCode> take_leave(const Administration& brokers, const ClusterOptions& options) {
  std::int32_t held = 0;
  for (const auto& [name, topic] : TRY(brokers.admin.list_topics(brokers.deadline()))) {
    for (const auto& [index, partition] : topic.partitions) held += std::ranges::count(partition.replicas, options.node) > 0;
  }
  if (held > 0 && !options.force) {
    fmt::print(stderr, "faultline cluster: node {} holds {} replicas: `faultline reassign` moves them, --force gives them up\n",
               options.node, held);
    return ExitCode::failed;
  }
  const auto quorum = TRY(brokers.admin.describe_quorum(brokers.deadline()));
  const auto voter = std::ranges::find(quorum.voters, options.node, &client::QuorumReplica::id);
  if (voter != quorum.voters.end()) TRY(brokers.admin.remove_voter(options.node, voter->directory, brokers.deadline()));
  return ExitCode::ok;
}

ExitCode remove(const ClusterOptions& options) {
  const auto shrink = [&]() -> Result<ExitCode> {
    const std::unique_ptr<LocalCluster> cluster = TRY(LocalCluster::open(options.directory));
    const ClusterNode* node = TRY(cluster->node(options.node));
    const bool is_broker = node->is_broker;
    if (cluster->state().nodes.size() == 1) return Error(Errc::invalid_argument, "it is the only node; `down` stops the cluster");
    const ExitCode left =
        ask(*cluster, options.timeout_ms, [&](const Administration& brokers) { return take_leave(brokers, options); });
    if (left != ExitCode::ok) return left;
    TRY(stop(*cluster, {options.node}, options.timeout_ms));
    if (is_broker) {
      const ExitCode forgotten = ask(*cluster, options.timeout_ms, [&](const Administration& brokers) -> ClientResult<ExitCode> {
        TRY(brokers.admin.unregister_broker(options.node, brokers.deadline()));
        return ExitCode::ok;
      });
      if (forgotten != ExitCode::ok) return forgotten;
    }
    TRY(cluster->forget_node(options.node));
    fmt::print("node {} is no part of the cluster any more; its files are still there\n", options.node);
    return ExitCode::ok;
  };
  const Result<ExitCode> shrunk = shrink();
  return shrunk ? *shrunk : fail(shrunk.error());
}

ExitCode down(const ClusterOptions& options) {
  Result<std::unique_ptr<LocalCluster>> cluster = LocalCluster::open(options.directory);
  if (!cluster) return fail(cluster.error());
  // Brokers ask the controllers whether they may go.
  std::vector<std::int32_t> brokers;
  std::vector<std::int32_t> others;
  for (const auto& [id, node] : (*cluster)->state().nodes) (node.is_broker ? brokers : others).push_back(id);
  ExitCode code = ExitCode::ok;
  for (const std::vector<std::int32_t>& nodes : {brokers, others}) {
    const Result<bool> stopped = stop(**cluster, nodes, options.timeout_ms);
    if (!stopped) return fail(stopped.error());
    if (!*stopped) code = ExitCode::failed;
  }
  return code;
}

ExitCode ended(const Result<>& result) { return result ? ExitCode::ok : fail(result.error()); }

}  // namespace

ExitCode cluster(const ClusterOptions& options) {
  using Action = ClusterOptions::Action;
  switch (options.action) {
    case Action::up: return ended(up(options));
    case Action::status: return ended(status(options));
    case Action::kill: return ended(signal(options, &LocalCluster::kill, "killed"));
    case Action::pause: return ended(signal(options, &LocalCluster::pause, "paused"));
    case Action::resume: return ended(signal(options, &LocalCluster::resume, "resumed"));
    case Action::restart: return ended(restart(options));
    case Action::add: return add(options);
    case Action::remove: return remove(options);
    case Action::down: return down(options);
  }
  return ExitCode::internal;
}

}  // namespace faultline::cli
