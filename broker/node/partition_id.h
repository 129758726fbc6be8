// How a partition is called: by its topic's name and a number, for people and for the directory of its log; by its topic's id, among
// brokers, since a topic that is deleted and made again keeps its name and is another one.
#pragma once

#include <cstdint>
#include <string>

#include "broker/controller/requests.h"

namespace faultline {

struct PartitionId {
  std::string topic;
  std::int32_t index = 0;

  auto operator<=>(const PartitionId&) const = default;
};

/// "orders-0", also the name of its directory.
std::string to_string(const PartitionId& id);

using controller::PartitionName;

}  // namespace faultline
