#include "broker/control/controller_service.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/check.h"
#include "broker/control/decisions.h"
#include "broker/metadata/records.h"

namespace faultline::control {

namespace {

constexpr TracePoint active_point{"control.active", TraceLevel::info};
constexpr TracePoint resigned_point{"control.resigned", TraceLevel::info};

/// Whether it leads and hands leadership to nobody just now: it would take no entries.
bool takes_entries(const raft::Core& core) {
  const auto* leader = std::get_if<raft::Leader>(&core.role());
  return leader != nullptr && !leader->transfer.has_value();
}

}  // namespace

ControllerService::ControllerService(Env& env, quorum::Node& node, MetadataLog& log, controller::ControllerConfig config)
    : env_(env),
      node_(node),
      log_(log),
      cluster_id_(config.cluster_id),
      controller_(std::move(config), env.random.stream("controller")) {
  log_.on_change([this] { changed_.notify_all(); });
}

bool ControllerService::active() const { return controller_.leading() && node_.core().leads() && node_.core().term() == term_; }

Result<> ControllerService::run() {
  for (;;) {
    follow();
    if (active()) {
      controller_.tick(env_.clock.now());
      propose_decided();
    }
    // A transfer of leadership that comes to nothing changes nothing that would be reported.
    constexpr Duration transfer_poll = 100ms;
    const bool waits_for_transfer = node_.core().leads() && !active();
    const Time next = waits_for_transfer ? after(env_.clock.now(), transfer_poll) : controller_.next_deadline();
    const Result<> woken = changed_.wait(next);
    if (!woken && woken.error() == Errc::cancelled) {
      resign();
      return woken.error();
    }
  }
}

void ControllerService::follow() {
  const raft::Core& core = node_.core();
  if (controller_.leading() && !active()) resign();
  if (active()) {
    // Everything that was decided is applied: those who replay it must see what was decided.
    const bool caught_up = log_.position().index >= last_decided_.index;
    if (caught_up) ENSURE(log_.image().applied() == controller_.image().applied());
    return;
  }
  // An applied entry of this term is behind all that earlier leaders have left. And what was decided earlier in this term, before
  // an entry was not taken, is in the log and has to be seen too.
  const bool seen_all = log_.position().term == core.term() && log_.position() >= last_decided_;
  if (!takes_entries(core) || !seen_all) return;
  term_ = core.term();
  last_decided_ = log_.position();
  std::optional<controller::LastController> last;
  if (core.predecessor()) last = {.node = core.predecessor()->node.value(), .heard = core.predecessor()->at};
  controller_.lead(env_.clock.now(), log_.image(), last);
  env_.trace.emit(active_point, {{"term", term_.value()}, {"applied", log_.image().applied()}});
  propose_decided();
}

void ControllerService::resign() {
  if (!controller_.leading()) return;
  env_.trace.emit(resigned_point, {{"term", term_.value()}});
  controller_.resign();
}

std::optional<raft::Position> ControllerService::propose_decided() {
  const std::vector<metadata::Record> records = controller_.take_records();
  if (records.empty()) return last_decided_;
  const raft::ProposalOutcome outcome = node_.propose({metadata::encode(records)});
  if (outcome.refusal != raft::Refusal::none) {
    resign();
    changed_.notify_all();
    return std::nullopt;
  }
  last_decided_ = outcome.last;
  return last_decided_;
}

Outcome<> ControllerService::wait_committed(const raft::Position& position, Time deadline) {
  // Entries of this term cannot be replaced while this node leads it.
  if (active() && position.term <= term_ && log_.position().index >= position.index) return {};
  const Result<> applied = node_.wait_applied(position, deadline);
  if (applied) return {};
  if (applied.error() == Errc::closed) return Refusal(ErrorCode::not_controller, "another controller was elected");
  return Refusal(ErrorCode::request_timed_out, "not known to be committed");
}

Outcome<> ControllerService::commit(Time deadline) {
  const std::optional<raft::Position> position = propose_decided();
  if (!position) return Refusal(ErrorCode::not_controller, "this node is about to stop being the controller");
  return wait_committed(*position, deadline);
}

Time ControllerService::deadline_in(std::int32_t timeout_ms) const {
  constexpr std::int32_t timeout_ms_max = 5 * 60 * 1000;
  const std::int32_t allowed_ms = timeout_ms > 0 ? std::min(timeout_ms, timeout_ms_max) : default_timeout_ms;
  return after(env_.clock.now(), std::chrono::milliseconds(allowed_ms));
}

}  // namespace faultline::control
