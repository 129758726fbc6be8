#include "broker/node/format.h"

#include <algorithm>
#include <vector>

#include "broker/node/config_table.h"
#include "broker/quorum/node/node.h"
#include "broker/quorum/wire/convert.h"

namespace faultline {
namespace {

constexpr std::string_view meta_file = "meta.properties";

}  // namespace

raft::ReplicaKey replica_key(std::int32_t node, const protocol::Uuid& directory) {
  return {raft::NodeId(node), quorum::wire::directory_of(directory)};
}

Result<> format_storage(Env& env, const StorageFormat& format, Duration disk_timeout) {
  const auto deadline = [&] { return after(env.clock.now(), disk_timeout); };
  if (format.cluster_id.empty() || format.directory_id.is_zero())
    return Error(Errc::invalid_argument, "a data directory needs a cluster id and an id of its own");
  const Result<Slice> present = read_whole(env.disk, meta_file, 0, deadline());
  if (present || present.error() == Errc::too_large)
    return Error(Errc::already_exists, "the data directory is formatted already");
  if (!(present.error() == Errc::not_found)) return present.error();

  quorum::NodeConfig node;
  node.cluster_id = format.cluster_id;
  node.self = replica_key(format.node_id, format.directory_id);
  node.io_timeout = disk_timeout;
  TRY(quorum::Node::format(env, node, format.voters));
  // Last: without this file the directory counts as never used.
  const std::string text = "# Written once, when the directory was formatted.\nversion=1\ncluster.id=" + format.cluster_id +
                           "\nnode.id=" + std::to_string(format.node_id) + "\ndirectory.id=" + to_string(format.directory_id) +
                           "\n";
  return replace_file(env.disk, meta_file, Slice::copy_of(text), deadline());
}

Result<raft::Voter> parse_voter(std::string_view text) {
  const auto wrong = [&] {
    return Error(Errc::invalid_argument, "expected ID@HOST:PORT:DIRECTORY-ID, got '" + std::string(text) + "'");
  };
  const std::size_t at = text.find('@');
  const std::size_t colon = text.rfind(':');
  if (at == std::string_view::npos || colon == std::string_view::npos || colon < at) return wrong();
  const Result<std::int64_t> id = config_detail::parse_integer("node id", text.substr(0, at), 0, INT32_MAX);
  const Result<Endpoint> endpoint = parse_endpoint(text.substr(at + 1, colon - at - 1));
  const Result<protocol::Uuid> directory = protocol::parse_uuid(text.substr(colon + 1));
  if (!id || !endpoint || !directory || directory->is_zero()) return wrong();
  return raft::Voter{.key = replica_key(static_cast<std::int32_t>(*id), *directory), .endpoint = to_string(*endpoint)};
}

Result<raft::VoterSet> parse_voters(std::string_view text) {
  std::vector<raft::Voter> voters;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    raft::Voter voter = TRY(parse_voter(text.substr(begin, end - begin)));
    const auto same = [&](const raft::Voter& other) { return other.key.node == voter.key.node; };
    if (std::ranges::any_of(voters, same)) {
      return Error(Errc::invalid_argument, "node " + std::to_string(voter.key.node.value()) + " is named twice");
    }
    voters.push_back(std::move(voter));
    begin = end + 1;
  }
  return raft::VoterSet(std::move(voters));
}

}  // namespace faultline
