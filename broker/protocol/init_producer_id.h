// InitProducerId: a producer id and epoch, for idempotent and transactional producers (KIP-98, KIP-360).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "broker/protocol/api.h"
#include "broker/protocol/codec.h"
#include "broker/protocol/error_code.h"
#include "broker/protocol/schema.h"

namespace faultline::protocol {

struct InitProducerIdRequest {
  static constexpr ApiKey api_key = ApiKey::init_producer_id;

  std::optional<std::string> transactional_id;
  std::int32_t transaction_timeout_ms = 0;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;

  bool operator==(const InitProducerIdRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(
        field("transactional_id", &Self::transactional_id), field("transaction_timeout_ms", &Self::transaction_timeout_ms),
        field("producer_id", &Self::producer_id, since(3)), field("producer_epoch", &Self::producer_epoch, since(3)));
  }
};

struct InitProducerIdResponse {
  static constexpr ApiKey api_key = ApiKey::init_producer_id;

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = 0;

  bool operator==(const InitProducerIdResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("error_code", &Self::error_code),
                      field("producer_id", &Self::producer_id), field("producer_epoch", &Self::producer_epoch));
  }
};

}  // namespace faultline::protocol
