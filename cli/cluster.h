// `faultline cluster up | status | kill | pause | resume | restart | add | remove | down`: brokers on loopback, a process each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/exit_code.h"

namespace faultline::cli {

struct ClusterOptions {
  enum class Action : std::uint8_t { up, status, kill, pause, resume, restart, add, remove, down };

  Action action = Action::status;
  std::string directory;
  std::int32_t node = 0;              // kill, pause, resume, restart, remove
  std::int32_t brokers = 0;           // up; 0: as the cluster is, or 3
  std::int32_t controllers = 0;       // up; 0: brokers are controllers too
  std::uint16_t port = 0;             // up: of the first broker; 0: any that are free
  std::vector<std::string> settings;  // up: KEY=VALUE for every node
  bool votes = false;                 // add: it becomes a controller and a voter
  bool force = false;                 // remove: although it holds replicas
  bool json = false;                  // status
  std::int64_t timeout_ms = 30'000;   // until ready; until stopped
};

ExitCode cluster(const ClusterOptions& options);

}  // namespace faultline::cli
