// `faultline broker`: a broker on real sockets and files, until SIGTERM or SIGINT.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/exit_code.h"

namespace faultline::cli {

struct BrokerOptions {
  std::string data;                   // data directory
  std::string listen;                 // HOST:PORT; empty: as the configuration says
  std::string config;                 // properties file; empty: none
  std::vector<std::string> settings;  // key=value, on top of the file
  std::string io = "auto";            // auto, uring, epoll
  std::string log_level = "warning";  // debug, info, warning, error
  std::int64_t sync_delay_ns = 0;     // for measurements: what every sync takes longer
};

ExitCode broker(const BrokerOptions& options);

}  // namespace faultline::cli
