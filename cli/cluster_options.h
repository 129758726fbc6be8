// Options and help of `faultline cluster`.
#pragma once

#include "cli/admin_options.h"
#include "cli/cluster.h"

namespace faultline::cli {

/// `options` and `command` are set when the arguments are parsed, and must still be there then.
void add_cluster(CLI::App& app, ClusterOptions& options, Command& command);

}  // namespace faultline::cli
