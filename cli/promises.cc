#include "cli/promises.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>

namespace faultline::cli {
namespace {

Error expected(std::string_view what) { return Error(Errc::invalid_argument, fmt::format("expected {}", what)); }

Result<std::int64_t> number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || number < 0) return expected("a number");
  return number;
}

Result<Duration> milliseconds_of(std::int64_t number, std::int64_t unit_ms = 1) {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max() / 4 / 1'000'000;  // in nanoseconds, with room to add to
  if (number > most / unit_ms) return expected("a shorter time");
  return Duration(1ms) * (number * unit_ms);
}

// "500ms", "10s", "5m".
Result<Duration> time_of(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view unit = text.substr(digits);
  const std::int64_t unit_ms = unit == "ms" ? 1 : unit == "s" ? 1000 : unit == "m" ? 60'000 : 0;
  const Result<std::int64_t> number = number_of(text.substr(0, digits));
  if (unit_ms == 0 || !number) return expected("a time such as 500ms, 10s or 5m");
  return milliseconds_of(*number, unit_ms);
}

Result<> set_retention(std::string_view text, log_rules::RetentionPolicy& policy) {
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1);
  if (name == "log-start") {
    policy.log_start = TRY(number_of(value));
  } else if (name == "deleted-below") {
    policy.deleted_below = TRY(number_of(value));
  } else if (name == "retention.ms") {
    policy.retention = TRY(milliseconds_of(TRY(number_of(value))));
  } else if (name == "retention.bytes") {
    policy.retention_bytes = TRY(number_of(value));
  } else if (text == "cleanup.policy=compact") {
    policy.compact = true;
  } else if (name == "min.compaction.lag.ms") {
    policy.min_compaction_lag = TRY(milliseconds_of(TRY(number_of(value))));
  } else if (name == "delete.retention.ms") {
    policy.delete_retention = TRY(milliseconds_of(TRY(number_of(value))));
  } else {
    return expected(
        "log-start=N, deleted-below=N, retention.ms=N, retention.bytes=N, cleanup.policy=compact, min.compaction.lag.ms=N or "
        "delete.retention.ms=N");
  }
  return {};
}

Result<> add_retention(std::string_view text, LogPromises& promises) {
  std::size_t comma = std::min(text.find(','), text.size());
  const std::string partition(text.substr(0, comma));
  log_rules::RetentionPolicy policy;
  while (comma < text.size()) {
    const std::size_t begin = comma + 1;
    comma = std::min(text.find(',', begin), text.size());
    TRY(set_retention(text.substr(begin, comma - begin), policy));
  }
  const bool deletes = policy.deleted_below > 0 || policy.retention || policy.retention_bytes;
  const bool compacts = policy.min_compaction_lag > Duration::zero() || policy.delete_retention > Duration::zero();
  if (partition.empty()) return expected("a partition, such as retention=t-0,log-start=5");
  if (policy.log_start == 0 && (deletes || !policy.compact))
    return expected("log-start=N: without it nothing may have been deleted");
  if (compacts && !policy.compact) return expected("cleanup.policy=compact beside a setting of compaction");
  const auto same = [&](const auto& other) { return other.first == partition; };
  if (std::ranges::any_of(promises.retention, same)) return expected("one retention for each partition");
  promises.retention.emplace_back(partition, policy);
  return {};
}

}  // namespace

Result<> add_promise(std::string_view text, LogPromises& promises) {
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1);
  if (text == "key-order") {
    promises.of_all.key_order = true;
  } else if (name == "recency") {
    promises.of_all.recency_bound = TRY(time_of(value));
  } else if (name == "writes") {
    promises.of_all.write_bound = TRY(time_of(value));
  } else if (name == "produce-p99") {
    promises.of_all.produce_p99 = TRY(time_of(value));
  } else if (name == "ownership") {
    promises.of_all.ownership_bound = TRY(time_of(value));
  } else if (name == "exactly-once") {
    if (value.empty()) return expected("the name of a group");
    promises.of_all.exactly_once_groups.emplace_back(value);
  } else if (name == "retention") {
    TRY(add_retention(value, promises));
  } else {
    return expected(
        "key-order, recency=TIME, writes=TIME, produce-p99=TIME, ownership=TIME, exactly-once=GROUP or "
        "retention=PARTITION,SETTING,...");
  }
  promises.texts.emplace_back(text);
  return {};
}

Result<log_rules::Promises> promises_for(const checkers::LogHistory& history, const LogPromises& promises,
                                         checkers::LogRules& rules) {
  log_rules::Promises result = promises.of_all;
  for (const std::string& group : result.exactly_once_groups) {
    if (std::find(history.groups.begin() + 1, history.groups.end(), group) == history.groups.end())
      return Error(Errc::invalid_argument, fmt::format("exactly-once={}: the history has no group of that name", group));
  }
  for (const auto& [name, policy] : promises.retention) {
    const auto partition = history.find_partition(name);
    if (!partition)
      return Error(Errc::invalid_argument, fmt::format("retention={}: the history has no partition of that name", name));
    result.retention.push_back(policy);
    result.retention.back().partition = *partition;
    rules.retained_from.push_back({*partition, policy.log_start});
    if (policy.compact) rules.compacted.push_back(*partition);
  }
  return result;
}

}  // namespace faultline::cli
