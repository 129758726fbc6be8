#include "broker/client/partitioner.h"

#include <vector>

#include "base/check.h"

namespace faultline::client {

std::int32_t StickyPartitioner::next(const std::string& topic, const TopicMetadata& metadata, std::size_t bytes) {
  ENSURE(!metadata.partitions.empty());
  Turn& turn = turns_[topic];
  const auto current = metadata.partitions.find(turn.partition);
  const bool leads = current != metadata.partitions.end() && current->second.leader >= 0;
  if (!leads || turn.bytes >= bytes_per_turn_) {
    std::vector<std::int32_t> all;
    std::vector<std::int32_t> available;
    for (const auto& [index, partition] : metadata.partitions) {
      all.push_back(index);
      if (partition.leader >= 0) available.push_back(index);
    }
    const std::vector<std::int32_t>& choice = available.empty() ? all : available;
    turn = {choice[random_.below(choice.size())], 0};
  }
  turn.bytes += bytes;
  return turn.partition;
}

}  // namespace faultline::client
