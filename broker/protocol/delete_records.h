// DeleteRecords: moves the start of a partition's log; offset -1 means the high watermark.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "broker/protocol/api.h"
#include "broker/protocol/codec.h"
#include "broker/protocol/error_code.h"
#include "broker/protocol/schema.h"

namespace faultline::protocol {

struct DeleteRecordsRequest {
  static constexpr ApiKey api_key = ApiKey::delete_records;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      std::int64_t offset = 0;

      bool operator==(const Partition&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(field("partition_index", &Self::partition_index), field("offset", &Self::offset));
      }
    };

    std::string name;
    std::vector<Partition> partitions;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("name", &Self::name), field("partitions", &Self::partitions));
    }
  };

  std::vector<Topic> topics;
  std::int32_t timeout_ms = 0;

  bool operator==(const DeleteRecordsRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("topics", &Self::topics), field("timeout_ms", &Self::timeout_ms));
  }
};

struct DeleteRecordsResponse {
  static constexpr ApiKey api_key = ApiKey::delete_records;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      std::int64_t low_watermark = 0;
      ErrorCode error_code = ErrorCode::none;

      bool operator==(const Partition&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(field("partition_index", &Self::partition_index), field("low_watermark", &Self::low_watermark),
                          field("error_code", &Self::error_code));
      }
    };

    std::string name;
    std::vector<Partition> partitions;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("name", &Self::name), field("partitions", &Self::partitions));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  bool operator==(const DeleteRecordsResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("topics", &Self::topics));
  }
};

}  // namespace faultline::protocol
