// Fetch, for replicas. A follower's fetch says how far that follower is, and producers may be waiting for that: it is read and noted
// before anything is waited for. It waits only if there is nothing to tell: no record, no error and no place where the logs part. A watermark
// or log start that this follower has not been told is news as well, but waits a little for records to go with: under load there are
// some soon, and half of all answers would have none.
//
// Memory is not asked for: as many answers as there are other brokers exist at once, and a consumer that reads slowly must not hold up
// what producers wait for.
#include <algorithm>

#include "broker/server/fetch_request.h"

namespace faultline {
namespace {

using protocol::FetchRequest;
using protocol::FetchResponse;

// How long news of the watermark or the log start waits for records. Who waits meanwhile are consumers that read from the follower.
constexpr Duration patience_for_records = 5ms;

bool has_news(const FetchResponse& response) {
  return std::ranges::any_of(response.responses, [](const FetchResponse::Topic& topic) {
    return std::ranges::any_of(topic.partitions, [](const FetchResponse::Topic::Partition& answer) {
      return answer.error_code != ErrorCode::none || answer.diverging_epoch != decltype(answer.diverging_epoch){};
    });
  });
}

bool owes_news(const std::vector<FetchTarget>& targets, BrokerId replica) {
  return std::ranges::any_of(targets, [&](const FetchTarget& target) { return target.partition->owes_news(replica); });
}

bool has_bytes(const std::vector<FetchTarget>& targets, std::size_t enough) {
  std::size_t total = 0;
  for (const FetchTarget& target : targets) {
    total += target.partition->readable_bytes(target.wanted->fetch_offset, /*for_replica=*/true);
    if (total >= enough) return true;
  }
  return total >= enough;
}

void read_target(HandlerContext context, const FetchTarget& target, const Fetcher& fetcher, std::size_t max_bytes,
                 bool at_least_one) {
  const FetchRequest::Topic::Partition& wanted = *target.wanted;
  const ReplicaFetch fetch{.follower = {.replica = fetcher.replica,
                                        .broker_epoch = fetcher.broker_epoch,
                                        .fetch_offset = wanted.fetch_offset,
                                        .log_start = wanted.log_start_offset},
                           .leader_epoch = wanted.current_leader_epoch,
                           .last_fetched_epoch = wanted.last_fetched_epoch,
                           .max_bytes = max_bytes,
                           .at_least_one = at_least_one};
  ReplicaRead read = context.broker.on_owner(*target.partition, [&](Partition& owned) { return owned.read_for_replica(fetch); });
  FetchResponse::Topic::Partition& answer = *target.answer;
  answer.error_code = read.error_code;
  answer.high_watermark = read.high_watermark;
  answer.last_stable_offset = read.high_watermark;
  answer.log_start_offset = read.log_start_offset;
  answer.diverging_epoch = {};
  if (read.diverging) answer.diverging_epoch = {read.diverging->epoch, read.diverging->end_offset};
  answer.records = std::move(read.records);
}

void read_targets(HandlerContext context, const std::vector<FetchTarget>& targets, const Fetcher& fetcher, std::size_t budget) {
  bool nothing_yet = true;
  for (const FetchTarget& target : targets) {
    const std::size_t most = std::min(budget, static_cast<std::size_t>(std::max(target.wanted->partition_max_bytes, 0)));
    read_target(context, target, fetcher, most, nothing_yet);
    nothing_yet = nothing_yet && target.answer->records.empty();
    budget -= std::min(budget, target.answer->records.size());
  }
}

// At the end: what was read before the wait has not been said, and nothing has if the connection ended meanwhile. A follower whose log parts
// from this one takes over no watermark.
void note_told(HandlerContext context, const std::vector<FetchTarget>& targets, BrokerId replica) {
  for (const FetchTarget& target : targets) {
    const FetchResponse::Topic::Partition& answer = *target.answer;
    if (answer.error_code != ErrorCode::none || answer.diverging_epoch != decltype(answer.diverging_epoch){}) continue;
    context.broker.on_owner(*target.partition,
                            [&](Partition& owned) { owned.note_told(replica, answer.high_watermark, answer.log_start_offset); });
  }
}

}  // namespace

Result<FetchAnswer> handle_replica_fetch(HandlerContext context, const FetchRequest& request, protocol::Version version) {
  FetchAnswer answer;
  const Fetcher fetcher = fetcher_of(request, version);
  const std::vector<FetchTarget> targets = find_targets(context, request, version, answer.response);
  const Time deadline = after(context.env.clock.now(), std::chrono::milliseconds(std::max(request.max_wait_ms, 0)));
  const auto most = static_cast<std::size_t>(std::clamp(request.max_bytes, 0, context.broker.config().fetch_max_bytes));
  const std::size_t min_bytes = std::min(static_cast<std::size_t>(std::max(request.min_bytes, 0)), most);
  const auto has_records = [&] { return has_bytes(targets, min_bytes); };
  read_targets(context, targets, fetcher, most);
  if (!has_news(answer.response) && record_bytes(answer.response) < min_bytes) {
    TRY(wait_for_news(context, targets, /*as_replica=*/true, deadline,
                      [&] { return has_records() || owes_news(targets, fetcher.replica); }));
    const Time give_up = std::min(deadline, after(context.env.clock.now(), patience_for_records));
    TRY(wait_for_news(context, targets, /*as_replica=*/true, give_up, has_records));
    read_targets(context, targets, fetcher, most);
  }
  if (!context.polls.ended()) note_told(context, targets, fetcher.replica);
  hint_leaders(context, answer.response);
  return answer;
}

}  // namespace faultline
