// Where writers of histories put their text: whoever has a file, a socket or a string gives a function.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace faultline::formats {

/// Takes a piece of text, in order.
using TextSink = std::function<void(std::string_view)>;

/// Writers hand on what they have whenever it has become this long.
inline constexpr std::size_t piece_bytes = 64u << 10;

}  // namespace faultline::formats
