// `faultline quorum describe | add | remove`
#pragma once

#include <cstdint>
#include <string>

#include "cli/client_session.h"

namespace faultline::cli {

struct QuorumOptions {
  enum class Action : std::uint8_t { describe, add, remove };

  ClientOptions client;
  Action action = Action::describe;
  std::int32_t node = -1;
  std::string listener;   // add: HOST:PORT of its controller listener
  std::string directory;  // empty: as the quorum knows it
  bool json = false;
};

ExitCode quorum(const QuorumOptions& options);

}  // namespace faultline::cli
