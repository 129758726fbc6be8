// Changing many partitions for one cause.
#pragma once

#include <utility>
#include <vector>

#include "broker/controller/controller.h"

namespace faultline::controller {

/// Settles every partition that is `concerned` with the change that is made for it.
template <class Concerned, class MakeChange>
void Controller::change_partitions(Concerned&& concerned, MakeChange&& make_change) {
  std::vector<PartitionRecord> affected;  // copies: each decision changes the image
  for (const auto& [id, topic] : image_.topics()) {
    for (const PartitionRecord& partition : topic.partitions) {
      if (concerned(partition)) affected.push_back(partition);
    }
  }
  for (const PartitionRecord& partition : affected) change(partition, make_change(partition));
}

}  // namespace faultline::controller
