#include "cli/cluster_options.h"

#include <CLI/CLI.hpp>

namespace faultline::cli {

void add_cluster(CLI::App& app, ClusterOptions& options, Command& command) {
  using Action = ClusterOptions::Action;
  CLI::App* sub = app.add_subcommand("cluster", "Run brokers on this machine, a process each, and do things to them");
  sub->require_subcommand(1);
  sub->footer("Exit status: 0 done, 1 something went wrong (`down`: a node had to be killed), 2 bad usage, 5 internal error.");
  const auto add = [&](const char* name, const char* what, Action action) {
    CLI::App* verb = sub->add_subcommand(name, what);
    verb->add_option("--dir", options.directory, "Where the cluster lives")->required()->type_name("DIR");
    if (action != Action::status && action != Action::kill && action != Action::pause && action != Action::resume)
      verb->add_option("--timeout", options.timeout_ms, "Milliseconds until all serve, or have stopped")
          ->check(CLI::PositiveNumber)
          ->capture_default_str();
    verb->callback([&options, &command, action] {
      options.action = action;
      command = [&options] { return cluster(options); };
    });
    return verb;
  };
  const auto add_for_node = [&](const char* name, const char* what, Action action) {
    CLI::App* verb = add(name, what, action);
    verb->add_option("NODE", options.node, "Its number")->required()->check(CLI::PositiveNumber);
    return verb;
  };
  CLI::App* up = add("up", "Start a new cluster, or the stopped nodes of one, and print its bootstrap addresses", Action::up);
  up->add_option("--brokers", options.brokers, "How many (3)")->check(CLI::PositiveNumber)->type_name("N");
  up->add_option("--controllers", options.controllers, "Processes that only vote in the quorum; without it brokers vote")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  up->add_option("--port", options.port, "Of the first broker, the next one has the next; default: any that are free")
      ->type_name("P");
  up->add_option("--config", options.settings, "Set one key on every node")->type_name("KEY=VALUE")->allow_extra_args(false);
  CLI::App* status = add("status", "Print what runs, who leads, and who leads the quorum", Action::status);
  status->add_flag("--json", options.json, "JSON on stdout");
  add_for_node("kill", "End a node at once, as a crash would (SIGKILL)", Action::kill);
  add_for_node("pause", "Stop a node in its tracks (SIGSTOP)", Action::pause);
  add_for_node("resume", "Let a paused node go on (SIGCONT)", Action::resume);
  add_for_node("restart", "Stop a node properly, if it runs, start it and wait until it serves", Action::restart);
  CLI::App* adding = add("add", "Start another broker", Action::add);
  adding->add_flag("--voter", options.votes, "It becomes a controller too, and a voter of the quorum");
  CLI::App* removing = add_for_node("remove", "Take a node out of the cluster for good", Action::remove);
  removing->add_flag("--force", options.force, "Although partitions have replicas on it");
  add("down", "Stop all nodes, and kill those that do not stop in time", Action::down);
}

}  // namespace faultline::cli
