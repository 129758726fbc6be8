// Fetch, for consumers: waits until min_bytes are there or max_wait has passed, then reads. Nothing is read before it is waited for, and
// memory for the answer is asked for only when it is about to be read.
//
// A consumer that says in which rack it is, and knows what to do with the answer, is sent to a replica there (KIP-392); that one serves it
// up to the watermark that it knows. Fetch sessions (KIP-227) are refused, which the protocol allows: every answer names every partition
// and session 0.
#include <algorithm>

#include "broker/server/fetch_request.h"

namespace faultline {
namespace {

using protocol::FetchRequest;

/// From this version on a client may be sent to a follower, and so may ask one.
constexpr protocol::Version racks_since = 11;

/// Bytes that a read would find now, at most `enough`; an offset that cannot be read counts as enough: its error is news.
std::size_t readable_bytes(const std::vector<FetchTarget>& targets, std::size_t enough) {
  std::size_t total = 0;
  for (const FetchTarget& target : targets) {
    const std::int64_t offset = target.wanted->fetch_offset;
    if (offset < target.partition->log_start_offset() || offset > target.partition->log_end_offset()) return enough;
    total += target.partition->readable_bytes(offset);
    if (total >= enough) return enough;
  }
  return total;
}

/// Refuses the partitions that may not be read from, by this client or in the epoch that it believes in.
void drop_unreadable(std::vector<FetchTarget>& targets, ReadFrom from) {
  std::erase_if(targets, [&](const FetchTarget& target) {
    const Outcome<> current = target.partition->check_leader_epoch(target.wanted->current_leader_epoch, from);
    if (!current) refuse_fetch(*target.answer, current.error().code);
    return !current;
  });
}

/// Answers the partitions that the client should rather read elsewhere. Returns: whether there was one.
bool send_elsewhere(std::vector<FetchTarget>& targets, std::string_view rack) {
  const std::size_t sent = std::erase_if(targets, [&](const FetchTarget& target) {
    const std::optional<BrokerId> preferred = target.partition->preferred_read_replica(rack, target.wanted->fetch_offset);
    if (!preferred) return false;
    target.answer->preferred_read_replica = *preferred;
    target.answer->high_watermark = target.partition->high_watermark();
    target.answer->last_stable_offset = target.answer->high_watermark;
    target.answer->log_start_offset = target.partition->log_start_offset();
    return true;
  });
  return sent > 0;
}

void read_targets(HandlerContext context, const std::vector<FetchTarget>& targets, std::size_t budget, ReadFrom from) {
  bool nothing_yet = true;
  for (const FetchTarget& target : targets) {
    const std::size_t most = std::min(budget, static_cast<std::size_t>(std::max(target.wanted->partition_max_bytes, 0)));
    Outcome<PartitionRead> read = context.broker.on_owner(
        *target.partition, [&](Partition& owned) { return owned.read(target.wanted->fetch_offset, most, nothing_yet, from); });
    if (!read) {
      refuse_fetch(*target.answer, read.error().code);
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

Result<FetchAnswer> handle_consumer_fetch(HandlerContext context, const FetchRequest& request, protocol::Version version) {
  FetchAnswer answer;
  std::vector<FetchTarget> targets = find_targets(context, request, version, answer.response);
  const Time deadline = after(context.env.clock.now(), std::chrono::milliseconds(std::max(request.max_wait_ms, 0)));
  const ReadFrom from = version >= racks_since ? ReadFrom::any_replica : ReadFrom::leader;
  drop_unreadable(targets, from);
  const bool sent_elsewhere = !request.rack_id.empty() && send_elsewhere(targets, request.rack_id);
  const auto most = static_cast<std::size_t>(std::clamp(request.max_bytes, 0, context.broker.config().fetch_max_bytes));
  // To wait for more than can be returned would be to wait for nothing.
  const std::size_t min_bytes = std::min(static_cast<std::size_t>(std::max(request.min_bytes, 0)), most);
  if (!has_errors(answer.response) && !sent_elsewhere) {
    TRY(wait_for_news(context, targets, /*as_replica=*/false, deadline,
                      [&] { return readable_bytes(targets, min_bytes) >= min_bytes; }));
  }
  TRY(context.response_memory.acquire(most));
  answer.memory = HeldPermits(context.response_memory, most);
  drop_unreadable(targets, from);  // the epoch that the client believes in may have ended while it waited
  read_targets(context, targets, most, from);
  hint_leaders(context, answer.response);
  // A first batch may be larger than was asked for; the budget is for the usual case.
  answer.memory.shrink_to(std::min(most, record_bytes(answer.response)));
  return answer;
}

}  // namespace

Result<FetchAnswer> handle_fetch(HandlerContext context, const FetchRequest& request, protocol::Version version) {
  if (request.session_id != 0) {
    FetchAnswer answer;
    answer.response.error_code = ErrorCode::fetch_session_id_not_found;
    return answer;
  }
  if (fetcher_of(request, version).is_replica()) return handle_replica_fetch(context, request, version);
  return handle_consumer_fetch(context, request, version);
}

}  // namespace faultline
