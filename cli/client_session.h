// What topic, produce and consume have in common: which brokers, how long to wait, and a real world to do it in.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "broker/client/config.h"
#include "broker/client/error.h"
#include "cli/exit_code.h"
#include "runtime/asio/real_world.h"

namespace faultline::cli {

struct ClientOptions {
  std::string bootstrap = "localhost:9092";  // HOST:PORT,HOST:PORT
  std::int64_t timeout_ms = 10'000;          // for each operation
};

/// One run of a client command. Messages go to stderr as "faultline COMMAND: ...".
class ClientSession {
 public:
  ClientSession(std::string_view command, const ClientOptions& options) : command_(command), options_(options) {}

  /// Runs `body` in the real world. Returns: what it returned, or `usage` if the options make no sense.
  ExitCode run(const std::function<ExitCode(Env&)>& body);

  const client::ClusterConfig& cluster() const { return cluster_; }
  RealWorld& world() { return *world_; }
  /// When an operation that begins now is given up.
  Time deadline(const Env& env) const;

  ExitCode fail(std::string_view message) const;
  ExitCode fail(const client::ClientError& error) const;
  ExitCode usage(std::string_view message) const;

 private:
  Result<> configure();

  const std::string command_;
  const ClientOptions options_;
  client::ClusterConfig cluster_;
  std::unique_ptr<RealWorld> world_;
};

/// "name=value". Errors: invalid_argument.
Result<std::pair<std::string, std::string>> parse_setting(std::string_view text);

}  // namespace faultline::cli
