// IncrementalAlterConfigs on the wire and as the controller has it. No setting of ours is a list, so there is nothing to append to.
#include "broker/protocol/incremental_alter_configs.h"

#include "broker/control/config_resources.h"

namespace faultline::control {

namespace {

using protocol::IncrementalAlterConfigsRequest;
using protocol::IncrementalAlterConfigsResponse;
using Resource = IncrementalAlterConfigsRequest::Resource;

enum class Operation : std::int8_t {
  set = 0,
  remove = 1,
  append = 2,
  subtract = 3
};  // org.apache.kafka.clients.admin.AlterConfigOp

Outcome<controller::ConfigEdit> parse(const Resource::Config& change) {
  switch (static_cast<Operation>(change.config_operation)) {
    case Operation::set:
      if (!change.value) return Refusal(ErrorCode::invalid_config, "null value for configuration key " + change.name);
      return controller::ConfigEdit{change.name, change.value};
    case Operation::remove: return controller::ConfigEdit{change.name, std::nullopt};
    case Operation::append:
    case Operation::subtract: return Refusal(ErrorCode::invalid_config, change.name + " is not a list");
  }
  return Refusal(ErrorCode::invalid_request, "unknown operation " + std::to_string(change.config_operation));
}

Outcome<> alter(Controller& controller, const Resource& resource, bool validate_only) {
  const metadata::ConfigScope scope = TRY(scope_of(resource.resource_type));
  std::vector<controller::ConfigEdit> edits;
  for (const auto& change : resource.configs) edits.push_back(TRY(parse(change)));
  return controller.alter_config(scope, resource.resource_name, edits, validate_only);
}

}  // namespace

IncrementalAlterConfigsResponse ControllerService::handle(const IncrementalAlterConfigsRequest& request) {
  return decided(
      deadline_in(default_timeout_ms),
      [&](Controller& controller) {
        return alter_resources<IncrementalAlterConfigsResponse>(
            request, [&](const auto& resource) { return alter(controller, resource, request.validate_only); });
      },
      [&](const Refusal& why) { return refuse_resources<IncrementalAlterConfigsResponse>(request, why); });
}

}  // namespace faultline::control
