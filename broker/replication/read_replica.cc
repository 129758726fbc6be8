#include "broker/replication/read_replica.h"

#include <tuple>

namespace faultline::replication {

std::optional<BrokerId> preferred_read_replica(std::string_view client_rack, std::int64_t fetch_offset,
                                               const std::vector<ReplicaView>& in_sync) {
  if (client_rack.empty() || in_sync.empty() || in_sync.front().rack == client_rack) return std::nullopt;
  const ReplicaView* best = nullptr;
  // The most complete; of equals the one that was caught up last; of equals the lowest id, so that the answer is always the same.
  const auto better = [](const ReplicaView& a, const ReplicaView& b) {
    return std::tuple(a.log_end, a.caught_up_at, b.id) > std::tuple(b.log_end, b.caught_up_at, a.id);
  };
  for (std::size_t i = 1; i < in_sync.size(); ++i) {
    const ReplicaView& replica = in_sync[i];
    if (replica.rack != client_rack || fetch_offset < replica.log_start || fetch_offset > replica.log_end) continue;
    if (best == nullptr || better(replica, *best)) best = &replica;
  }
  return best == nullptr ? std::nullopt : std::optional(best->id);
}

}  // namespace faultline::replication
