// The program's front door: options and help. Each subcommand is a struct of options and a function in a file of its own; the
// option parser is named here and in admin_options.cc alone, since its header costs seconds to compile.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/suggest.h"
#include "cli/admin_options.h"
#include "cli/bench.h"
#include "cli/broker.h"
#include "cli/check.h"
#include "cli/cluster_options.h"
#include "cli/consume.h"
#include "cli/convert.h"
#include "cli/exit_code.h"
#include "cli/format.h"
#include "cli/museum.h"
#include "cli/produce.h"
#include "cli/run.h"

namespace faultline::cli {
namespace {

void add_run(CLI::App& app, RunOptions& options, Command& command) {
  CLI::App* sub = app.add_subcommand("run", "Put a scenario on trial");
  sub->add_option("FILE", options.file, "The scenario (docs/SCENARIOS.md)")->required();
  sub->add_option("--seed,--seeds", options.seeds, "One seed, or a range: 1..1000")->type_name("N|A..B")->capture_default_str();
  sub->add_option("--jobs,-j", options.jobs, "Processes that share the seeds; 0 is one per core")->capture_default_str();
  sub->add_flag("--twice", options.twice, "Run every seed twice; if the two differ, show the first event that does");
  sub->add_option("--out", options.out, "Folder for the artifact of the first seed that is not as expected")->type_name("DIR");
  sub->add_option("--trace", options.trace, "File for every event of the run; one seed at a time")->type_name("FILE");
  sub->add_flag("--json", options.json, "Report as JSON on stdout");
  sub->add_option("--set", options.settings, "Change a value of the file: chaos.power_loss.every=2s, producer[0].count=3")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  sub->add_option("--exhibit", options.exhibits, "Put a known mistake back into every broker: fsync-trap (docs/MUSEUM.md)")
      ->type_name("NAME")
      ->allow_extra_args(false);
  sub->add_flag("--check-only", options.check_only, "Read the file, say what is wrong with it, and stop");
  sub->footer(
      "Exit status: 0 as expected, 1 safety violated, expected finding not found or nothing proved, 2 bad usage or file,\n"
      "3 liveness violated, 4 not deterministic, 5 internal error (a crash among them).");
  sub->callback([&] { command = [&] { return run(options); }; });
}

void add_museum(CLI::App& app, MuseumOptions& options, Command& command) {
  CLI::App* sub = app.add_subcommand("museum", "Put each known mistake back, and see whether the checkers find it");
  sub->add_option("--seeds", options.seeds, "Seeds to hunt through for each exhibit, at most")->capture_default_str();
  sub->add_option("--clean", options.clean, "Seeds to run without the exhibit, which must all be valid")->capture_default_str();
  sub->add_option("--only", options.only, "One exhibit")->type_name("NAME")->allow_extra_args(false);
  sub->add_option("--folder", options.folder, "Its scenarios")->type_name("DIR")->capture_default_str();
  sub->add_option("--jobs,-j", options.jobs, "Processes that share the seeds; 0 is one per core")->capture_default_str();
  sub->add_flag("--json", options.json, "Report as JSON");
  sub->footer("Exit status: 0 each was found and nothing without it, 1 not so, 2 bad usage or file.");
  sub->callback([&] { command = [&] { return museum(options); }; });
}

void add_check(CLI::App& app, CheckOptions& options, Command& command) {
  CLI::App* sub = app.add_subcommand("check", "Judge recorded histories: ours, Jepsen's, Porcupine's, PolySI's");
  sub->add_option("FILE", options.files,
                  "Histories; - is stdin, a folder stands for its files, a manifest.json says what to expect")
      ->required();
  sub->add_flag("--merge", options.merge, "All files are clients of one run, by one clock: one history, one verdict");
  sub->add_option("--format", options.format, "jsonl, json, edn, jepsen-log, porcupine or sessions; default: told from the file");
  sub->add_option("--model", options.model,
                  "Linearizability of a register, multi-register, kv, mutex, owned-mutex, set, queue, stack, log or znodes");
  sub->add_flag("--log", options.log, "A log: sends and polls with offsets, as of Kafka");
  sub->add_flag("--elle-list-append", options.list_append, "Transactions that append to lists");
  sub->add_flag("--elle-register", options.rw_register, "Transactions that write registers");
  sub->add_option("--consistency", options.consistency,
                  "What transactions promise: strict-serializable (default), serializable, ...")
      ->type_name("LEVEL");
  sub->add_option("--tolerate", options.tolerated, "An anomaly of a log that is no failure: duplicate, poll-skip, ...")
      ->allow_extra_args(false)
      ->type_name("ANOMALY");
  sub->add_option("--promise", options.promised,
                  "What a log promises beyond order: key-order, recency=TIME, writes=TIME, produce-p99=TIME,\n"
                  "ownership=TIME, exactly-once=GROUP, "
                  "retention=PARTITION,log-start=N,retention.ms=N,... or retention=PARTITION,cleanup.policy=compact,...")
      ->allow_extra_args(false)
      ->type_name("WHAT");
  sub->add_option("--require", options.required,
                  "Invalid unless so much was tested: acknowledged=N, reads=N, faults=N, read-share=A/B, indefinite-share=A/B,\n"
                  "every-partition-polled, every-partition-read-to-end")
      ->allow_extra_args(false)
      ->type_name("WHAT");
  sub->add_flag("--json", options.json, "One JSON object a history on stdout");
  sub->add_option("--dot", options.dot, "Draw the first finding, for Graphviz")->type_name("FILE");
  sub->add_option("--memory", options.memory_bytes, "What a history and its check may take; beyond it the verdict is unknown")
      ->transform(CLI::AsSizeValue(false))
      ->default_str("2G")
      ->type_name("SIZE");
  const std::map<std::string, std::int64_t> units{{"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}};
  sub->add_option("--timeout", options.timeout_ns, "Per history; after it the verdict is unknown (60s)")
      ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::UNIT_REQUIRED))
      ->check(CLI::NonNegativeNumber)
      ->type_name("TIME");
  sub->add_option("--jobs,-j", options.jobs, "Histories judged at the same time; 0 is one per core")->capture_default_str();
  sub->footer(
      "Format and checker are told from the file where it is unambiguous, and the output says so.\n"
      "  faultline check history.edn                         a Jepsen history\n"
      "  faultline check --elle-list-append --consistency snapshot-isolation history.edn\n"
      "  faultline check --model kv operations.jsonl         Porcupine's operations\n"
      "  faultline check --log --require faults=3 --dot finding.dot history.jsonl\n"
      "Exit status: 0 valid, 1 invalid, 2 bad usage or input, 3 unknown, 5 internal error. docs/CHECKING.md has more.");
  sub->callback([&] { command = [&] { return check(options); }; });
}

void add_convert(CLI::App& app, ConvertOptions& options, Command& command) {
  CLI::App* sub = app.add_subcommand("convert", "Write a recorded history in another format");
  sub->add_option("FILE", options.files, "A history; - is stdin. Several are clients of one run, by one clock: one history")
      ->required();
  sub->add_option("--to", options.to, "jsonl, json, edn, jepsen-log, porcupine or sessions")->required()->type_name("FORMAT");
  sub->add_option("--output,-o", options.output, "Where to; default: stdout")->type_name("FILE");
  sub->add_option("--from", options.from, "The format of FILE; default: told from the file")->type_name("FORMAT");
  sub->add_option(
         "--about", options.about,
         "What the history is about: log, elle-list-append, elle-register or a model of check; default: told from the file")
      ->type_name("WHAT");
  sub->add_flag("--lossy", options.lossy, "Leave out what the format has no word for; otherwise it is an error");
  sub->footer(
      "  faultline convert --to edn --output history.edn history.jsonl\n"
      "What each format cannot say: docs/CHECKING.md. Exit status: 0 written, 2 bad usage or input.");
  sub->callback([&] { command = [&] { return convert(options); }; });
}

void add_bench(CLI::App& app, BenchOptions& options, Command& command) {
  CLI::App* sub = app.add_subcommand("bench", "Measure, and print the figures with their goals and the machine's own limit");
  sub->add_option("NAME", options.name, "sim, broker, cluster or checkers")
      ->required()
      ->check(CLI::IsMember({"sim", "broker", "cluster", "checkers"}));
  sub->add_flag("--json", options.json, "Print the figures as JSON");
  sub->footer("Exit status: 0 measured, 2 bad usage, 5 internal error.");
  sub->callback([&] { command = [&] { return bench(options); }; });
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
  const std::map<std::string, std::int64_t> units{{"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}};
  sub->add_option("--sync-delay", options.sync_delay_ns, "For measurements: makes every sync take this much longer (2ms)")
      ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::UNIT_REQUIRED))
      ->check(CLI::NonNegativeNumber)
      ->type_name("TIME");
  sub->footer(
      "Says on stdout when it is ready. Without more it is a cluster of its own; docs/OPERATING.md has the settings of larger "
      "ones.\n"
      "Exit status: 0 asked to stop, 2 bad usage, or its port or data directory is in use, 5 its disk failed or internal error.");
  sub->callback([&] { command = [&] { return broker(options); }; });
}

void add_format(CLI::App& app, FormatOptions& options, Command& command) {
  CLI::App* sub =
      app.add_subcommand("format", "Give a data directory its identity, before a broker of a cluster first starts on it");
  sub->add_option("--data", options.data, "The data directory; made if it does not exist")->required()->type_name("DIR");
  sub->add_option("--node-id", options.node_id, "The node.id of the broker")->required()->check(CLI::NonNegativeNumber);
  sub->add_option("--cluster-id", options.cluster_id, "The cluster.id of all its nodes")->required();
  sub->add_option("--directory-id", options.directory_id, "Default: as the voters say, else a new one");
  sub->add_option("--initial-voters", options.initial_voters,
                  "With whom the quorum begins, the same for each of them; without it the node joins as an observer")
      ->type_name("ID@HOST:PORT:DIRECTORY-ID,...");
  sub->footer("Exit status: 0 done, 1 it is formatted already or the disk failed, 2 bad usage, 5 internal error.");
  sub->callback([&] { command = [&] { return format(options); }; });
}

void add_produce(CLI::App& app, ProduceOptions& options, Command& command) {
  CLI::App* sub = app.add_subcommand("produce", "Write each line of stdin as a record");
  add_client_options(*sub, options.client);
  sub->add_option("TOPIC", options.topic)->required();
  sub->add_option("-K,--key-separator", options.key_separator,
                  "What stands between key and value of a line; without it there are no keys");
  sub->add_option("-p,--partition", options.partition, "Default: by key, or as batches fill");
  sub->add_option("-z,--compression", options.compression, "none, gzip, snappy, lz4 or zstd")->capture_default_str();
  sub->add_option("--acks", options.acks, "0, 1 or all")->capture_default_str();
  sub->add_option("--linger", options.linger_ms, "Milliseconds to wait for a batch to fill")->capture_default_str();
  sub->add_flag("-v,--verbose", options.verbose, "Print partition and offset of each record");
  sub->footer("Exit status: 0 all were acknowledged, 1 some were not or no broker was reached, 2 bad usage, 5 internal error.");
  sub->callback([&] { command = [&] { return produce(options); }; });
}

void add_consume(CLI::App& app, ConsumeOptions& options, Command& command) {
  CLI::App* sub = app.add_subcommand("consume", "Print the records of a topic");
  add_client_options(*sub, options.client);
  sub->add_option("TOPIC", options.topic)->required();
  sub->add_option("--from", options.from, "earliest, latest, an offset, or time:MILLISECONDS since 1970")->capture_default_str();
  sub->add_option("-p,--partition", options.partitions, "Default: all")->allow_extra_args(false);
  sub->add_option("-c,--count", options.count, "Stop after so many records");
  sub->add_flag("-e,--exit-at-end", options.exit_at_end, "Stop at the offsets where the partitions ended when it began");
  sub->add_option("-f,--format", options.format,
                  "%v value, %k key, %o offset, %p partition, %t topic, %T timestamp, %e leader epoch, %h headers, \\n \\t")
      ->capture_default_str();
  sub->footer("Exit status: 0 done or interrupted, 1 refused or no broker reached, 2 bad usage, 5 internal error.");
  sub->callback([&] { command = [&] { return consume(options); }; });
}

/// Says that a word is no subcommand, where one was expected: the parser itself only says that one is missing.
/// Returns: whether that is what was wrong.
bool explain_unknown_subcommand(const CLI::App& app) {
  const CLI::App* asked = &app;
  while (!asked->get_subcommands().empty()) asked = asked->get_subcommands().front();
  const std::vector<std::string> unknown = app.remaining(true);
  std::vector<std::string> names;
  for (const CLI::App* sub : asked->get_subcommands({})) names.push_back(sub->get_name());
  if (names.empty() || unknown.empty() || unknown.front().starts_with('-')) return false;
  const std::vector<std::string_view> known(names.begin(), names.end());
  const std::string_view closest = closest_word(unknown.front(), known);
  const std::string whole = asked == &app ? "faultline" : "faultline " + asked->get_name();
  const std::string hint = closest.empty() ? "" : "; did you mean '" + std::string(closest) + "'?";
  std::fprintf(stderr, "%s: there is no subcommand '%s'%s\nRun %s --help for those that there are.\n", whole.c_str(),
               unknown.front().c_str(), hint.c_str(), whole.c_str());
  return true;
}

int main_of(int argc, char** argv) {
  CLI::App app("Faultline: a Kafka-compatible broker, born inside a deterministic simulator", "faultline");
  app.set_version_flag("--version", "faultline " FAULTLINE_VERSION);
  app.require_subcommand(1);
  app.footer("faultline SUBCOMMAND --help says more, and what each exit status means.");
  Command command;
  RunOptions run_options;
  run_options.program = argv[0];
  add_run(app, run_options, command);
  MuseumOptions museum_options;
  add_museum(app, museum_options, command);
  CheckOptions check_options;
  add_check(app, check_options, command);
  ConvertOptions convert_options;
  add_convert(app, convert_options, command);
  BrokerOptions broker_options;
  add_broker(app, broker_options, command);
  FormatOptions format_options;
  add_format(app, format_options, command);
  AdminOptions admin_options;
  add_admin_commands(app, admin_options, command);
  ClusterOptions cluster_options;
  add_cluster(app, cluster_options, command);
  ProduceOptions produce_options;
  add_produce(app, produce_options, command);
  ConsumeOptions consume_options;
  add_consume(app, consume_options, command);
  BenchOptions bench_options;
  add_bench(app, bench_options, command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError& error) {
    if (!explain_unknown_subcommand(app)) app.exit(error);
    return static_cast<int>(ExitCode::usage);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? static_cast<int>(ExitCode::ok) : static_cast<int>(ExitCode::usage);
  }
  return static_cast<int>(command());
}

}  // namespace
}  // namespace faultline::cli

int main(int argc, char** argv) { return faultline::cli::main_of(argc, argv); }
