#include "cli/cluster_view.h"

#include "broker/client/admin.h"
#include "cli/client_session.h"

namespace faultline::cli {
namespace {

using namespace client;

ClientResult<> look(Admin& admin, Time deadline, ClusterView& view) {
  for (const auto& [id, broker] : TRY(admin.describe_cluster(deadline)).brokers) view.brokers[id].is_fenced = broker.is_fenced;
  for (const auto& [name, topic] : TRY(admin.list_topics(deadline))) {
    for (const auto& [index, partition] : topic.partitions) {
      if (partition.leader < 0) ++view.leaderless;
      if (partition.leader >= 0) ++view.brokers[partition.leader].leads;
      for (const std::int32_t replica : partition.replicas) ++view.brokers[replica].replicas;
    }
  }
  const ClientResult<QuorumDescription> quorum = admin.describe_quorum(deadline);
  if (quorum && quorum->leader >= 0) view.quorum_leader = quorum->leader;
  return {};
}

}  // namespace

std::string bootstrap_of(const std::vector<Endpoint>& addresses) {
  std::string list;
  for (const Endpoint& address : addresses) list += (list.empty() ? "" : ",") + to_string(address);
  return list;
}

ClusterView look_at_cluster(const std::vector<Endpoint>& addresses, std::int64_t timeout_ms) {
  ClusterView view;
  if (addresses.empty()) {
    view.trouble = "no broker runs";
    return view;
  }
  ClientSession session("cluster", {bootstrap_of(addresses), timeout_ms});
  session.run([&](Env& env) {
    Admin admin(env, session.cluster());
    const ClientResult<> looked = look(admin, session.deadline(env), view);
    if (!looked) view.trouble = to_string(looked.error());
    return ExitCode::ok;
  });
  return view;
}

}  // namespace faultline::cli
