#include "cli/client_session.h"

#include <fmt/core.h>

#include <cstdio>

namespace faultline::cli {

Result<> ClientSession::configure() {
  if (options_.timeout_ms <= 0) return Error(Errc::invalid_argument, "--timeout must be greater than zero");
  for (std::size_t at = 0; at <= options_.bootstrap.size();) {
    const std::size_t comma = std::min(options_.bootstrap.find(',', at), options_.bootstrap.size());
    cluster_.bootstrap.push_back(TRY(parse_endpoint(std::string_view(options_.bootstrap).substr(at, comma - at))));
    at = comma + 1;
  }
  return cluster_.validate();
}

ExitCode ClientSession::run(const std::function<ExitCode(Env&)>& body) {
  if (const Result<> configured = configure(); !configured) return usage(configured.error().detail);
  Result<std::unique_ptr<RealWorld>> opened =
      RealWorld::open({.data_directory = {}, .trace_level = TraceLevel::error, .trace_file = {}});
  if (!opened) return fail(to_string(opened.error()));
  world_ = *std::move(opened);
  ExitCode code = ExitCode::internal;
  world_->run([&](Env& env) { code = body(env); });
  return code;
}

Time ClientSession::deadline(const Env& env) const {
  return after(env.clock.now(), std::chrono::milliseconds(options_.timeout_ms));
}

ExitCode ClientSession::fail(std::string_view message) const {
  std::fflush(stdout);
  fmt::print(stderr, "faultline {}: {}\n", command_, message);
  return ExitCode::failed;
}

ExitCode ClientSession::fail(const client::ClientError& error) const {
  const bool nobody_there = error.is_transport() && error.transport == Errc::connection_refused;
  return fail(to_string(error) + (nobody_there ? "; -b says where brokers are" : ""));
}

ExitCode ClientSession::usage(std::string_view message) const {
  static_cast<void>(fail(message));
  return ExitCode::usage;
}

Result<std::pair<std::string, std::string>> parse_setting(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos) {
    return Error(Errc::invalid_argument, "expected NAME=VALUE, got '" + std::string(text) + "'");
  }
  return std::pair(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
}

}  // namespace faultline::cli
