// Fetch: waits until min_bytes are there or max_wait has passed, then reads. Nothing is read before it is waited for, and memory
// for the answer is asked for only when it is about to be read.
//
// Fetch sessions (KIP-227) are refused, which the protocol allows: every answer names every partition and session 0.
#include <algorithm>

#include "broker/server/handler.h"

namespace faultline {
namespace {

using protocol::FetchRequest;
using protocol::FetchResponse;
using PartitionAnswer = FetchResponse::Topic::Partition;

struct Target {
  std::shared_ptr<Partition> partition;
  const FetchRequest::Topic::Partition* wanted;
  PartitionAnswer* answer;
};

/// Tells the partitions of a request to set one event, as long as it lives.
class Watch {
 public:
  Watch(std::vector<Target>& targets, Event& event) : targets_(targets), event_(event) {
    for (const Target& target : targets_) target.partition->watch(event_);
  }
  ~Watch() {
    for (const Target& target : targets_) target.partition->forget(event_);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  std::vector<Target>& targets_;
  Event& event_;
};

void refuse(PartitionAnswer& answer, ErrorCode code) {
  answer.error_code = code;
  answer.high_watermark = -1;
  answer.last_stable_offset = -1;
  answer.log_start_offset = -1;
  answer.records = {};
}

/// The response with a place for each partition, and the partitions that exist and may be read.
std::vector<Target> resolve(HandlerContext context, const FetchRequest& request, protocol::Version version,
                            FetchResponse& response) {
  constexpr protocol::Version topic_ids_since = 13;
  std::vector<Target> targets;
  for (const FetchRequest::Topic& topic : request.topics) {
    FetchResponse::Topic& answers = response.responses.emplace_back();
    answers.topic = topic.topic;
    answers.topic_id = topic.topic_id;
    answers.partitions.resize(topic.partitions.size());
    for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
      const FetchRequest::Topic::Partition& wanted = topic.partitions[i];
      answers.partitions[i].partition_index = wanted.partition;
      Outcome<std::shared_ptr<Partition>> found = version >= topic_ids_since
                                                      ? context.broker.topics().partition(topic.topic_id, wanted.partition)
                                                      : context.broker.topics().partition(topic.topic, wanted.partition);
      if (!found) {
        refuse(answers.partitions[i], found.error().code);
        continue;
      }
      const Outcome<> current = (*found)->check_leader_epoch(wanted.current_leader_epoch);
      if (!current) {
        refuse(answers.partitions[i], current.error().code);
        answers.partitions[i].current_leader = {context.broker.node_id(), (*found)->leader_epoch()};
        continue;
      }
      targets.push_back({std::move(*found), &wanted, nullptr});
    }
  }
  // The places move while the response grows; point at them when it has stopped.
  std::size_t next = 0;
  for (FetchResponse::Topic& topic : response.responses) {
    for (PartitionAnswer& answer : topic.partitions) {
      if (answer.error_code == ErrorCode::none) targets[next++].answer = &answer;
    }
  }
  return targets;
}

/// Bytes that a read would find now, at most `enough`; an offset that cannot be read counts as enough: its error is news.
std::size_t readable_bytes(const std::vector<Target>& targets, std::size_t enough) {
  std::size_t total = 0;
  for (const Target& target : targets) {
    const std::int64_t offset = target.wanted->fetch_offset;
    if (offset < target.partition->log_start_offset() || offset > target.partition->log_end_offset()) return enough;
    total += target.partition->readable_bytes(offset);
    if (total >= enough) return enough;
  }
  return total;
}

Result<> wait_for_bytes(HandlerContext context, std::vector<Target>& targets, std::size_t min_bytes, Time deadline) {
  Event news;
  const Watch watch(targets, news);
  const LongPolls::Membership poll(context.polls, news);
  while (readable_bytes(targets, min_bytes) < min_bytes && !context.polls.ended()) {
    const Result<> woken = news.wait(deadline);
    if (!woken && woken.error() == Errc::timed_out) return {};
    TRY(woken);
    news.reset();
    // A partition that resigned has no more bytes to wait for.
    if (std::ranges::any_of(targets, [](const Target& target) { return target.partition->resigned(); })) return {};
  }
  return {};
}

void read_targets(HandlerContext context, std::vector<Target>& targets, std::size_t budget) {
  bool nothing_yet = true;
  for (const Target& target : targets) {
    const std::size_t most = std::min(budget, static_cast<std::size_t>(std::max(target.wanted->partition_max_bytes, 0)));
    Outcome<PartitionRead> read = context.broker.on_owner(
        *target.partition, [&](Partition& owned) { return owned.read(target.wanted->fetch_offset, most, nothing_yet); });
    if (!read) {
      refuse(*target.answer, read.error().code);
      continue;
    }
    target.answer->high_watermark = read->high_watermark;
    target.answer->last_stable_offset = read->high_watermark;
    target.answer->log_start_offset = read->log_start_offset;
    nothing_yet = nothing_yet && read->records.empty();
    budget -= std::min(budget, read->records.size());
    target.answer->records = std::move(read->records);
  }
}

std::size_t record_bytes(const FetchResponse& response) {
  std::size_t total = 0;
  for (const auto& topic : response.responses) {
    for (const auto& partition : topic.partitions) total += partition.records.size();
  }
  return total;
}

}  // namespace

Result<FetchAnswer> handle_fetch(HandlerContext context, const FetchRequest& request, protocol::Version version) {
  FetchAnswer answer;
  if (request.session_id != 0) {
    answer.response.error_code = ErrorCode::fetch_session_id_not_found;
    return answer;
  }
  std::vector<Target> targets = resolve(context, request, version, answer.response);
  const Time deadline = after(context.env.clock.now(), std::chrono::milliseconds(std::max(request.max_wait_ms, 0)));
  bool every_partition_answers = true;
  for (const auto& topic : answer.response.responses) {
    for (const auto& partition : topic.partitions) every_partition_answers &= partition.error_code == ErrorCode::none;
  }
  const auto most = static_cast<std::size_t>(std::clamp(request.max_bytes, 0, context.broker.config().fetch_max_bytes));
  // To wait for more than can be returned would be to wait for nothing.
  const std::size_t min_bytes = std::min(static_cast<std::size_t>(std::max(request.min_bytes, 0)), most);
  if (every_partition_answers) TRY(wait_for_bytes(context, targets, min_bytes, deadline));

  TRY(context.response_memory.acquire(most));
  answer.memory = HeldPermits(context.response_memory, most);
  read_targets(context, targets, most);
  // A first batch may be larger than was asked for; the budget is for the usual case.
  answer.memory.shrink_to(std::min(most, record_bytes(answer.response)));
  return answer;
}

}  // namespace faultline
