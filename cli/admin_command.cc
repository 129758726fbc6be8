#include "cli/admin_command.h"

#include <fmt/core.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "cli/table.h"

namespace faultline::cli {
namespace {

using client::ClientError;
using nlohmann::ordered_json;

std::string word_for(const client::ClientResult<>& outcome, std::string_view well) {
  if (outcome) return std::string(well);
  if (outcome.error().code == protocol::ErrorCode::election_not_needed) return "not needed";
  return to_string(outcome.error());
}

bool is_failure(const client::ClientResult<>& outcome) {
  return !outcome && outcome.error().code != protocol::ErrorCode::election_not_needed;
}

}  // namespace

ExitCode administer(std::string_view command, const ClientOptions& options,
                    const std::function<client::ClientResult<ExitCode>(const Administration&)>& body) {
  ClientSession session(command, options);
  return session.run([&](Env& env) {
    client::Admin admin(env, session.cluster());
    const client::ClientResult<ExitCode> done = body({admin, [&] { return session.deadline(env); }});
    if (done) return *done;
    const ClientError& error = done.error();
    if (error.is_transport() && error.transport == Errc::invalid_argument) return session.usage(error.transport.detail);
    if (error.is_transport() && error.transport == Errc::unsupported)
      return session.fail("the broker does not serve this: " + error.transport.detail);
    return session.fail(error);
  });
}

Result<std::int32_t> parse_number(std::string_view what, std::string_view text) {
  std::int32_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || stop != text.data() + text.size() || number < 0) {
    return Error(Errc::invalid_argument, fmt::format("expected {}, got '{}'", what, text));
  }
  return number;
}

Result<client::TopicPartition> parse_partition(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == 0 || colon == std::string_view::npos) {
    return Error(Errc::invalid_argument, fmt::format("expected TOPIC:PARTITION, got '{}'", text));
  }
  const std::int32_t index = TRY(parse_number("a partition's number after the colon", text.substr(colon + 1)));
  return client::TopicPartition{std::string(text.substr(0, colon)), index};
}

Result<std::vector<std::int32_t>> parse_brokers(std::string_view text) {
  std::vector<std::int32_t> brokers;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    brokers.push_back(TRY(parse_number("numbers of brokers, 1,2,3", text.substr(begin, end - begin))));
    begin = end + 1;
  }
  return brokers;
}

ExitCode print_outcomes(const client::PartitionOutcomes& outcomes, std::string_view well, bool json) {
  Table table({"TOPIC", "PARTITION", "OUTCOME"});
  ordered_json list = ordered_json::array();
  bool failed = false;
  for (const auto& [partition, outcome] : outcomes) {
    failed = failed || is_failure(outcome);
    const std::string word = word_for(outcome, well);
    table.add({partition.topic, std::to_string(partition.partition), word});
    list.push_back(
        {{"topic", partition.topic}, {"partition", partition.partition}, {"ok", !is_failure(outcome)}, {"outcome", word}});
  }
  if (json) fmt::print("{}\n", list.dump(2));
  if (!json && !outcomes.empty()) table.print();
  return failed ? ExitCode::failed : ExitCode::ok;
}

}  // namespace faultline::cli
