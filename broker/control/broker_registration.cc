// BrokerRegistration on the wire and as the controller has it.
#include "broker/protocol/broker_registration.h"

#include <fmt/format.h>

#include "broker/control/decisions.h"

namespace faultline::control {

namespace {

using protocol::BrokerRegistrationRequest;
using protocol::BrokerRegistrationResponse;

Outcome<controller::Registration> parse(const BrokerRegistrationRequest& request) {
  constexpr std::int16_t plaintext = 0;  // org.apache.kafka.common.security.auth.SecurityProtocol
  if (request.is_migrating_zk_broker) return Refusal(ErrorCode::invalid_registration, "there is no ZooKeeper here");
  controller::Registration registration;
  registration.broker_id = request.broker_id;
  registration.cluster_id = request.cluster_id;
  registration.incarnation = request.incarnation_id;
  registration.rack = request.rack;
  registration.directories = request.log_dirs;
  registration.previous_epoch = request.previous_broker_epoch;
  for (const auto& listener : request.listeners) {
    if (listener.security_protocol != plaintext) {
      return Refusal(ErrorCode::invalid_registration, fmt::format("listener {} is not a plain one", listener.name));
    }
    registration.endpoints.push_back({listener.name, listener.host, listener.port});
  }
  if (registration.endpoints.empty()) return Refusal(ErrorCode::invalid_registration, "a broker listens somewhere");
  for (const auto& feature : request.features) {
    registration.features.push_back({feature.name, feature.min_supported_version, feature.max_supported_version});
  }
  for (const auto& log : request.damaged) registration.damaged.push_back({log.topic_id, log.partition});
  return registration;
}

}  // namespace

BrokerRegistrationResponse ControllerService::handle(const BrokerRegistrationRequest& request) {
  return decided(
      deadline_in(default_timeout_ms),
      [&](Controller& controller) {
        const auto register_broker = [&]() -> Outcome<controller::BrokerEpoch> {
          const controller::Registration registration = TRY(parse(request));
          return controller.register_broker(env_.clock.now(), registration);
        };
        BrokerRegistrationResponse response;
        const Outcome<controller::BrokerEpoch> epoch = register_broker();
        set_outcome(response, epoch);
        if (epoch) response.broker_epoch = *epoch;
        return response;
      },
      [](const Refusal&) {
        BrokerRegistrationResponse response;
        response.error_code = ErrorCode::not_controller;
        return response;
      });
}

}  // namespace faultline::control
