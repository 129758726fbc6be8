// `faultline leaders elect`
#pragma once

#include <string>
#include <vector>

#include "cli/client_session.h"

namespace faultline::cli {

struct LeadersOptions {
  ClientOptions client;
  bool unclean = false;                 // else the preferred leaders
  std::vector<std::string> partitions;  // TOPIC or TOPIC:PARTITION; empty: all
  bool json = false;
};

ExitCode leaders(const LeadersOptions& options);

}  // namespace faultline::cli
