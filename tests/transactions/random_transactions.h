// Random small histories: half of them executions of a serializable store with a change or two, half of them wild.
#pragma once

#include "base/random.h"
#include "planned_history.h"

namespace faultline::transactions {

struct RandomPlan {
  Workload workload = Workload::list_append;
  std::uint32_t transactions_max = 6;
  std::uint32_t keys_max = 3;
  std::uint32_t operations_max = 4;
  std::uint32_t processes_max = 3;
  bool valid = false;  // an execution, one transaction after another, without any change
  bool only_ok = false;
};

PlannedHistory random_history(RandomStream& random, const RandomPlan& options);

}  // namespace faultline::transactions
