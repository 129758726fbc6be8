// Trace points of partitions that others than people look at.
#pragma once

#include "runtime/trace.h"

namespace faultline {

/// A batch was refused with OUT_OF_ORDER_SEQUENCE_NUMBER. Fields: partition, producer, epoch, first and last (sequence).
inline constexpr TracePoint trace_out_of_order{"partition.out_of_order", TraceLevel::info};

}  // namespace faultline
