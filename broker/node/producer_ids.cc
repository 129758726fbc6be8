#include "broker/node/producer_ids.h"

namespace faultline {

Outcome<std::int64_t> ProducerIds::next(Time deadline) {
  const Result<Mutex::Guard> guard = taking_.lock(deadline);
  if (!guard) return Refusal(ErrorCode::coordinator_not_available, "no producer ids in time");
  if (left_.count == 0) left_ = TRY(take_block_(deadline));
  --left_.count;
  return left_.first++;
}

}  // namespace faultline
