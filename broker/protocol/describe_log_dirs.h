// DescribeLogDirs: size of each partition in each log directory; null topics ask for all.
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

struct DescribeLogDirsRequest {
  static constexpr ApiKey api_key = ApiKey::describe_log_dirs;

  struct Topic {
    std::string topic;
    std::vector<std::int32_t> partitions;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("topic", &Self::topic), field("partitions", &Self::partitions));
    }
  };

  std::optional<std::vector<Topic>> topics;

  bool operator==(const DescribeLogDirsRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("topics", &Self::topics));
  }
};

struct DescribeLogDirsResponse {
  static constexpr ApiKey api_key = ApiKey::describe_log_dirs;

  struct LogDir {
    struct Topic {
      struct Partition {
        std::int32_t partition_index = 0;
        std::int64_t partition_size = 0;
        std::int64_t offset_lag = 0;
        bool is_future_key = false;

        bool operator==(const Partition&) const = default;

        template <class Self>
        static constexpr auto fields() {
          return std::tuple(field("partition_index", &Self::partition_index), field("partition_size", &Self::partition_size),
                            field("offset_lag", &Self::offset_lag), field("is_future_key", &Self::is_future_key));
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

    ErrorCode error_code = ErrorCode::none;
    std::string log_dir;
    std::vector<Topic> topics;
    std::int64_t total_bytes = -1;
    std::int64_t usable_bytes = -1;

    bool operator==(const LogDir&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("error_code", &Self::error_code), field("log_dir", &Self::log_dir), field("topics", &Self::topics),
                        field("total_bytes", &Self::total_bytes, since(4)), field("usable_bytes", &Self::usable_bytes, since(4)));
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::vector<LogDir> results;

  bool operator==(const DescribeLogDirsResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("error_code", &Self::error_code, since(3)),
                      field("results", &Self::results));
  }
};

}  // namespace faultline::protocol
