// AlterPartition: a leader asks the controller to change the ISR of its partitions (KIP-497). Topics go by id (version 2, KIP-841);
// from version 3 each member comes with the broker epoch that the leader knows, so that a broker that has restarted since cannot
// slip into the ISR (KIP-903).
#pragma once

#include <cstdint>
#include <tuple>
#include <vector>

#include "broker/protocol/api.h"
#include "broker/protocol/codec.h"
#include "broker/protocol/error_code.h"
#include "broker/protocol/schema.h"
#include "broker/protocol/uuid.h"

namespace faultline::protocol {

/// What a leader is to its partition's past.
enum class LeaderRecoveryState : std::int8_t {
  recovered = 0,
  recovering = 1,  // elected from outside the ISR, not yet done with what follows from that (KIP-704)
};

struct AlterPartitionRequest {
  static constexpr ApiKey api_key = ApiKey::alter_partition;

  struct Topic {
    struct Partition {
      struct BrokerState {
        std::int32_t broker_id = 0;
        std::int64_t broker_epoch = -1;  // -1: not to be checked

        bool operator==(const BrokerState&) const = default;

        template <class Self>
        static constexpr auto fields() {
          return std::tuple(field("broker_id", &Self::broker_id), field("broker_epoch", &Self::broker_epoch));
        }
      };

      std::int32_t partition_index = 0;
      std::int32_t leader_epoch = 0;
      std::vector<std::int32_t> new_isr;
      std::vector<BrokerState> new_isr_with_epochs;
      LeaderRecoveryState leader_recovery_state = LeaderRecoveryState::recovered;
      std::int32_t partition_epoch = 0;  // the one that is to be replaced

      bool operator==(const Partition&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(
            field("partition_index", &Self::partition_index), field("leader_epoch", &Self::leader_epoch),
            field("new_isr", &Self::new_isr, until(2)), field("new_isr_with_epochs", &Self::new_isr_with_epochs, since(3)),
            field("leader_recovery_state", &Self::leader_recovery_state), field("partition_epoch", &Self::partition_epoch));
      }
    };

    Uuid topic_id;
    std::vector<Partition> partitions;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("topic_id", &Self::topic_id), field("partitions", &Self::partitions));
    }
  };

  std::int32_t broker_id = 0;
  std::int64_t broker_epoch = -1;
  std::vector<Topic> topics;

  bool operator==(const AlterPartitionRequest&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("broker_id", &Self::broker_id), field("broker_epoch", &Self::broker_epoch),
                      field("topics", &Self::topics));
  }
};

struct AlterPartitionResponse {
  static constexpr ApiKey api_key = ApiKey::alter_partition;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      ErrorCode error_code = ErrorCode::none;
      std::int32_t leader_id = 0;
      std::int32_t leader_epoch = 0;
      std::vector<std::int32_t> isr;
      LeaderRecoveryState leader_recovery_state = LeaderRecoveryState::recovered;
      std::int32_t partition_epoch = 0;
      std::int32_t min_insync_replicas = 0;  // ours: by which the controller has decided

      bool operator==(const Partition&) const = default;

      template <class Self>
      static constexpr auto fields() {
        return std::tuple(field("partition_index", &Self::partition_index), field("error_code", &Self::error_code),
                          field("leader_id", &Self::leader_id), field("leader_epoch", &Self::leader_epoch),
                          field("isr", &Self::isr), field("leader_recovery_state", &Self::leader_recovery_state),
                          field("partition_epoch", &Self::partition_epoch),
                          field("min_insync_replicas", &Self::min_insync_replicas, tagged(own_tags, 0)));
      }
    };

    Uuid topic_id;
    std::vector<Partition> partitions;

    bool operator==(const Topic&) const = default;

    template <class Self>
    static constexpr auto fields() {
      return std::tuple(field("topic_id", &Self::topic_id), field("partitions", &Self::partitions));
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::vector<Topic> topics;

  bool operator==(const AlterPartitionResponse&) const = default;

  template <class Self>
  static constexpr auto fields() {
    return std::tuple(field("throttle_time_ms", &Self::throttle_time_ms), field("error_code", &Self::error_code),
                      field("topics", &Self::topics));
  }
};

}  // namespace faultline::protocol
