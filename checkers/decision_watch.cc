#include "checkers/decision_watch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace faultline::checkers {

namespace {

template <class... Args>
void add(std::vector<Finding>& findings, std::string_view name, const std::string& partition, fmt::format_string<Args...> text,
         Args&&... args) {
  findings.push_back(
      {.anomaly = std::string(name),
       .partition = partition,
       .text = fmt::format("{}{}{}", partition, partition.empty() ? "" : ": ", fmt::format(text, std::forward<Args>(args)...))});
}

bool contains(const std::vector<std::int32_t>& nodes, std::int32_t node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

bool active(const DecisionWatch::Brokers& brokers, std::int32_t node) {
  const auto found = brokers.find(node);
  return found != brokers.end() && !found->second.fenced && !found->second.shutting_down;
}

bool had_all(const PartitionView& before, std::int32_t node) { return contains(before.isr, node) || contains(before.elr, node); }

void check_new_leader(const PartitionView& before, const PartitionView& after, const DecisionWatch::Brokers& brokers,
                      bool unclean_allowed, std::vector<Finding>& findings) {
  if (after.leader < 0 || after.leader == before.leader || had_all(before, after.leader)) return;
  if (after.recovering) {
    if (unclean_allowed) return;
    for (const std::int32_t node : before.last_known) {
      if (active(brokers, node)) continue;
      add(findings, anomaly::elected_unheard, after.partition,
          "node {} was elected uncleanly, and node {}, which may have more, is not there to be compared", after.leader, node);
    }
    return;
  }
  const bool vouched_for = before.leader >= 0 && contains(after.isr, after.leader);
  if (vouched_for) return;
  add(findings, anomaly::elected_unheard, after.partition,
      "node {} was elected in epoch {}, was in neither ISR nor ELR, and nothing says that the election was unclean", after.leader,
      after.leader_epoch);
}

void check_members(const PartitionView& before, const PartitionView& after, const DecisionWatch::Brokers& brokers,
                   std::vector<Finding>& findings) {
  for (const std::int32_t node : after.isr) {
    if (contains(before.isr, node)) continue;
    if (!active(brokers, node)) {
      add(findings, anomaly::admitted_unheard, after.partition, "node {} is new in the ISR, and is fenced or going down", node);
    } else if (before.leader < 0 && node != after.leader) {
      add(findings, anomaly::admitted_unheard, after.partition, "node {} is new in the ISR, and there was no leader to say so",
          node);
    }
  }
  for (const std::int32_t node : after.elr) {
    if (had_all(before, node)) continue;
    add(findings, anomaly::admitted_unheard, after.partition, "node {} is new in the ELR, and was not in the ISR", node);
  }
}

}  // namespace

std::vector<Finding> DecisionWatch::decided(const PartitionView& before, const PartitionView& after, const Brokers& brokers,
                                            bool unclean_allowed) {
  std::vector<Finding> findings = check_view_progress(before, after);
  if (after.partition_epoch <= before.partition_epoch) {
    add(findings, anomaly::partition_epoch_reused, after.partition, "the partition epoch went from {} to {}",
        before.partition_epoch, after.partition_epoch);
  }
  std::deque<PartitionView>& decisions = decisions_[after.partition];
  decisions.push_back(after);
  if (decisions.size() > decisions_kept) decisions.pop_front();
  check_new_leader(before, after, brokers, unclean_allowed, findings);
  check_members(before, after, brokers, findings);
  if (after.leader < 0) return findings;
  const auto broker = brokers.find(after.leader);
  const std::pair<std::int32_t, std::int64_t> who{after.leader, broker == brokers.end() ? -1 : broker->second.epoch};
  const auto [known, first] = leaders_.try_emplace({after.partition, after.leader_epoch}, who);
  if (known->second != who) {
    add(findings, anomaly::led_twice, after.partition,
        "leader epoch {} is that of node {} (broker epoch {}), and was that of node {} ({})", after.leader_epoch, who.first,
        who.second, known->second.first, known->second.second);
  }
  return findings;
}

std::vector<Finding> DecisionWatch::registered(const BrokerView* before, const BrokerView& after,
                                               std::span<const PartitionView> partitions) {
  std::vector<Finding> findings;
  if (after.epoch <= newest_broker_) {
    add(findings, anomaly::broker_epoch_went_back, "", "node {} was given broker epoch {} after one had been given {}",
        after.node, after.epoch, newest_broker_);
  }
  newest_broker_ = std::max(newest_broker_, after.epoch);
  const bool other_disk = before != nullptr && before->disk != after.disk;
  for (const PartitionView& partition : partitions) {
    if (partition.leader == after.node) {
      add(findings, anomaly::incarnation_kept, partition.partition,
          "a new incarnation of node {} (broker epoch {}) leads at once", after.node, after.epoch);
    }
    if (other_disk && had_all(partition, after.node)) {
      add(findings, anomaly::incarnation_kept, partition.partition,
          "node {} came back on another disk (broker epoch {}), and is in the ISR or the ELR", after.node, after.epoch);
    }
  }
  return findings;
}

std::vector<Finding> DecisionWatch::believed(std::int32_t node, const PartitionView& belief) const {
  std::vector<Finding> findings;
  const auto decisions = decisions_.find(belief.partition);
  if (decisions == decisions_.end()) return findings;
  const auto decided = std::find_if(decisions->second.begin(), decisions->second.end(),
                                    [&](const PartitionView& view) { return view.partition_epoch == belief.partition_epoch; });
  if (decided == decisions->second.end()) return findings;
  if (decided->leader == belief.leader && decided->leader_epoch == belief.leader_epoch && decided->isr == belief.isr)
    return findings;
  add(findings, anomaly::leader_misinformed, belief.partition,
      "in partition epoch {} node {} leads in epoch {} with [{}] in sync, and it was decided that node {} leads in epoch {} with "
      "[{}]",
      belief.partition_epoch, node, belief.leader_epoch, fmt::join(belief.isr, " "), decided->leader, decided->leader_epoch,
      fmt::join(decided->isr, " "));
  return findings;
}

std::vector<Finding> DecisionWatch::reported_damage(std::int32_t node, std::int64_t broker_epoch,
                                                    const PartitionView& partition) {
  std::vector<Finding> findings;
  if (!had_all(partition, node)) return findings;
  add(findings, anomaly::damage_kept_standing, partition.partition,
      "node {} came back with a damaged log (broker epoch {}), and is in the ISR or the ELR", node, broker_epoch);
  return findings;
}

std::vector<Finding> DecisionWatch::gave_producer_ids(std::int64_t next) {
  std::vector<Finding> findings;
  if (next <= next_producer_id_) {
    add(findings, anomaly::producer_ids_reused, "", "producer ids up to {} are given away, those up to {} had been already", next,
        next_producer_id_);
  }
  next_producer_id_ = std::max(next_producer_id_, next);
  return findings;
}

}  // namespace faultline::checkers
