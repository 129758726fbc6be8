// The program's front door: options and help. Each subcommand is a struct of options and a function in a file of its own; the
// option parser is named here alone, since its header costs seconds to compile.
#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "cli/broker.h"
#include "cli/exit_code.h"
#include "cli/run.h"

namespace faultline::cli {
namespace {

using Command = std::function<ExitCode()>;

void add_run(CLI::App& app, RunOptions& options, Command& command) {
  CLI::App* sub = app.add_subcommand("run", "Put a scenario on trial");
  sub->add_option("FILE", options.file, "The scenario (docs/SCENARIOS.md)")->required();
  sub->add_option("--seed,--seeds", options.seeds, "One seed, or a range: 1..1000")->type_name("N|A..B")->capture_default_str();
  sub->add_option("--jobs,-j", options.jobs, "Processes that share the seeds; 0 is one per core")->capture_default_str();
  sub->add_flag("--twice", options.twice, "Run every seed twice; if the two differ, show the first event that does");
  sub->add_option("--out", options.out, "Folder for the artifact of the first seed that is not as expected")->type_name("DIR");
  sub->add_flag("--json", options.json, "Report as JSON on stdout");
  sub->add_option("--set", options.settings, "Change a value of the file: chaos.power_loss.every=2s, producer[0].count=3")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  sub->add_flag("--check-only", options.check_only, "Read the file, say what is wrong with it, and stop");
  sub->footer(
      "Exit status: 0 as expected, 1 safety violated or expected finding not found, 2 bad usage or file,\n"
      "3 liveness violated, 4 not deterministic, 5 internal error (a crash among them).");
  sub->callback([&] { command = [&] { return run(options); }; });
}

void add_broker(CLI::App& app, BrokerOptions& options, Command& command) {
  CLI::App* sub = app.add_subcommand("broker", "Run a broker on real sockets and files, until SIGTERM or SIGINT");
  sub->add_option("--data", options.data, "Its data directory; made if it does not exist")->required()->type_name("DIR");
  sub->add_option("--listen", options.listen,
                  "Where to accept connections (default localhost:9092); port 0 lets the system choose")
      ->type_name("HOST:PORT");
  sub->add_option("--config", options.config, "A properties file with Kafka's keys")->type_name("FILE");
  sub->add_option("--set", options.settings, "Set one key, on top of the file")->type_name("KEY=VALUE")->allow_extra_args(false);
  sub->add_option("--io", options.io, "auto, uring or epoll")->capture_default_str();
  sub->add_option("--log-level", options.log_level, "What goes to stderr: debug, info, warning or error")->capture_default_str();
  sub->callback([&] { command = [&] { return broker(options); }; });
}

int main_of(int argc, char** argv) {
  CLI::App app("Faultline: a Kafka-compatible broker, born inside a deterministic simulator", "faultline");
  app.set_version_flag("--version", "faultline " FAULTLINE_VERSION);
  app.require_subcommand(1);
  Command command;
  RunOptions run_options;
  run_options.program = argv[0];
  add_run(app, run_options, command);
  BrokerOptions broker_options;
  add_broker(app, broker_options, command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? static_cast<int>(ExitCode::ok) : static_cast<int>(ExitCode::usage);
  }
  return static_cast<int>(command());
}

}  // namespace
}  // namespace faultline::cli

int main(int argc, char** argv) { return faultline::cli::main_of(argc, argv); }
