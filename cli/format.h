// `faultline format`: gives a data directory its identity, before the broker starts on it for the first time.
#pragma once

#include <cstdint>
#include <string>

#include "broker/node/format.h"
#include "cli/exit_code.h"

namespace faultline::cli {

struct FormatOptions {
  std::string data;
  std::int32_t node_id = 1;
  std::string cluster_id;
  std::string directory_id;    // empty: that of the node among the voters, else drawn
  std::string initial_voters;  // ID@HOST:PORT:DIRECTORY-ID,...; empty: an observer
};

ExitCode format(const FormatOptions& options);

/// Formats the directory at `path`; it is made if it does not exist. Errors: as format_storage, and what the directory met.
Result<> format_directory(const std::string& path, const StorageFormat& format);

/// For directories and clusters.
protocol::Uuid draw_uuid();

}  // namespace faultline::cli
