// Following: what comes from the leader is judged by the follower's rules and stored. A fetch goes out only when all that the log holds
// is durable, and no cut is under way: its offset tells the leader what this replica has.
#include <algorithm>
#include <utility>

#include "broker/node/partition.h"
#include "broker/protocol/endian.h"

namespace faultline {
namespace {

constexpr TracePoint not_stored{"partition.not_stored", TraceLevel::warning};
constexpr TracePoint cut_failed{"partition.cut_failed", TraceLevel::warning};

// After a failure; doubled with every further one, up to the configured pause.
constexpr Duration first_pause = 5ms;

using PartitionAnswer = protocol::FetchResponse::Topic::Partition;

// A batch begins with its base offset.
std::optional<std::int64_t> first_offset(const protocol::Records& records) {
  const Slice& first = records.parts().front();
  if (first.size() < sizeof(std::int64_t)) return std::nullopt;
  return protocol::load_be<std::int64_t>(first.data());
}

replication::FetchAnswer as_rules_see_it(const PartitionAnswer& answer) {
  using Kind = replication::FetchAnswer::Kind;
  replication::FetchAnswer seen;
  seen.high_watermark = answer.high_watermark;
  seen.log_start = answer.log_start_offset;
  seen.diverging = {answer.diverging_epoch.epoch, answer.diverging_epoch.end_offset};
  if (!answer.records.empty()) seen.first_offset = first_offset(answer.records);
  switch (answer.error_code) {
    case ErrorCode::none: seen.kind = seen.diverging == EpochEnd() ? Kind::records : Kind::diverging; break;
    case ErrorCode::offset_out_of_range: seen.kind = Kind::out_of_range; break;
    case ErrorCode::fenced_leader_epoch: seen.kind = Kind::fenced_leader_epoch; break;
    default: seen.kind = Kind::other_error;
  }
  return seen;
}

}  // namespace

Time Partition::fetch_due(BrokerId leader) const {
  const auto* role = std::get_if<Following>(&role_);
  const bool may = role != nullptr && role->leader == leader && role->stage == Stage::fetching && !role->rules.awaits_metadata();
  return may ? role->not_before : no_deadline;
}

bool Partition::busy_following(BrokerId leader) const {
  const auto* role = std::get_if<Following>(&role_);
  return role != nullptr && role->leader == leader && (role->stage == Stage::storing || role->stage == Stage::cutting);
}

replication::FetchPosition Partition::fetch_position() const { return following()->position(follower_log()); }

void Partition::fetch_failed(const replication::FetchPosition& asked) {
  auto* role = std::get_if<Following>(&role_);
  if (role != nullptr && role->rules.leader_epoch() == asked.leader_epoch) pause(*role);
}

// Mostly it is a new leader that is not ready yet, and clients wait until its followers have come: little is lost by asking again soon.
void Partition::pause(Following& role) {
  role.last_pause = std::min(std::max(2 * role.last_pause, first_pause), host_.fetch_backoff);
  role.not_before = after(host_.env.clock.now(), role.last_pause);
}

void Partition::tell_may_fetch() {
  if (auto* role = std::get_if<Following>(&role_)) host_.may_fetch(*this, role->leader);
}

void Partition::fetched(const replication::FetchPosition& asked, const PartitionAnswer& answer) {
  auto* role = std::get_if<Following>(&role_);
  // While something is being stored or cut, only an answer from before can come: of an earlier role, with the same leader or another.
  if (role == nullptr || role->stage != Stage::fetching) return;
  const replication::FollowerStep step = role->rules.judge(asked, as_rules_see_it(answer), follower_log());
  if (std::holds_alternative<replication::AppendRecords>(step)) {
    store(*role, answer);
  } else if (const auto* truncate = std::get_if<replication::TruncateLog>(&step)) {
    cut(truncate->offset, false);
  } else if (const auto* start_over = std::get_if<replication::StartOver>(&step)) {
    cut(start_over->offset, true);
  } else if (std::holds_alternative<replication::FetchAgain>(step)) {
    pause(*role);
  }
}

void Partition::store(Following& role, const PartitionAnswer& answer) {
  role.leader_watermark = answer.high_watermark;
  role.stored_end = log_->log_end();
  role.leader_start = answer.log_start_offset;
  if (!answer.records.empty()) {
    const Result<AppendInfo> appended = log_->append_as_follower(answer.records.joined());
    if (!appended) {
      const std::string name = to_string(id_);
      const std::string why = to_string(appended.error());
      host_.env.trace.emit(not_stored, {{"partition", name}, {"why", why}});
      return pause(role);
    }
    role.stored_end = appended->ticket.end_offset;
  }
  role.stage = Stage::storing;
  stored();
}

// Called whenever the log has moved.
void Partition::stored() {
  auto* role = std::get_if<Following>(&role_);
  if (role == nullptr || role->stage != Stage::storing) return;
  if (log_->fenced()) {
    role->stage = Stage::failed;
    return;
  }
  // The disk was full: what was taken back is asked for again, after what is left of it has become durable.
  const bool taken_back = log_->log_end() < role->stored_end;
  if (taken_back) {
    role->stored_end = log_->log_end();
    pause(*role);
  }
  if (log_->stable_end() < role->stored_end) return;
  role->stage = Stage::fetching;
  if (!taken_back) role->last_pause = {};
  const std::int64_t before = role->rules.high_watermark();
  role->rules.appended(log_->log_end(), role->leader_watermark);
  if (role->rules.high_watermark() != before) {
    log_->note_high_watermark(role->rules.high_watermark());
    wake_all();
  }
  follow_log_start(std::min(role->leader_start, role->rules.high_watermark()));
  tell_may_fetch();
}

void Partition::cut(std::int64_t offset, bool start_over) {
  auto& role = std::get<Following>(role_);
  role.stage = Stage::cutting;
  tasks_.spawn("partition.cut", [this, offset, start_over, epoch = role.rules.leader_epoch()] {
    const Result<> done = cut_log(offset, start_over, epoch);
    if (!done && !(done.error() == Errc::cancelled)) {
      const std::string name = to_string(id_);
      const std::string why = to_string(done.error());
      host_.env.trace.emit(cut_failed, {{"partition", name}, {"offset", offset}, {"why", why}});
    }
  });
}

Result<> Partition::cut_log(std::int64_t offset, bool start_over, std::int32_t epoch) {
  const Mutex::Guard guard = TRY(changing_.lock());
  // The role may have ended while this waited for its turn: what was to be cut is another's to decide.
  if (leader_epoch() != epoch || leads()) return {};
  being_cut_ = true;
  const Result<> done = start_over ? log_->start_over_at(offset) : log_->truncate_to(offset);
  // Refused, as its start has risen meanwhile: the next fetch shows what to do. Else it has failed half-way, for the next start to recover.
  const bool refused = !done && done.error() == Errc::invalid_argument;
  if (done || refused) being_cut_ = false;
  const std::int64_t end = log_->log_end();
  high_watermark_ = std::min(high_watermark_, end);
  auto* role = std::get_if<Following>(&role_);
  if (role == nullptr || role->rules.leader_epoch() != epoch) return done;
  role->rules.truncated(end);
  log_->note_high_watermark(role->rules.high_watermark());
  role->stage = log_->fenced() ? Stage::failed : Stage::fetching;
  if (!done) pause(*role);
  tell_may_fetch();
  return done;
}

}  // namespace faultline
