// What the command line, or a manifest, says that the log on trial promises beyond order: text into log_rules::Promises.
//
// Partitions are named before a file is read and numbered after it, hence two steps.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "checkers/history.h"
#include "checkers/log_checker.h"
#include "checkers/log_rules/log_rules.h"

namespace faultline::cli {

struct LogPromises {
  std::vector<std::string> texts;                                             // as they were given, for the report
  log_rules::Promises of_all;                                                 // what needs no partition
  std::vector<std::pair<std::string, log_rules::RetentionPolicy>> retention;  // by the partition's name
};

/// Adds "key-order", "recency=TIME", "writes=TIME", "produce-p99=TIME", "ownership=TIME", "exactly-once=GROUP" or
/// "retention=PARTITION,log-start=N,deleted-below=N,retention.ms=N,retention.bytes=N" or
/// "retention=PARTITION,cleanup.policy=compact,min.compaction.lag.ms=N,delete.retention.ms=N", whose settings are Kafka's.
///
/// Errors: invalid_argument, with what was expected.
Result<> add_promise(std::string_view text, LogPromises& promises);

/// The promises as the rules take them; and in `rules` what the log checker must not miss then.
///
/// Errors: invalid_argument for a partition or a group that `history` does not have.
Result<log_rules::Promises> promises_for(const checkers::LogHistory& history, const LogPromises& promises,
                                         checkers::LogRules& rules);

}  // namespace faultline::cli
