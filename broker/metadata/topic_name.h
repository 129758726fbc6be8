// Which names a topic may have. Kafka's rules: a partition's directory name must fit a file name.
#pragma once

#include <string_view>

#include "broker/protocol/outcome.h"

namespace faultline::metadata {

/// Errors: INVALID_TOPIC_EXCEPTION.
Outcome<> check_topic_name(std::string_view name);

}  // namespace faultline::metadata
