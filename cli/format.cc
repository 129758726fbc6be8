#include "cli/format.h"

#include <fmt/core.h>

#include <cstdio>
#include <random>

#include "broker/node/broker_config.h"
#include "runtime/asio/real_world.h"

namespace faultline::cli {
namespace {

/// The directory's id: given, that of the voter which the node is, or a new one.
Result<protocol::Uuid> directory_id_of(const FormatOptions& options, const raft::VoterSet& voters) {
  const raft::Voter* voter = voters.find(raft::NodeId(options.node_id));
  if (options.directory_id.empty()) {
    if (voter == nullptr) return draw_uuid();
    return protocol::Uuid::of(voter->key.directory.high, voter->key.directory.low);
  }
  const Result<protocol::Uuid> id = protocol::parse_uuid(options.directory_id);
  if (!id) return Error(Errc::invalid_argument, "--directory-id: " + id.error().detail);
  if (voter != nullptr && voter->key != replica_key(options.node_id, *id))
    return Error(Errc::invalid_argument, "--directory-id: the voters name another one for this node");
  return *id;
}

Result<StorageFormat> parse(const FormatOptions& options) {
  StorageFormat storage;
  storage.node_id = options.node_id;
  storage.cluster_id = options.cluster_id;
  if (!options.initial_voters.empty()) storage.voters = TRY(parse_voters(options.initial_voters));
  storage.directory_id = TRY(directory_id_of(options, storage.voters));
  // Who is no first voter learns of them from the quorum.
  if (storage.voters.find(raft::NodeId(options.node_id)) == nullptr) storage.voters = raft::VoterSet();
  return storage;
}

}  // namespace

protocol::Uuid draw_uuid() {
  std::random_device device;
  const auto word = [&] {
    const std::uint64_t high = device();
    const std::uint64_t low = device();
    return high << 32 | low;
  };
  const std::uint64_t high = word();
  const std::uint64_t low = word();
  return protocol::Uuid::of(high, low);
}

Result<> format_directory(const std::string& path, const StorageFormat& format) {
  const std::unique_ptr<RealWorld> world =
      TRY(RealWorld::open({.data_directory = path, .trace_level = TraceLevel::error, .trace_file = {}}));
  Result<> formatted;
  world->run([&](Env& env) {
    // A broker that runs on the directory must not have it changed under it.
    const Result<std::unique_ptr<DirectoryLock>> lock = env.disk.lock();
    formatted = lock ? format_storage(env, format, std::chrono::milliseconds(BrokerConfig{}.disk_timeout_ms)) : lock.error();
  });
  return formatted;
}

ExitCode format(const FormatOptions& options) {
  const auto fail = [](const Error& error, ExitCode code) {
    fmt::print(stderr, "faultline format: {}\n", error.detail.empty() ? to_string(error) : error.detail);
    return code;
  };
  const Result<StorageFormat> storage = parse(options);
  if (!storage) return fail(storage.error(), ExitCode::usage);
  const Result<> formatted = format_directory(options.data, *storage);
  if (!formatted) return fail(formatted.error(), ExitCode::failed);
  fmt::print("{} is node {} of cluster {}: directory {}, {}\n", options.data, storage->node_id, storage->cluster_id,
             to_string(storage->directory_id), storage->voters.empty() ? "an observer" : "a voter");
  return ExitCode::ok;
}

}  // namespace faultline::cli
