#include "cli/broker.h"

#include <fmt/core.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "broker/server/run_broker.h"
#include "runtime/asio/real_world.h"

namespace faultline::cli {
namespace {

ExitCode usage_error(const std::string& message) {
  fmt::print(stderr, "faultline broker: {}\n", message);
  return ExitCode::usage;
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Error(Errc::not_found, "cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Result<BrokerConfig> configure(const BrokerOptions& options) {
  BrokerConfig config;
  if (!options.config.empty()) TRY(read_properties(config, options.config, TRY(read_file(options.config))));
  for (const std::string& setting : options.settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos) return Error(Errc::invalid_argument, "--set: expected KEY=VALUE, got '" + setting + "'");
    TRY(set_broker_config(config, setting.substr(0, equals), setting.substr(equals + 1)));
  }
  if (!options.listen.empty()) config.listeners = options.listen;
  TRY(config.validate());
  return config;
}

Result<TraceLevel> parse_level(const std::string& text) {
  if (text == "debug") return TraceLevel::debug;
  if (text == "info") return TraceLevel::info;
  if (text == "warning") return TraceLevel::warning;
  if (text == "error") return TraceLevel::error;
  return Error(Errc::invalid_argument, "--log-level: expected debug, info, warning or error, got '" + text + "'");
}

Result<IoBackend> parse_backend(const std::string& text) {
  if (text == "auto") return IoBackend::automatic;
  if (text == "uring") return IoBackend::uring;
  if (text == "epoll") return IoBackend::epoll;
  return Error(Errc::invalid_argument, "--io: expected auto, uring or epoll, got '" + text + "'");
}

Result<> serve(RealWorld& world, Env& env, const BrokerConfig& config) {
  Event stop;
  TaskGroup signals(env.tasks);
  signals.spawn("signals", [&] {
    if (world.wait_signal()) stop.set();
  });
  BrokerWatch watch;
  watch.on_ready = [&](Broker& broker, const BrokerServer& server) {
    const bool serves = config.has_broker_role();
    fmt::print("faultline {} {} ready on {} (cluster {}, {})\n", serves ? "broker" : "controller", broker.node_id(),
               serves ? to_string(server.local()) : config.controller_listeners, broker.cluster_id(), world.backend_name());
    std::fflush(stdout);
  };
  return run_broker(env, config, stop, watch);
}

}  // namespace

ExitCode broker(const BrokerOptions& options) {
  const Result<BrokerConfig> config = configure(options);
  if (!config) return usage_error(config.error().detail);
  const Result<TraceLevel> level = parse_level(options.log_level);
  if (!level) return usage_error(level.error().detail);
  const Result<IoBackend> backend = parse_backend(options.io);
  if (!backend) return usage_error(backend.error().detail);

  Result<std::unique_ptr<RealWorld>> world = RealWorld::open({.backend = *backend,
                                                              .data_directory = options.data,
                                                              .trace_level = *level,
                                                              .trace_file = {},
                                                              .sync_delay = Duration(options.sync_delay_ns)});
  if (!world) {
    fmt::print(stderr, "faultline broker: {}\n", to_string(world.error()));
    return ExitCode::internal;
  }
  Result<> ended;
  (*world)->run([&](Env& env) { ended = serve(**world, env, *config); });
  if (ended) return ExitCode::ok;
  if (ended.error() == Errc::locked) return usage_error("another process uses the data directory " + options.data);
  fmt::print(stderr, "faultline broker: {}\n", to_string(ended.error()));
  return ended.error() == Errc::address_in_use ? ExitCode::usage : ExitCode::internal;
}

}  // namespace faultline::cli
