#include "cli/admin_options.h"

#include <CLI/CLI.hpp>

namespace faultline::cli {
namespace {

constexpr const char* exit_codes = "Exit status: 0 done, 1 refused or no broker reached, 2 bad usage, 5 internal error.";

CLI::App* add_noun(CLI::App& app, const std::string& name, const char* what) {
  CLI::App* noun = app.add_subcommand(name, what);
  noun->require_subcommand(1);
  noun->footer("faultline " + name + " SUBCOMMAND --help says more, and what each exit status means.");
  return noun;
}

/// Adds a verb of a command: what it needs to reach the cluster, and what happens when it is named.
template <class Options>
CLI::App* add_verb(CLI::App& noun, const char* name, const char* what, Options& options, Command& command,
                   typename Options::Action action, ExitCode (*run)(const Options&)) {
  CLI::App* verb = noun.add_subcommand(name, what);
  add_client_options(*verb, options.client);
  verb->callback([&options, &command, action, run] {
    options.action = action;
    command = [&options, run] { return run(options); };
  });
  verb->footer(exit_codes);
  return verb;
}

void add_json(CLI::App& sub, bool& json) { sub.add_flag("--json", json, "JSON on stdout"); }

void add_topic(CLI::App& app, TopicOptions& options, Command& command) {
  using Action = TopicOptions::Action;
  CLI::App* sub = add_noun(app, "topic", "Create, list, describe, delete, alter or grow topics");
  const auto add = [&](const char* name, const char* what, Action action) {
    CLI::App* verb = add_verb(*sub, name, what, options, command, action, &topic);
    if (action != Action::list) verb->add_option("TOPIC", options.topic)->required();
    return verb;
  };
  CLI::App* create = add("create", "Create a topic", Action::create);
  create->add_option("--partitions", options.partitions, "Default: the broker's num.partitions");
  create->add_option("--replication-factor", options.replication_factor, "Default: the broker's default.replication.factor");
  create->add_option("--config", options.configs, "retention.ms=60000")->type_name("NAME=VALUE")->allow_extra_args(false);
  add_json(*add("list", "Print the name and the number of partitions of each topic", Action::list), options.json);
  add_json(*add("describe", "Print leaders, offsets and configuration of a topic", Action::describe), options.json);
  add("delete", "Delete a topic", Action::remove);
  CLI::App* alter = add("alter", "Change the configuration of a topic, or add partitions", Action::alter);
  alter->add_option("--partitions", options.partitions, "How many there are to be");
  alter->add_option("--config", options.configs, "retention.ms=60000")->type_name("NAME=VALUE")->allow_extra_args(false);
  alter->add_option("--remove-config", options.removed, "Back to the default")->type_name("NAME")->allow_extra_args(false);
  CLI::App* grow = add("grow", "Add partitions to a topic", Action::grow);
  grow->add_option("PARTITIONS", options.partitions, "How many there are to be")->required()->check(CLI::PositiveNumber);
}

void add_config(CLI::App& app, ConfigOptions& options, Command& command) {
  using Action = ConfigOptions::Action;
  CLI::App* sub = add_noun(app, "config", "Get, set or unset the configuration of a topic or of brokers");
  const auto add = [&](const char* name, const char* what, Action action, const char* settings) {
    CLI::App* verb = add_verb(*sub, name, what, options, command, action, &config);
    verb->add_option("KIND", options.kind, "topic or broker")->required()->check(CLI::IsMember({"topic", "broker"}));
    verb->add_option("NAME", options.name, "A topic; a broker's number, or 'default' for all brokers")->required();
    CLI::Option* rest = verb->add_option(settings, options.settings);
    if (action != Action::get) rest->required();
    return verb;
  };
  add_json(*add("get", "Print settings, with * those that are not the default", Action::get, "SETTING"), options.json);
  add("set", "Change settings", Action::set, "SETTING=VALUE");
  add("unset", "Let settings go back to their defaults", Action::unset, "SETTING");
}

void add_leaders(CLI::App& app, LeadersOptions& options, Command& command) {
  CLI::App* sub = add_noun(app, "leaders", "Have leaders of partitions elected");
  CLI::App* elect = sub->add_subcommand("elect", "Give partitions back to their preferred leaders");
  add_client_options(*elect, options.client);
  elect->add_option("PARTITION", options.partitions, "TOPIC or TOPIC:PARTITION; all if none is named");
  CLI::Option* preferred_flag =
      elect->add_flag("--preferred")->description("The first of the replicas, if it is in sync (default)");
  elect->add_flag("--unclean", options.unclean, "Anybody alive, where nobody can lead: records may be lost")
      ->excludes(preferred_flag);
  add_json(*elect, options.json);
  elect->footer(exit_codes);
  elect->callback([&] { command = [&] { return leaders(options); }; });
}

void add_reassign(CLI::App& app, ReassignOptions& options, Command& command) {
  using Action = ReassignOptions::Action;
  CLI::App* sub = add_noun(app, "reassign", "Move replicas to other brokers");
  const auto add = [&](const char* name, const char* what, Action action) {
    CLI::App* verb = add_verb(*sub, name, what, options, command, action, &reassign);
    add_json(*verb, options.json);
    return verb;
  };
  const char* plan = R"({"partitions": [{"topic": "a", "partition": 0, "replicas": [1, 2]}]}, as Kafka's tool reads it)";
  CLI::App* start = add("start", "Begin moves", Action::start);
  start->add_option("MOVE", options.moves, "TOPIC:PARTITION=BROKER,BROKER: where it is to be, its preferred leader first");
  start->add_option("--plan", options.plan, plan)->type_name("FILE");
  add("status", "Print the moves that are in progress", Action::status);
  CLI::App* cancel = add("cancel", "Cancel moves; all that are in progress if none is named", Action::cancel);
  cancel->add_option("PARTITION", options.moves, "TOPIC:PARTITION");
  cancel->add_option("--plan", options.plan, plan)->type_name("FILE");
}

void add_quorum(CLI::App& app, QuorumOptions& options, Command& command) {
  using Action = QuorumOptions::Action;
  CLI::App* sub = add_noun(app, "quorum", "Describe the metadata quorum, and change who votes in it");
  add_json(*add_verb(*sub, "describe", "Print leader, voters and observers", options, command, Action::describe, &quorum),
           options.json);
  const auto add = [&](const char* name, const char* what, Action action) {
    CLI::App* verb = add_verb(*sub, name, what, options, command, action, &quorum);
    verb->add_option("NODE", options.node, "Its node.id")->required()->check(CLI::NonNegativeNumber);
    verb->add_option("--directory", options.directory, "The id of its data directory; default: as the quorum knows it");
    return verb;
  };
  CLI::App* adding = add("add", "Let an observer vote", Action::add);
  adding->add_option("--listener", options.listener, "Its controller.listeners")->required()->type_name("HOST:PORT");
  add("remove", "Let a voter vote no more", Action::remove);
}

}  // namespace

void add_client_options(CLI::App& sub, ClientOptions& options) {
  sub.add_option("-b,--bootstrap-server", options.bootstrap, "Brokers to begin with, HOST:PORT,HOST:PORT")->capture_default_str();
  sub.add_option("--timeout", options.timeout_ms, "Milliseconds for each operation")->capture_default_str();
}

void add_admin_commands(CLI::App& app, AdminOptions& options, Command& command) {
  add_topic(app, options.topic, command);
  add_config(app, options.config, command);
  add_leaders(app, options.leaders, command);
  add_reassign(app, options.reassign, command);
  add_quorum(app, options.quorum, command);
}

}  // namespace faultline::cli
