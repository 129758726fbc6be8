// What fetches of consumers and of replicas have in common: a place in the answer for each partition, and the wait for news.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "broker/protocol/fetch.h"
#include "broker/server/handler.h"

namespace faultline {

struct FetchTarget {
  std::shared_ptr<Partition> partition;
  const protocol::FetchRequest::Topic::Partition* wanted = nullptr;
  protocol::FetchResponse::Topic::Partition* answer = nullptr;
  std::int32_t leader_epoch = -1;  // when it was found: a fetch that waits gives up when it is another
};

/// Who fetches.
struct Fetcher {
  BrokerId replica = replication::no_broker;  // no_broker: a consumer
  std::int64_t broker_epoch = replication::unknown_broker_epoch;

  bool is_replica() const { return replica >= 0; }
};
Fetcher fetcher_of(const protocol::FetchRequest& request, protocol::Version version);

/// A response with a place for each partition of the request, in its order. Returns: those that are on this broker; the others
/// have their error.
std::vector<FetchTarget> find_targets(HandlerContext context, const protocol::FetchRequest& request, protocol::Version version,
                                      protocol::FetchResponse& response);

/// Nothing but an error for a partition.
void refuse_fetch(protocol::FetchResponse::Topic::Partition& answer, ErrorCode code);

/// Tells who leads the partitions that are not led here.
void hint_leaders(HandlerContext context, protocol::FetchResponse& response);

bool has_errors(const protocol::FetchResponse& response);
std::size_t record_bytes(const protocol::FetchResponse& response);

/// Waits until `enough()`, or the role of a partition ends, the deadline passes, or nobody waits for the answer any more. Suspends.
/// Errors: cancelled.
template <class Enough>
Result<> wait_for_news(HandlerContext context, const std::vector<FetchTarget>& targets, bool as_replica, Time deadline,
                       Enough enough) {
  Event news;
  struct Watch {
    const std::vector<FetchTarget>& targets;
    Event& event;
    Watch(const std::vector<FetchTarget>& watched, Event& set, bool replica) : targets(watched), event(set) {
      for (const FetchTarget& target : targets) target.partition->watch(event, replica);
    }
    ~Watch() {
      for (const FetchTarget& target : targets) target.partition->forget(event);
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
  };
  const Watch watch(targets, news, as_replica);
  const LongPolls::Membership poll(context.polls, news);
  const auto role_ended = [](const FetchTarget& target) { return target.partition->leader_epoch() != target.leader_epoch; };
  while (!enough() && !context.polls.ended() && std::ranges::none_of(targets, role_ended)) {
    const Result<> woken = news.wait(deadline);
    if (!woken && woken.error() == Errc::timed_out) return {};
    TRY(woken);
    news.reset();
  }
  return {};
}

/// Answers a fetch of a follower.
Result<FetchAnswer> handle_replica_fetch(HandlerContext context, const protocol::FetchRequest& request,
                                         protocol::Version version);

}  // namespace faultline
