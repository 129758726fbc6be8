#include "broker/replication/isr.h"

#include <utility>

#include "base/check.h"

namespace faultline::replication {

bool Isr::in_maximal(BrokerId id) const {
  if (contains(committed_.isr, id) || contains(doubtful_, id)) return true;
  return pending_.has_value() &&
         std::any_of(pending_->isr.begin(), pending_->isr.end(), [&](const IsrMember& member) { return member.broker == id; });
}

BrokerIds Isr::maximal() const {
  BrokerIds ids = committed_.isr;
  const auto add = [&](BrokerId id) {
    if (!contains(ids, id)) ids.push_back(id);
  };
  for (const BrokerId id : doubtful_) add(id);
  if (pending_) {
    for (const IsrMember& member : pending_->isr) add(member.broker);
  }
  return ids;
}

IsrProposal Isr::propose(std::vector<IsrMember> isr) {
  ENSURE(may_propose());
  pending_ = IsrProposal{++last_number_, committed_.leader_epoch, committed_.partition_epoch, std::move(isr)};
  in_flight_ = pending_->number;
  sent_again_ = false;
  return *pending_;
}

std::optional<IsrProposal> Isr::answered(const IsrAnswer& answer) {
  if (in_flight_ != answer.number) return std::nullopt;
  const bool overtaken = !pending_.has_value();
  // Metadata that overtook the answer have settled the matter; the request has been answered all the same (KAFKA-12751).
  if (overtaken && exhibits_.on(Exhibit::kafka_12751)) return std::nullopt;
  in_flight_.reset();
  if (overtaken) return std::nullopt;
  switch (answer.kind) {
    case IsrAnswer::Kind::accepted: commit(answer); return std::nullopt;
    case IsrAnswer::Kind::ineligible_replica:
      if (sent_again_ || answer.repeated) doubtful_ = maximal();
      pending_.reset();
      return std::nullopt;
    case IsrAnswer::Kind::retriable:
      in_flight_ = pending_->number;
      sent_again_ = true;
      return pending_;
    case IsrAnswer::Kind::refused: return std::nullopt;
  }
  return std::nullopt;
}

void Isr::commit(const IsrAnswer& answer) {
  if (answer.leader_epoch != committed_.leader_epoch || answer.partition_epoch < committed_.partition_epoch) return;
  committed_.partition_epoch = answer.partition_epoch;
  committed_.isr = answer.isr;
  committed_.recovering = false;  // every proposal says so
  settle();
}

void Isr::settle() {
  pending_.reset();
  doubtful_.clear();
}

bool Isr::learned(const PartitionState& state) {
  ENSURE(state.leader_epoch == committed_.leader_epoch);
  if (state.partition_epoch <= committed_.partition_epoch) return false;
  committed_ = state;
  settle();
  return true;
}

}  // namespace faultline::replication
