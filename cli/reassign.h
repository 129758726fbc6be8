// `faultline reassign start | status | cancel`
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/client_session.h"

namespace faultline::cli {

struct ReassignOptions {
  enum class Action : std::uint8_t { start, status, cancel };

  ClientOptions client;
  Action action = Action::status;
  std::vector<std::string> moves;  // start: TOPIC:PARTITION=1,2,3; cancel: TOPIC:PARTITION, all that are in progress if empty
  std::string plan;                // a file in the form of Kafka's tool; empty: none
  bool json = false;
};

ExitCode reassign(const ReassignOptions& options);

}  // namespace faultline::cli
