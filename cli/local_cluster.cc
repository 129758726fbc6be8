#include "cli/local_cluster.h"

#include <fmt/core.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "broker/node/broker_config.h"
#include "broker/protocol/uuid.h"
#include "cli/format.h"
#include "cli/free_port.h"

namespace faultline::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view host = "127.0.0.1";
constexpr auto poll_interval = std::chrono::milliseconds(50);
// A look at a cluster that does not answer ends after this, so that a node that has ended is noticed.
constexpr std::int64_t look_timeout_ms = 2'000;
// Three voters survive the loss of one; more cost every change of metadata a further sync.
constexpr std::int32_t voters_max = 3;
constexpr std::int32_t default_replication_max = 3;
constexpr std::size_t log_tail_lines = 5;
constexpr std::array<std::string_view, 7> own_keys{"node.id",
                                                   "listeners",
                                                   "advertised.listeners",
                                                   "cluster.id",
                                                   "process.roles",
                                                   "controller.listeners",
                                                   "controller.quorum.bootstrap.servers"};

std::string last_lines(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (lines.size() == log_tail_lines) lines.erase(lines.begin());
    lines.push_back(line);
  }
  std::string text;
  for (const std::string& line : lines) text += "\n  " + line;
  return text;
}

Result<> make_directory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return Error(Errc::io_error, path + ": " + error.message());
  return {};
}

/// As many brokers vote as make a majority that can lose one, and never an even number: that would cost and not help.
std::int32_t voting_brokers(std::int32_t brokers) { return brokers >= voters_max ? voters_max : 1; }

}  // namespace

Result<std::unique_ptr<LocalCluster>> LocalCluster::create(const std::string& directory, const ClusterPlan& plan) {
  TRY(make_directory(directory));
  std::unique_ptr<ClusterLock> lock = TRY(ClusterLock::take(directory));
  if (std::filesystem::exists(directory + "/cluster.json"))
    return Error(Errc::already_exists, "there is a cluster in " + directory + " already");
  std::unique_ptr<LocalCluster> cluster(new LocalCluster(directory, std::move(lock)));
  ClusterState& state = cluster->state_;
  state.cluster_id = protocol::to_string(draw_uuid());
  state.first_port = plan.first_port;
  state.settings = plan.settings;
  TRY(cluster->check_settings());
  const std::int32_t voters = plan.controllers > 0 ? plan.controllers : voting_brokers(plan.brokers);
  for (std::int32_t i = 0; i < plan.brokers + plan.controllers; ++i) {
    const bool is_broker = i < plan.brokers;
    const bool votes = plan.controllers > 0 ? !is_broker : i < voters;
    const std::int32_t id = TRY(cluster->make_node(votes));
    state.nodes.at(id).is_broker = is_broker;
    state.nodes.at(id).votes_first = votes;
  }
  TRY(cluster->save());
  return cluster;
}

Result<std::unique_ptr<LocalCluster>> LocalCluster::open(const std::string& directory) {
  if (!std::filesystem::exists(directory + "/cluster.json")) return Error(Errc::not_found, "there is no cluster in " + directory);
  std::unique_ptr<LocalCluster> cluster(new LocalCluster(directory, TRY(ClusterLock::take(directory))));
  cluster->state_ = TRY(ClusterState::load(directory));
  return cluster;
}

Result<std::unique_ptr<const LocalCluster>> LocalCluster::peek(const std::string& directory) {
  std::unique_ptr<LocalCluster> cluster(new LocalCluster(directory, nullptr));
  cluster->state_ = TRY(ClusterState::load(directory));
  return std::unique_ptr<const LocalCluster>(std::move(cluster));
}

Result<const ClusterNode*> LocalCluster::node(std::int32_t id) const {
  const auto found = state_.nodes.find(id);
  if (found == state_.nodes.end()) return Error(Errc::invalid_argument, fmt::format("there is no node {}", id));
  return &found->second;
}

std::vector<Endpoint> LocalCluster::addresses() const {
  std::vector<Endpoint> addresses;
  for (const auto& [id, node] : state_.nodes) {
    if (node.is_broker && state_of(node.process) == ProcessState::running) addresses.push_back(node.listener);
  }
  return addresses;
}

// ---- nodes and what they are started with ----

Result<std::int32_t> LocalCluster::add_node(bool is_controller) {
  const std::int32_t id = TRY(make_node(is_controller));
  TRY(save());
  return id;
}

Result<std::int32_t> LocalCluster::make_node(bool is_controller) {
  ClusterNode node;
  node.id = state_.next_id++;
  node.is_controller = is_controller;
  node.votes_first = false;
  node.directory_id = protocol::to_string(draw_uuid());
  FreePorts free;
  for (const auto& [id, other] : state_.nodes) free.leave_out({other.listener.port, other.controller_listener.port});
  const std::int32_t wanted = state_.first_port == 0 ? 0 : state_.first_port + node.id - 1;
  if (wanted > UINT16_MAX) return Error(Errc::invalid_argument, fmt::format("{} is no port", wanted));
  node.listener = { std::string(host), wanted > 0 ? static_cast<std::uint16_t>(wanted) : TRY(free.next()) };
  node.controller_listener = { std::string(host), is_controller ? TRY(free.next()) : std::uint16_t{0} };
  const std::int32_t id = node.id;
  state_.nodes.emplace(id, std::move(node));
  return id;
}

Result<> LocalCluster::forget_node(std::int32_t id) {
  state_.nodes.erase(id);
  return save();
}

std::string LocalCluster::properties_of(const ClusterNode& node) const {
  std::string text = "# Written by `faultline cluster` before each start of this node.\n";
  const auto set = [&](std::string_view key, const std::string& value) { text += fmt::format("{}={}\n", key, value); };
  set("node.id", std::to_string(node.id));
  set("listeners", to_string(node.listener));
  std::string bootstrap;
  std::int32_t brokers = 0;
  for (const auto& [id, other] : state_.nodes) {
    if (other.is_broker) ++brokers;
    if (other.is_controller)
      bootstrap += fmt::format("{}{}@{}", bootstrap.empty() ? "" : ",", id, to_string(other.controller_listener));
  }
  set("cluster.id", state_.cluster_id);
  set("process.roles", !node.is_controller ? "broker" : node.is_broker ? "broker,controller" : "controller");
  if (node.is_controller) set("controller.listeners", to_string(node.controller_listener));
  set("controller.quorum.bootstrap.servers", bootstrap);
  set("default.replication.factor", std::to_string(std::clamp(brokers, 1, default_replication_max)));
  for (const std::string& setting : state_.settings) text += setting + "\n";
  return text;
}

Result<> LocalCluster::check_settings() const {
  BrokerConfig config;
  for (const std::string& setting : state_.settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos) return Error(Errc::invalid_argument, "--config: expected KEY=VALUE, got '" + setting + "'");
    const std::string key = setting.substr(0, equals);
    if (std::ranges::find(own_keys, key) != own_keys.end())
      return Error(Errc::invalid_argument, "--config: " + key + " is what the cluster chooses for each node");
    TRY(set_broker_config(config, key, setting.substr(equals + 1)));
  }
  return {};
}

// ---- processes ----

Result<> LocalCluster::start(const std::vector<std::int32_t>& ids) {
  for (const std::int32_t id : ids) TRY(start_one(state_.nodes.at(id)));
  return {};
}

Result<> LocalCluster::start_one(ClusterNode& node) {
  if (state_of(node.process) != ProcessState::gone) return {};
  const std::string path = path_of(node.id);
  TRY(make_directory(path + "/data"));
  TRY(format_once(node));
  const std::string properties = properties_of(node);
  BrokerConfig config;
  TRY(read_properties(config, "server.properties", properties));
  TRY(config.validate());
  std::ofstream file(path + "/server.properties", std::ios::trunc);
  file << properties;
  file.close();
  if (!file) return Error(Errc::io_error, "cannot write " + path + "/server.properties");
  std::error_code no_log_yet;
  const std::uintmax_t log_bytes = std::filesystem::file_size(log_of(node.id), no_log_yet);
  log_begins_[node.id] = no_log_yet ? 0 : log_bytes;
  node.process = TRY(start_process(
      {
        TRY(own_program())
        , "broker", "--config", path + "/server.properties", "--data", path + "/data"
      },
      path + "/log"));
  node.is_meant_to_run = true;
  return save();
}

// The others may not have noticed yet that it was away: what they say of it may be said of its predecessor.
bool LocalCluster::has_said_ready(std::int32_t id) const {
  const auto begins = log_begins_.find(id);
  if (begins == log_begins_.end()) return true;
  std::ifstream log(log_of(id));
  log.seekg(static_cast<std::streamoff>(begins->second));
  for (std::string line; std::getline(log, line);) {
    if (line.starts_with("faultline ") && line.find(" ready on ") != std::string::npos) return true;
  }
  return false;
}

Result<> LocalCluster::format_once(ClusterNode& node) {
  if (node.is_formatted) return {};
  StorageFormat storage;
  storage.node_id = node.id;
  storage.cluster_id = state_.cluster_id;
  storage.directory_id = TRY(protocol::parse_uuid(node.directory_id));
  if (node.votes_first) storage.voters = TRY(first_voters());
  const Result<> formatted = format_directory(path_of(node.id) + "/data", storage);
  // Formatted already: by an earlier command, which ended before it could write that down.
  if (!formatted && !(formatted.error() == Errc::already_exists)) return formatted.error();
  node.is_formatted = true;
  return save();
}

Result<raft::VoterSet> LocalCluster::first_voters() const {
  std::vector<raft::Voter> voters;
  for (const auto& [id, node] : state_.nodes) {
    if (!node.votes_first) continue;
    const protocol::Uuid directory = TRY(protocol::parse_uuid(node.directory_id));
    voters.push_back({.key = replica_key(id, directory), .endpoint = to_string(node.controller_listener)});
  }
  return raft::VoterSet(std::move(voters));
}

Result<> LocalCluster::wait_ready(const std::vector<std::int32_t>& ids, std::int64_t timeout_ms) {
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  const auto serves = [&](const ClusterView& view, std::int32_t id) {
    return has_said_ready(id) && (!state_.nodes.at(id).is_broker || view.serves(id));
  };
  for (;;) {
    const ClusterView view = look_at_cluster(addresses(), look_timeout_ms);
    for (const std::int32_t id : ids) {
      if (state_of(state_.nodes.at(id).process) == ProcessState::gone)
        return Error(Errc::closed, fmt::format("node {} has ended; {} says:{}", id, log_of(id), last_lines(log_of(id))));
    }
    if (view.trouble.empty() && std::ranges::all_of(ids, [&](std::int32_t id) { return serves(view, id); })) return {};
    if (Clock::now() >= deadline) {
      std::string waited;
      for (const std::int32_t id : ids) waited += serves(view, id) ? "" : fmt::format(" {}", id);
      return Error(Errc::timed_out, view.trouble.empty()
                                        ? fmt::format("still not serving after {} ms: node{}", timeout_ms, waited)
                                        : fmt::format("after {} ms no broker tells who serves: {}", timeout_ms, view.trouble));
    }
    std::this_thread::sleep_for(poll_interval);
  }
}

Result<std::vector<std::int32_t>> LocalCluster::stop(const std::vector<std::int32_t>& ids, std::int64_t timeout_ms,
                                                     const std::function<void(std::int32_t)>& progress) {
  std::vector<std::int32_t> waiting;
  for (const std::int32_t id : ids) {
    ClusterNode& node = state_.nodes.at(id);
    node.is_meant_to_run = false;
    if (!send_signal(node.process, SIGTERM)) continue;
    static_cast<void>(send_signal(node.process, SIGCONT));  // a paused process does not see the other one
    waiting.push_back(id);
  }
  TRY(save());
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  while (!waiting.empty() && Clock::now() < deadline) {
    std::erase_if(waiting, [&](std::int32_t id) {
      const bool gone = state_of(state_.nodes.at(id).process) == ProcessState::gone;
      if (gone) progress(id);
      return gone;
    });
    if (!waiting.empty()) std::this_thread::sleep_for(poll_interval);
  }
  for (const std::int32_t id : waiting) {
    if (const Result<> killed = kill(id); !killed && !(killed.error() == Errc::not_found)) return killed.error();
  }
  return waiting;
}

Result<> LocalCluster::kill(std::int32_t id) {
  ClusterNode& node = state_.nodes.at(id);
  node.is_meant_to_run = false;
  TRY(save());
  TRY(send_signal(node.process, SIGKILL));
  // Nothing keeps a process from ending at this but a disk that does not answer.
  while (state_of(node.process) != ProcessState::gone) std::this_thread::sleep_for(poll_interval);
  return {};
}

Result<> LocalCluster::pause(std::int32_t id) { return send_signal(state_.nodes.at(id).process, SIGSTOP); }

Result<> LocalCluster::resume(std::int32_t id) { return send_signal(state_.nodes.at(id).process, SIGCONT); }

}  // namespace faultline::cli
