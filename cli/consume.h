// `faultline consume TOPIC`: the records of a topic on stdout.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/client_session.h"

namespace faultline::cli {

struct ConsumeOptions {
  ClientOptions client;
  std::string topic;
  std::string from = "latest";           // earliest, latest, an offset, time:MILLISECONDS
  std::vector<std::int32_t> partitions;  // empty: all
  std::int64_t count = -1;               // stop after so many; -1: never
  bool exit_at_end = false;              // stop where the partitions ended when the command began
  std::string format = "%v\\n";  // %v value, %k key, %o offset, %p partition, %t topic, %T timestamp, %e epoch, %h headers, %%
};

ExitCode consume(const ConsumeOptions& options);

}  // namespace faultline::cli
