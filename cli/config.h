// `faultline config get | set | unset (topic NAME | broker ID|default)`
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/client_session.h"

namespace faultline::cli {

struct ConfigOptions {
  enum class Action : std::uint8_t { get, set, unset };

  ClientOptions client;
  Action action = Action::get;
  std::string kind;                   // topic, broker
  std::string name;                   // a topic; a broker's number, or "default": what all brokers have
  std::vector<std::string> settings;  // set: NAME=VALUE; unset: NAME; get: only these, all if empty
  bool json = false;
};

ExitCode config(const ConfigOptions& options);

}  // namespace faultline::cli
