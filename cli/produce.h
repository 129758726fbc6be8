// `faultline produce TOPIC`: a record for each line of stdin.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/client_session.h"

namespace faultline::cli {

struct ProduceOptions {
  ClientOptions client;
  std::string topic;
  std::string key_separator;  // what stands between key and value; empty: lines have no key
  std::optional<std::int32_t> partition;
  std::string compression = "none";  // none, gzip, snappy, lz4, zstd
  std::string acks = "all";          // 0, 1, all
  std::int64_t linger_ms = 5;
  bool verbose = false;  // print partition and offset of each record
};

ExitCode produce(const ProduceOptions& options);

}  // namespace faultline::cli
