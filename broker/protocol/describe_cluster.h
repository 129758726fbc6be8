// DescribeCluster: the brokers of the cluster, for admin clients (KIP-700). Version 1 tells brokers from controllers (KIP-919),
// version 2 can list fenced brokers (KIP-1073).
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

namespace faultline::protocol {

struct DescribeClusterRequest {
  static constexpr ApiKey api_key = ApiKey::describe_cluster;

  bool include_cluster_authorized_operations = false;
  std::int8_t endpoint_type = 1;
  bool include_fenced_brokers = false;

  bool operator==(const DescribeClusterRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("include_cluster_authorized_operations", &Self::include_cluster_authorized_operations),
                      field("endpoint_type", &Self::endpoint_type, since(1)),
                      field("include_fenced_brokers", &Self::include_fenced_brokers, since(2)));
  }
};

struct DescribeClusterResponse {
  static constexpr ApiKey api_key = ApiKey::describe_cluster;

  struct Broker {
    std::int32_t broker_id = 0;
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;
    bool is_fenced = false;

    bool operator==(const Broker&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("broker_id", &Self::broker_id), field("host", &Self::host), field("port", &Self::port),
                        field("rack", &Self::rack), field("is_fenced", &Self::is_fenced, since(2)));
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;
  std::int8_t endpoint_type = 1;
  std::string cluster_id;
  std::int32_t controller_id = -1;
  std::vector<Broker> brokers;
  std::int32_t cluster_authorized_operations = INT32_MIN;

  bool operator==(const DescribeClusterResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("error_code", &Self::error_code),
                      field("error_message", &Self::error_message), field("endpoint_type", &Self::endpoint_type, since(1)),
                      field("cluster_id", &Self::cluster_id), field("controller_id", &Self::controller_id),
                      field("brokers", &Self::brokers),
                      field("cluster_authorized_operations", &Self::cluster_authorized_operations));
  }
};

}  // namespace faultline::protocol
