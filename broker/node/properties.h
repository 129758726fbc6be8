// Java's properties files, as far as Kafka's configuration uses them: "key=value" lines, blanks around both ignored, comments
// from '#' or '!' to the end of the line.
#pragma once

#include <functional>
#include <string_view>

#include "base/result.h"

namespace faultline {

using PropertyVisitor = std::function<Result<>(std::string_view key, std::string_view value)>;

/// Calls `visit` for each pair, in order. Errors: invalid_argument, "FILE:LINE: " and what is wrong there, or what `visit` says.
Result<> parse_properties(std::string_view file_name, std::string_view text, const PropertyVisitor& visit);

}  // namespace faultline
