// How durations, sizes and shares are written in a scenario: "250ms", "64KiB", "1/200". Units are part of the text, since a bare
// number leaves them to memory, and shares are exact fractions, since floating point has no place in a decision.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/time.h"

namespace faultline::scenarios {

/// "250ms", "-3s", "1h30m" (units ns us ms s m h d, largest first). Returns nothing if it is not a duration or overflows.
std::optional<Duration> parse_duration(std::string_view text);
/// The shortest text that parse_duration reads back: "1500ms", "2m".
std::string format_duration(Duration duration);

/// "512", "64KiB", "1MiB", "2GiB". Returns nothing if it is not a size or overflows.
std::optional<std::int64_t> parse_size(std::string_view text);

/// "1/200", "5%", "0.25%", "0", "1". Returns nothing if it is not a share from 0 to 1.
std::optional<Ratio> parse_ratio(std::string_view text);
std::string format_ratio(Ratio ratio);

}  // namespace faultline::scenarios
