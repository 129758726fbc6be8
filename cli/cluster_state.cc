#include "cli/cluster_state.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace faultline::cli {
namespace {

using nlohmann::ordered_json;

constexpr int version = 1;

std::string file_of(const std::string& directory) { return directory + "/cluster.json"; }

ordered_json to_json(const ClusterNode& node) {
  return {{"id", node.id},
          {"broker", node.is_broker},
          {"controller", node.is_controller},
          {"votes_first", node.votes_first},
          {"directory_id", node.directory_id},
          {"host", node.listener.host},
          {"port", node.listener.port},
          {"controller_port", node.controller_listener.port},
          {"pid", node.process.pid},
          {"beginning", node.process.beginning},
          {"formatted", node.is_formatted},
          {"meant_to_run", node.is_meant_to_run}};
}

ClusterNode node_from(const ordered_json& json) {
  ClusterNode node;
  json.at("id").get_to(node.id);
  json.at("broker").get_to(node.is_broker);
  json.at("controller").get_to(node.is_controller);
  json.at("votes_first").get_to(node.votes_first);
  json.at("directory_id").get_to(node.directory_id);
  json.at("host").get_to(node.listener.host);
  json.at("port").get_to(node.listener.port);
  node.controller_listener.host = node.listener.host;
  json.at("controller_port").get_to(node.controller_listener.port);
  json.at("pid").get_to(node.process.pid);
  json.at("beginning").get_to(node.process.beginning);
  json.at("formatted").get_to(node.is_formatted);
  json.at("meant_to_run").get_to(node.is_meant_to_run);
  return node;
}

}  // namespace

Result<ClusterState> ClusterState::load(const std::string& directory) {
  std::ifstream file(file_of(directory));
  if (!file) return Error(Errc::not_found, "there is no cluster in " + directory);
  try {
    const ordered_json json = ordered_json::parse(file);
    if (json.at("version").get<int>() != version) return Error(Errc::corrupt, file_of(directory) + ": of another version");
    ClusterState state;
    json.at("cluster_id").get_to(state.cluster_id);
    json.at("next_id").get_to(state.next_id);
    json.at("first_port").get_to(state.first_port);
    json.at("settings").get_to(state.settings);
    for (const ordered_json& one : json.at("nodes")) {
      ClusterNode node = node_from(one);
      const std::int32_t id = node.id;
      state.nodes.emplace(id, std::move(node));
    }
    return state;
  } catch (const nlohmann::json::exception& error) {
    return Error(Errc::corrupt, file_of(directory) + ": " + error.what());
  }
}

Result<> ClusterState::save(const std::string& directory) const {
  ordered_json json{{"version", version},       {"cluster_id", cluster_id}, {"next_id", next_id},
                    {"first_port", first_port}, {"settings", settings},     {"nodes", ordered_json::array()}};
  for (const auto& [id, node] : nodes) json["nodes"].push_back(to_json(node));
  const std::string path = file_of(directory);
  std::ofstream file(path + ".new", std::ios::trunc);
  file << json.dump(2) << "\n";
  file.close();
  if (!file) return Error(Errc::io_error, "cannot write " + path + ".new");
  std::error_code error;
  std::filesystem::rename(path + ".new", path, error);
  if (error) return Error(Errc::io_error, path + ": " + error.message());
  return {};
}

Result<std::unique_ptr<ClusterLock>> ClusterLock::take(const std::string& directory) {
  const std::string path = directory + "/lock";
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return Error(Errc::io_error, fmt::format("{}: {}", path, std::strerror(errno)));
  std::unique_ptr<ClusterLock> lock(new ClusterLock(file));
  if (flock(file, LOCK_EX | LOCK_NB) == 0) return lock;
  return Error(Errc::locked, "another command works on the cluster in " + directory);
}

ClusterLock::~ClusterLock() { close(file_); }

}  // namespace faultline::cli
