#include "bench/process_cluster.h"

#include <signal.h>

namespace faultline::bench {
namespace {

constexpr const char* program = "/proc/self/exe";
constexpr const char* cluster_id = "AAAAAAAAAAAAAAAAAAAABg";

/// Ports that are free now.
Result<std::vector<std::uint16_t>> free_ports(std::size_t count) {
  std::vector<OwnedFd> held;
  std::vector<std::uint16_t> ports;
  for (std::size_t i = 0; i < count; ++i) {
    auto [socket, port] = TRY(listen_anywhere());
    held.push_back(std::move(socket));
    ports.push_back(port);
  }
  return ports;
}

/// Any id will do, as long as they differ: "AAAAAAAAAAAAAAAAAAAAB1" and so on are 22 letters of base64 with two zero bits at the end.
std::string directory_id(std::int32_t node) { return std::string("AAAAAAAAAAAAAAAAAAAA") + static_cast<char>('B' + node) + "A"; }

Result<> run_to_end(std::vector<std::string> command) {
  ChildProcess child = TRY(ChildProcess::start(command));
  return child.wait();
}

}  // namespace

Result<ProcessCluster> ProcessCluster::start(std::int32_t brokers, const std::vector<std::string>& options) {
  ProcessCluster cluster(TRY(TemporaryDirectory::make()));
  const auto count = static_cast<std::size_t>(brokers);
  const std::vector<std::uint16_t> ports = TRY(free_ports(2 * count));
  std::string voters;
  std::string servers;
  for (std::int32_t node = 1; node <= brokers; ++node) {
    const std::string at =
        std::to_string(node) + "@127.0.0.1:" + std::to_string(ports[count + static_cast<std::size_t>(node) - 1]);
    voters += (voters.empty() ? "" : ",") + at + ":" + directory_id(node);
    servers += (servers.empty() ? "" : ",") + at;
  }
  for (std::int32_t node = 1; node <= brokers; ++node) {
    const auto index = static_cast<std::size_t>(node) - 1;
    const std::string data = cluster.directory_.path() + "/node-" + std::to_string(node);
    TRY(run_to_end({program, "format", "--data", data, "--node-id", std::to_string(node), "--cluster-id", cluster_id,
                    "--directory-id", directory_id(node), "--initial-voters", voters}));
    std::vector<std::string> command{program, "broker", "--data", data, "--listen", "127.0.0.1:" + std::to_string(ports[index])};
    const auto set = [&](const std::string& setting) {
      command.push_back("--set");
      command.push_back(setting);
    };
    set("node.id=" + std::to_string(node));
    set("cluster.id=" + std::string(cluster_id));
    set("controller.listeners=127.0.0.1:" + std::to_string(ports[count + index]));
    set("controller.quorum.bootstrap.servers=" + servers);
    command.insert(command.end(), options.begin(), options.end());
    ChildProcess child = TRY(ChildProcess::start(command));
    cluster.nodes_.push_back({std::move(command), ports[index], std::move(child)});
  }
  for (Node& node : cluster.nodes_) TRY(node.child.read_line());
  return cluster;
}

std::vector<Endpoint> ProcessCluster::bootstrap() const {
  std::vector<Endpoint> endpoints;
  for (const Node& node : nodes_) endpoints.push_back({"127.0.0.1", node.port});
  return endpoints;
}

Result<> ProcessCluster::kill(std::int32_t node) {
  ChildProcess& child = nodes_.at(static_cast<std::size_t>(node) - 1).child;
  ::kill(child.pid(), SIGKILL);
  static_cast<void>(child.wait());  // it did not end well, as was intended
  return {};
}

Result<> ProcessCluster::start_again(std::int32_t node) {
  Node& again = nodes_.at(static_cast<std::size_t>(node) - 1);
  again.child = TRY(ChildProcess::start(again.command));
  TRY(again.child.read_line());
  return {};
}

Result<double> ProcessCluster::processor_seconds() const {
  double all = 0;
  for (const Node& node : nodes_) all += TRY(bench::processor_seconds(node.child.pid()));
  return all;
}

Result<> ProcessCluster::stop() {
  for (Node& node : nodes_) ::kill(node.child.pid(), SIGTERM);
  for (Node& node : nodes_) TRY(node.child.wait());
  return {};
}

}  // namespace faultline::bench
