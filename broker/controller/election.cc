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
  bool lost(BrokerId id) const { return contains(change_.lost_data, id) || contains(change_.lost_disk, id); }
  bool isr_is_large_enough() const {
    return next_.isr.size() >= replication::effective_min_isr(rules_.min_insync_replicas, next_.replicas.size(), rules_.exhibits);
  }

  void shrink_isr() {
    const auto keeps_data = [&](BrokerId id) { return contains(next_.replicas, id) && !lost(id); };
    // Who may be in a new ISR has been looked at by whoever accepted it; from the present one leaves who is not there.
    next_.isr = change_.isr.has_value()
                    ? filtered(*change_.isr, keeps_data)
                    : filtered(before_.isr, [&](BrokerId id) { return keeps_data(id) && rules_.image.active(id); });
  }

  void find_eligible() {
    next_.elr.clear();
    next_.last_known_elr.clear();
    if (isr_is_large_enough()) return;
    const std::vector<BrokerId> had_all = change_.forget_elr ? before_.isr : united(before_.isr, before_.elr);
    const auto still_has_all = [&](BrokerId id) { return contains(next_.replicas, id) && !contains(next_.isr, id) && !lost(id); };
    next_.elr = filtered(had_all, still_has_all);
    if (rules_.exhibits.on(Exhibit::kip_966)) trust_the_last();
    // Nothing has been committed since these had all of it. Should nobody be left who still has, what they have kept is worth waiting for.
    next_.last_known_elr = filtered(united(before_.last_known_elr, united(before_.elr, before_.isr)), [&](BrokerId id) {
      return contains(next_.replicas, id) && !contains(next_.isr, id) && !contains(next_.elr, id) &&
             !contains(change_.lost_disk, id);
    });
  }

  // The wrong rule: the last member of the ISR may lead again whatever became of its disk, and nobody else may.
  void trust_the_last() {
    next_.elr.clear();
    if (!next_.isr.empty()) return;
    next_.elr =
        filtered(before_.isr.empty() ? before_.elr : before_.isr, [&](BrokerId id) { return contains(next_.replicas, id); });
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
    if (next_.leader == no_broker) return ask_anybody();
    if (contains(next_.isr, next_.leader)) return;
    next_.isr = {next_.leader};
    std::erase(next_.elr, next_.leader);
    if (!isr_is_large_enough()) return;
    next_.elr.clear();
    next_.last_known_elr.clear();
  }

  // All who had everything last have lost their disks since: then one that was left behind earlier has more than they do.
  void ask_anybody() {
    if (next_.isr.empty() && next_.elr.empty() && next_.last_known_elr.empty()) next_.last_known_elr = next_.replicas;
  }

  void elect_uncleanly() {
    next_.leader = unclean_candidate();
    if (next_.leader == no_broker) return;
    next_.isr = {next_.leader};
    next_.elr.clear();
    next_.last_known_elr.clear();
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
