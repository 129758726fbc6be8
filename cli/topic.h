// `faultline topic create | list | describe | delete | alter | grow`
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/client_session.h"

namespace faultline::cli {

struct TopicOptions {
  enum class Action : std::uint8_t { create, list, describe, remove, alter, grow };

  ClientOptions client;
  Action action = Action::list;
  std::string topic;
  std::int32_t partitions = -1;          // create, alter, grow; -1: the broker's default, or as it is
  std::int16_t replication_factor = -1;  // create
  std::vector<std::string> configs;      // NAME=VALUE
  std::vector<std::string> removed;      // alter: NAME goes back to the default
  bool json = false;                     // list, describe
};

ExitCode topic(const TopicOptions& options);

}  // namespace faultline::cli
