#include "broker/controller/election.h"

#include <algorithm>
#include <utility>

namespace faultline::controller {

using metadata::contains;
using metadata::no_broker;

namespace {

template <class Keep>
std::vector<BrokerId> filtered(const std::vector<BrokerId>& ids, Keep&& keep) {
  std::vector<BrokerId> kept;
  std::copy_if(ids.begin(), ids.end(), std::back_inserter(kept), keep);
  return kept;
}

std::vector<BrokerId> united(std::vector<BrokerId> ids, const std::vector<BrokerId>& more) {
  for (const BrokerId id : more) {
    if (!contains(ids, id)) ids.push_back(id);
  }
  return ids;
}

class Settlement {
 public:
  Settlement(const PartitionRecord& before, const PartitionChange& change, const ElectionRules& rules)
      : before_(before), change_(change), rules_(rules), next_(before) {}

  std::optional<PartitionRecord> run() {
    if (change_.replicas.has_value()) next_.replicas = *change_.replicas;
    if (change_.adding.has_value()) next_.adding = *change_.adding;
    if (change_.removing.has_value()) next_.removing = *change_.removing;
    if (change_.recovering.has_value()) next_.recovering = *change_.recovering;
    shrink_isr();
    find_eligible();
    elect();
    number();
    if (next_ == before_) return std::nullopt;
    next_.partition_epoch = before_.partition_epoch + 1;
    return std::move(next_);
  }

 private:
  bool present(BrokerId id) const { return contains(next_.replicas, id) && rules_.image.active(id); }
  bool isr_is_large_enough() const {
    return next_.isr.size() >= replication::effective_min_isr(rules_.min_insync_replicas, next_.replicas.size(), rules_.exhibits);
  }

  void shrink_isr() {
    const auto keeps_data = [&](BrokerId id) { return contains(next_.replicas, id) && !contains(change_.lost_data, id); };
    // Who may be in a new ISR has been looked at by whoever accepted it; from the present one leaves who is not there.
    next_.isr = change_.isr.has_value()
                    ? filtered(*change_.isr, keeps_data)
                    : filtered(before_.isr, [&](BrokerId id) { return keeps_data(id) && rules_.image.active(id); });
  }

  void find_eligible() {
    std::vector<BrokerId> had_all = before_.isr;
    std::vector<BrokerId> in_doubt = before_.elr;
    if (!change_.forget_elr) {
      had_all = united(std::move(had_all), before_.elr);
      in_doubt.clear();
    }
    const auto replica = [&](BrokerId id) { return contains(next_.replicas, id); };
    const auto lost = [&](BrokerId id) { return contains(change_.lost_data, id); };
    had_all = filtered(had_all, replica);
    next_.elr.clear();
    if (isr_is_large_enough()) return;
    next_.elr = filtered(had_all, [&](BrokerId id) { return !contains(next_.isr, id) && !lost(id); });
    // The wrong rule: the last one who had everything is believed to have it still, whatever became of its disk.
    if (rules_.exhibits.on(Exhibit::kip_966) && next_.isr.empty() && next_.elr.empty() && had_all.size() == 1) {
      next_.elr = had_all;
    }
    // Should nobody be left who is known to have everything: who had it last is worth waiting for.
    next_.last_known_elr = united(std::move(next_.last_known_elr), united(filtered(had_all, lost), filtered(in_doubt, replica)));
  }

  BrokerId clean_candidate() const {
    const std::vector<BrokerId>& candidates = next_.isr.empty() ? next_.elr : next_.isr;
    const auto first = std::find_if(next_.replicas.begin(), next_.replicas.end(),
                                    [&](BrokerId id) { return contains(candidates, id) && present(id); });
    return first == next_.replicas.end() ? no_broker : *first;
  }

  BrokerId unclean_candidate() const {
    if (change_.elect_unclean != no_broker && present(change_.elect_unclean)) return change_.elect_unclean;
    const bool allowed =
        rules_.unclean_allowed || change_.election == Election::unclean || rules_.exhibits.on(Exhibit::kafka_0_8);
    if (!allowed) return no_broker;
    const auto first = std::find_if(next_.replicas.begin(), next_.replicas.end(), [&](BrokerId id) { return present(id); });
    return first == next_.replicas.end() ? no_broker : *first;
  }

  void elect() {
    const bool may_stay = contains(next_.isr, next_.leader);
    const bool preferred = change_.election == Election::preferred && contains(next_.isr, next_.replicas.front());
    if (preferred) {
      next_.leader = next_.replicas.front();
    } else if (!may_stay) {
      next_.leader = clean_candidate();
      if (next_.leader == no_broker) elect_uncleanly();
    }
    if (next_.leader == no_broker) return;
    next_.last_known_elr.clear();
    if (contains(next_.isr, next_.leader)) return;
    next_.isr = {next_.leader};
    std::erase(next_.elr, next_.leader);
    if (isr_is_large_enough()) next_.elr.clear();
  }

  void elect_uncleanly() {
    next_.leader = unclean_candidate();
    if (next_.leader == no_broker) return;
    next_.isr = {next_.leader};
    next_.elr.clear();
    next_.recovering = true;
  }

  void number() {
    const bool replica_removed =
        std::any_of(before_.replicas.begin(), before_.replicas.end(), [&](BrokerId id) { return !contains(next_.replicas, id); });
    if (next_.leader != before_.leader || replica_removed) ++next_.leader_epoch;
  }

  const PartitionRecord& before_;
  const PartitionChange& change_;
  const ElectionRules& rules_;
  PartitionRecord next_;
};

}  // namespace

std::optional<PartitionRecord> settle(const PartitionRecord& before, const PartitionChange& change, const ElectionRules& rules) {
  return Settlement(before, change, rules).run();
}

}  // namespace faultline::controller
