#include "checkers/log_rules/log_rules.h"

#include <algorithm>

namespace faultline::log_rules {

using checkers::Verdict;

const RetentionPolicy* Context::policy_of(std::uint32_t partition) const {
  for (const RetentionPolicy& policy : promises.retention) {
    if (policy.partition.value() == partition) return &policy;
  }
  return nullptr;
}

std::int64_t Context::owed_from(std::uint32_t partition) const {
  const RetentionPolicy* policy = policy_of(partition);
  return policy == nullptr ? 0 : policy->log_start;
}

Verdict check_log_rules(const checkers::LogHistory& history, const Promises& promises) {
  const checkers::LogModel model = checkers::build_log_model(history);
  Verdict verdict;
  verdict.vacuity = checkers::measure_vacuity(history, model);
  if (model.flaw) {
    verdict.outcome = Verdict::Outcome::unknown;
    verdict.reason = *model.flaw;
    return verdict;
  }
  checkers::FindingList found(promises.tolerated, promises.findings_per_anomaly);
  const Context context{history, model, promises, found};
  if (promises.key_order) find_reordered_keys(context);
  if (promises.recency_bound) find_stale_reads(context);
  if (promises.write_bound) find_write_stalls(context);
  if (promises.produce_p99) find_slow_produce(context);
  find_split_ownership(context);
  if (promises.ownership_bound) find_unowned_partitions(context);
  find_bad_commits(context);
  if (!promises.exactly_once_groups.empty()) find_processing_errors(context);
  find_sequence_errors(context);
  find_torn_transactions(context);
  find_reads_beyond_lso(context);
  if (!promises.retention.empty()) {
    find_early_deletions(context);
    find_compaction_errors(context);
  }
  if (promises.dependencies != Dependencies::none) verdict.reason = find_cycles(context);
  if (!verdict.reason.empty()) verdict.outcome = Verdict::Outcome::unknown;
  if (found.has_failure()) verdict.outcome = Verdict::Outcome::invalid;
  std::move(found).into(verdict);
  return verdict;
}

}  // namespace faultline::log_rules
