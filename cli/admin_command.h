// What the commands that administer a cluster have in common: config, leaders, quorum, reassign, topic.
#pragma once

#include <functional>
#include <string_view>

#include "broker/client/admin.h"
#include "cli/client_session.h"

namespace faultline::cli {

/// An Admin, and how long each operation may take.
struct Administration {
  client::Admin& admin;
  std::function<Time()> deadline;  // of an operation that begins now
};

/// Runs `body` and turns its error into a message and an exit code: `usage` for what makes no sense, else `failed`.
ExitCode administer(std::string_view command, const ClientOptions& options,
                    const std::function<client::ClientResult<ExitCode>(const Administration&)>& body);

/// "orders:3". Errors: invalid_argument.
Result<client::TopicPartition> parse_partition(std::string_view text);
/// "1,2,3", each a broker's number. Errors: invalid_argument.
Result<std::vector<std::int32_t>> parse_brokers(std::string_view text);
/// Errors: invalid_argument, with `what` was expected.
Result<std::int32_t> parse_number(std::string_view what, std::string_view text);

/// A table, or with `json` an array, of what became of each partition. `well` is said of those that worked.
/// Returns: `failed` if anything failed. An election that was not needed has not.
ExitCode print_outcomes(const client::PartitionOutcomes& outcomes, std::string_view well, bool json);

}  // namespace faultline::cli
