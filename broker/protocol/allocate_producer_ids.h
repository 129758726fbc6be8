// AllocateProducerIds: a broker gets a block of producer ids that nobody else gets (KIP-730).
#pragma once

#include <cstdint>
#include <tuple>

#include "broker/protocol/api.h"
#include "broker/protocol/codec.h"
#include "broker/protocol/error_code.h"
#include "broker/protocol/schema.h"

namespace faultline::protocol {

struct AllocateProducerIdsRequest {
  static constexpr ApiKey api_key = ApiKey::allocate_producer_ids;

  std::int32_t broker_id = 0;
  std::int64_t broker_epoch = -1;

  bool operator==(const AllocateProducerIdsRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("broker_id", &Self::broker_id), field("broker_epoch", &Self::broker_epoch));
  }
};

struct AllocateProducerIdsResponse {
  static constexpr ApiKey api_key = ApiKey::allocate_producer_ids;

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::int64_t producer_id_start = 0;
  std::int32_t producer_id_len = 0;

  bool operator==(const AllocateProducerIdsResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("error_code", &Self::error_code),
                      field("producer_id_start", &Self::producer_id_start), field("producer_id_len", &Self::producer_id_len));
  }
};

}  // namespace faultline::protocol
