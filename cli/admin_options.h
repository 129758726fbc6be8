// Options and help of the commands that administer a cluster: topic, config, leaders, reassign, quorum.
#pragma once

#include <functional>

#include "cli/config.h"
#include "cli/exit_code.h"
#include "cli/leaders.h"
#include "cli/quorum.h"
#include "cli/reassign.h"
#include "cli/topic.h"

namespace CLI {
class App;
}

namespace faultline::cli {

/// What the arguments ask for.
using Command = std::function<ExitCode()>;

struct AdminOptions {
  TopicOptions topic;
  ConfigOptions config;
  LeadersOptions leaders;
  ReassignOptions reassign;
  QuorumOptions quorum;
};

/// -b and --timeout.
void add_client_options(CLI::App& sub, ClientOptions& options);

/// `options` and `command` are set when the arguments are parsed, and must still be there then.
void add_admin_commands(CLI::App& app, AdminOptions& options, Command& command);

}  // namespace faultline::cli
