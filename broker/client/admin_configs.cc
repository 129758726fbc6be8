#include <charconv>

#include "broker/client/admin.h"
#include "broker/protocol/alter_configs.h"
#include "broker/protocol/describe_cluster.h"
#include "broker/protocol/describe_configs.h"
#include "broker/protocol/describe_log_dirs.h"
#include "broker/protocol/incremental_alter_configs.h"

namespace faultline::client {
namespace {

using protocol::ErrorCode;

// DescribeConfigs: where a value comes from. DEFAULT_CONFIG is the one that nobody has set.
constexpr std::int8_t default_config_source = 5;

/// The part of an answer that is about `resource`.
template <class Resources>
auto about(const Resources& resources, const ConfigResource& resource) -> ClientResult<typename Resources::value_type> {
  for (const auto& said : resources) {
    if (said.resource_type != static_cast<std::int8_t>(resource.type) || said.resource_name != resource.name) continue;
    if (said.error_code == ErrorCode::none) return said;
    return ClientError(said.error_code, said.error_message.has_value() ? *said.error_message : resource.name);
  }
  return ClientError(Error(Errc::malformed, "the answer leaves out " + resource.name)).indefinite_if(true);
}

}  // namespace

/// A broker's own configuration is known to that broker only, a topic's to all.
template <class Request>
ClientResult<Answer<Request>> Admin::call_for(const ConfigResource& resource, const Request& request, Time deadline) {
  std::int32_t broker = -1;
  if (resource.type == ResourceType::topic || resource.name.empty())
    return cluster_.call_controller(request, {.deadline = deadline});
  const char* end = resource.name.data() + resource.name.size();
  const auto [stop, error] = std::from_chars(resource.name.data(), end, broker);
  if (error != std::errc{} || stop != end || broker < 0) {
    return Error(Errc::invalid_argument, "expected a broker's number, got '" + resource.name + "'");
  }
  if (!cluster_.metadata().brokers.contains(broker)) TRY(cluster_.describe(std::vector<std::string>{}, deadline));
  return cluster_.call(broker, request, {.deadline = deadline});
}

ClientResult<ClusterDescription> Admin::describe_cluster(Time deadline) {
  const auto answer = TRY(retrying(deadline, [&]() -> ClientResult<protocol::DescribeClusterResponse> {
    protocol::DescribeClusterRequest request;
    request.include_fenced_brokers = true;
    auto said = TRY(cluster_.call_any(request, {.deadline = deadline}));
    if (said.error_code != ErrorCode::none) return ClientError(said.error_code, said.error_message.value_or("DescribeCluster"));
    return said;
  }));
  ClusterDescription cluster{answer.cluster_id, answer.controller_id, {}};
  for (const auto& broker : answer.brokers) {
    if (broker.port < 0 || broker.port > UINT16_MAX) continue;  // no port, so no broker
    cluster.brokers[broker.broker_id] = {{broker.host, static_cast<std::uint16_t>(broker.port)}, broker.rack, broker.is_fenced};
  }
  return cluster;
}

ClientResult<std::vector<LogDirDescription>> Admin::describe_log_dirs(std::int32_t broker, Time deadline) {
  const auto answer = TRY(retrying(deadline, [&]() -> ClientResult<protocol::DescribeLogDirsResponse> {
    if (!cluster_.metadata().brokers.contains(broker)) TRY(cluster_.describe(std::vector<std::string>{}, deadline));
    auto said = TRY(cluster_.call(broker, protocol::DescribeLogDirsRequest{}, {.deadline = deadline}));
    if (said.error_code != ErrorCode::none) return ClientError(said.error_code, "DescribeLogDirs");
    return said;
  }));
  std::vector<LogDirDescription> directories;
  for (const auto& said : answer.results) {
    LogDirDescription& directory = directories.emplace_back();
    directory.path = said.log_dir;
    directory.error = said.error_code;
    directory.total_bytes = said.total_bytes;
    directory.usable_bytes = said.usable_bytes;
    for (const auto& topic : said.topics) {
      for (const auto& partition : topic.partitions) {
        directory.replicas.push_back({{topic.name, partition.partition_index}, partition.partition_size, partition.offset_lag});
      }
    }
  }
  return directories;
}

ClientResult<std::vector<ConfigEntry>> Admin::describe_configs(const ConfigResource& resource, Time deadline) {
  protocol::DescribeConfigsRequest request;
  request.resources.push_back({static_cast<std::int8_t>(resource.type), resource.name, std::nullopt});
  const auto said = TRY(retrying(deadline, [&]() -> ClientResult<protocol::DescribeConfigsResponse::Resource> {
    return about(TRY(call_for(resource, request, deadline)).results, resource);
  }));
  std::vector<ConfigEntry> entries;
  for (const auto& config : said.configs) {
    entries.push_back(
        {config.name, config.value, config.read_only, config.is_sensitive, config.config_source == default_config_source});
  }
  return entries;
}

ClientResult<> Admin::alter_configs(const ConfigResource& resource, const std::map<std::string, std::string>& configs,
                                    Time deadline, bool validate_only) {
  protocol::AlterConfigsRequest request;
  request.validate_only = validate_only;
  request.resources.push_back({static_cast<std::int8_t>(resource.type), resource.name, {}});
  for (const auto& [name, value] : configs) request.resources.front().configs.push_back({name, value});
  return retrying(deadline, [&]() -> ClientResult<> {
    TRY(about(TRY(call_for(resource, request, deadline)).responses, resource));
    return {};
  });
}

ClientResult<> Admin::change_configs(const ConfigResource& resource, const std::vector<ConfigChange>& changes, Time deadline,
                                     bool validate_only) {
  protocol::IncrementalAlterConfigsRequest request;
  request.validate_only = validate_only;
  request.resources.push_back({static_cast<std::int8_t>(resource.type), resource.name, {}});
  for (const ConfigChange& change : changes) {
    request.resources.front().configs.push_back({change.name, static_cast<std::int8_t>(change.operation), change.value});
  }
  return retrying(deadline, [&]() -> ClientResult<> {
    TRY(about(TRY(call_for(resource, request, deadline)).responses, resource));
    return {};
  });
}

}  // namespace faultline::client
