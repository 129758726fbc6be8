// How the lines of the two formats that are no data notation look.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "checkers/formats/text_input.h"

namespace faultline::formats {

/// The next line of `input`, without its end, and how many bytes to consume to get past it; nothing at the end of the text. The view
/// lives until the window grows.
struct Line {
  std::string_view text;
  std::size_t size = 0;
};
Result<std::optional<Line>> next_line(TextInput& input);

/// r(1,2,3,4).
struct SessionOperation {
  bool write = false;
  std::int64_t key = 0;
  std::int64_t value = 0;
  std::int64_t session = 0;
  std::int64_t transaction = 0;
};
/// The operation of a line; white space around it and around its numbers is allowed.
std::optional<SessionOperation> parse_session_line(std::string_view line);

/// Where in a line of a log the event begins that ends it: at the "5" of "INFO jepsen.util - 5 :invoke :read nil".
std::optional<std::size_t> jepsen_event_at(std::string_view line);

}  // namespace faultline::formats
