// What a log tells the trace. Appends are not in it: the requests that cause them are.
#pragma once

#include "runtime/trace.h"

namespace faultline {

inline constexpr TracePoint trace_log_opened{"log.opened", TraceLevel::info};
inline constexpr TracePoint trace_log_refused{"log.refused", TraceLevel::error};
inline constexpr TracePoint trace_log_fenced{"log.fenced", TraceLevel::error};
inline constexpr TracePoint trace_log_no_space{"log.no_space", TraceLevel::warning};
inline constexpr TracePoint trace_log_synced{"log.synced", TraceLevel::debug};
inline constexpr TracePoint trace_log_rolled{"log.rolled", TraceLevel::debug};
inline constexpr TracePoint trace_log_corrupt_read{"log.corrupt_read", TraceLevel::error};
inline constexpr TracePoint trace_log_start_raised{"log.start_raised", TraceLevel::info};
inline constexpr TracePoint trace_log_truncated{"log.truncated", TraceLevel::info};
inline constexpr TracePoint trace_log_remove_failed{"log.remove_failed", TraceLevel::warning};

}  // namespace faultline
