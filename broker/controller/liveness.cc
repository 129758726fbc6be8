// Who is there: heartbeats, fencing, going down in order, and leaders for partitions that nobody is known to have whole.
#include <fmt/format.h>

#include <algorithm>

#include "broker/controller/partition_changes.h"

namespace faultline::controller {

using metadata::BrokerRecord;
using metadata::contains;
using metadata::no_broker;

namespace {

/// Nobody leads it, and nobody is known to have everything that was committed: only comparing logs helps.
bool needs_log_ends(const PartitionRecord& partition) {
  return partition.leader == no_broker && partition.isr.empty() && partition.elr.empty() && !partition.last_known_elr.empty();
}

PartitionName name_of(const PartitionRecord& partition) { return {partition.topic_id, partition.partition}; }

}  // namespace

Outcome<HeartbeatAnswer> Controller::heartbeat(Time now, const Heartbeat& request) {
  const BrokerRecord broker = *TRY(current_broker(request.broker_id, request.broker_epoch));
  sessions_.touch(broker.broker_id, now, request.applied);
  HeartbeatAnswer answer;
  answer.caught_up = request.applied > broker.broker_epoch;
  if (broker.fenced) {
    if (request.wants_shut_down) {
      answer.may_shut_down = true;
    } else if (!request.wants_fence && answer.caught_up) {
      unfence(broker);
    }
  } else if (request.wants_fence) {
    fence(broker);
  } else if (request.wants_shut_down && !broker.shutting_down) {
    begin_shut_down(broker);
  } else if (broker.shutting_down && may_shut_down(broker.broker_id)) {
    fence(broker);
    answer.may_shut_down = true;
  }
  answer.fenced = image_.broker(broker.broker_id)->fenced;
  answer.log_ends_wanted = log_ends_wanted(broker.broker_id);
  return answer;
}

void Controller::fence(BrokerRecord broker) {
  broker.fenced = true;
  broker.shutting_down = false;
  const BrokerId id = broker.broker_id;
  decide(std::move(broker));
  shut_downs_.erase(id);
  change_partitions([&](const PartitionRecord& partition) { return contains(partition.isr, id); },
                    [](const PartitionRecord&) { return PartitionChange{}; });
}

void Controller::unfence(BrokerRecord broker) {
  broker.fenced = false;
  const BrokerId id = broker.broker_id;
  decide(std::move(broker));
  change_partitions(
      [&](const PartitionRecord& partition) { return partition.leader == no_broker && contains(partition.replicas, id); },
      [](const PartitionRecord&) { return PartitionChange{}; });
}

// It stays until every broker knows that it leads nothing any more.
void Controller::begin_shut_down(BrokerRecord broker) {
  broker.shutting_down = true;
  const BrokerId id = broker.broker_id;
  decide(std::move(broker));
  change_partitions([&](const PartitionRecord& partition) { return contains(partition.isr, id); },
                    [](const PartitionRecord&) { return PartitionChange{}; });
  shut_downs_[id] = image_.applied();
}

bool Controller::may_shut_down(BrokerId broker) {
  const std::int64_t known_to_all = shut_downs_.try_emplace(broker, image_.applied()).first->second;
  return std::all_of(image_.brokers().begin(), image_.brokers().end(), [&](const auto& entry) {
    return !entry.second.active() || sessions_.applied(entry.first).value_or(0) >= known_to_all;
  });
}

std::vector<PartitionName> Controller::log_ends_wanted(BrokerId broker) const {
  std::vector<PartitionName> wanted;
  for (const auto& [id, topic] : image_.topics()) {
    for (const PartitionRecord& partition : topic.partitions) {
      if (needs_log_ends(partition) && contains(partition.last_known_elr, broker)) wanted.push_back(name_of(partition));
    }
  }
  return wanted;
}

// With all of the last ISR and ELR there, the one with the longest log has everything that any of them has. What was committed may be
// lost all the same, so the election is an unclean one.
Outcome<> Controller::report_log_end(const LogEndReport& report) {
  TRY(current_broker(report.broker_id, report.broker_epoch));
  const PartitionRecord* partition = image_.partition(report.partition.topic_id, report.partition.partition);
  if (partition == nullptr) return Refusal(ErrorCode::unknown_topic_id);
  if (!needs_log_ends(*partition) || !contains(partition->last_known_elr, report.broker_id)) return {};
  auto& ends = log_ends_[report.partition];
  ends[report.broker_id] = {report.broker_epoch, report.end};
  BrokerId longest = no_broker;
  for (const BrokerId member : partition->last_known_elr) {
    const auto end = ends.find(member);
    const BrokerRecord* broker = image_.broker(member);
    const bool known = end != ends.end() && broker != nullptr && broker->active() && end->second.first == broker->broker_epoch;
    if (!known) return {};
    if (longest == no_broker || end->second.second > ends[longest].second) longest = member;
  }
  PartitionChange elected;
  elected.elect_unclean = longest;
  change(PartitionRecord(*partition), elected);
  return {};
}

void Controller::tick(Time now) {
  for (const BrokerId id : sessions_.expired(now)) {
    sessions_.end(id);
    const BrokerRecord* broker = image_.broker(id);
    if (broker != nullptr && !broker->fenced) fence(*broker);
  }
  if (now < next_balance_) return;
  balance_leaders();
  next_balance_ = after(now, config_.leader_balance_interval);
}

Time Controller::next_deadline() const {
  if (!leading_) return no_deadline;
  return std::min(next_balance_, sessions_.next_expiry().value_or(no_deadline));
}

void Controller::balance_leaders() {
  change_partitions(
      [](const PartitionRecord& partition) {
        return partition.leader != no_broker && partition.leader != partition.replicas.front();
      },
      [](const PartitionRecord&) {
        PartitionChange preferred;
        preferred.election = Election::preferred;
        return preferred;
      });
}

}  // namespace faultline::controller
