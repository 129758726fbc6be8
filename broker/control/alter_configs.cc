// AlterConfigs on the wire and as the controller has it: what is not named goes back to its default.
#include "broker/protocol/alter_configs.h"

#include "broker/control/config_resources.h"

namespace faultline::control {

namespace {

using protocol::AlterConfigsRequest;
using protocol::AlterConfigsResponse;

Outcome<> alter(Controller& controller, const AlterConfigsRequest::Resource& resource, bool validate_only) {
  const metadata::ConfigScope scope = TRY(scope_of(resource.resource_type));
  std::vector<controller::ConfigEdit> edits;
  for (const auto& [key, value] : controller.image().config(scope, resource.resource_name)) edits.push_back({key, std::nullopt});
  for (const auto& config : resource.configs) {
    if (!config.value) return Refusal(ErrorCode::invalid_config, "null value for configuration key " + config.name);
    edits.push_back({config.name, config.value});
  }
  return controller.alter_config(scope, resource.resource_name, edits, validate_only);
}

}  // namespace

AlterConfigsResponse ControllerService::handle(const AlterConfigsRequest& request) {
  return decided(
      deadline_in(default_timeout_ms),
      [&](Controller& controller) {
        return alter_resources<AlterConfigsResponse>(
            request, [&](const auto& resource) { return alter(controller, resource, request.validate_only); });
      },
      [&](const Refusal& why) { return refuse_resources<AlterConfigsResponse>(request, why); });
}

}  // namespace faultline::control
