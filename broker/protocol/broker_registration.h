// BrokerRegistration: a broker that has started tells the controller who it is, where it listens and which directories it has, and
// gets a broker epoch, by which everything it says from now on is told from what earlier incarnations said (KIP-631). Version 3 names
// the epoch of a clean shutdown before (KIP-966), version 4 is for features whose lowest level is 0 (version 3 and below leave them out).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "broker/protocol/api.h"
#include "broker/protocol/codec.h"
#include "broker/protocol/error_code.h"
#include "broker/protocol/schema.h"
#include "broker/protocol/uuid.h"

namespace faultline::protocol {

struct BrokerRegistrationRequest {
  static constexpr ApiKey api_key = ApiKey::broker_registration;

  struct Listener {
    std::string name;
    std::string host;
    std::uint16_t port = 0;
    std::int16_t security_protocol = 0;

    bool operator==(const Listener&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("name", &Self::name), field("host", &Self::host), field("port", &Self::port),
                        field("security_protocol", &Self::security_protocol));
    }
  };

  struct Feature {
    std::string name;
    std::int16_t min_supported_version = 0;
    std::int16_t max_supported_version = 0;

    bool operator==(const Feature&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("name", &Self::name), field("min_supported_version", &Self::min_supported_version),
                        field("max_supported_version", &Self::max_supported_version));
    }
  };

  /// A log that may lack what it once acknowledged. Ours: see docs/formats/wire.md.
  struct DamagedLog {
    Uuid topic_id;
    std::int32_t partition = 0;

    bool operator==(const DamagedLog&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("topic_id", &Self::topic_id), field("partition", &Self::partition));
    }
  };

  std::int32_t broker_id = 0;
  std::string cluster_id;
  Uuid incarnation_id;  // drawn anew by each start of the process
  std::vector<Listener> listeners;
  std::vector<Feature> features;
  std::optional<std::string> rack;
  bool is_migrating_zk_broker = false;
  std::vector<Uuid> log_dirs;
  std::int64_t previous_broker_epoch = -1;  // proof of a clean shutdown: the epoch of the incarnation that made it
  std::vector<DamagedLog> damaged;

  bool operator==(const BrokerRegistrationRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(
        field("broker_id", &Self::broker_id), field("cluster_id", &Self::cluster_id),
        field("incarnation_id", &Self::incarnation_id), field("listeners", &Self::listeners), field("features", &Self::features),
        field("rack", &Self::rack), field("is_migrating_zk_broker", &Self::is_migrating_zk_broker, since(1)),
        field("log_dirs", &Self::log_dirs, since(2)), field("previous_broker_epoch", &Self::previous_broker_epoch, since(3)),
        field("damaged", &Self::damaged, tagged(own_tags, 0)));
  }
};

struct BrokerRegistrationResponse {
  static constexpr ApiKey api_key = ApiKey::broker_registration;

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::int64_t broker_epoch = -1;

  bool operator==(const BrokerRegistrationResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("error_code", &Self::error_code),
                      field("broker_epoch", &Self::broker_epoch));
  }
};

}  // namespace faultline::protocol
