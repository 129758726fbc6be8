// UTF-8, as the Unicode standard defines it (table 3-7): what JSON texts are made of (RFC 8259, section 8.1).
#pragma once

#include <cstddef>
#include <string_view>

namespace faultline::formats {

/// How many bytes the UTF-8 sequence at the beginning of `text` has; 0 if there is none. Requires: `text` is not empty.
std::size_t utf8_length(std::string_view text);

/// How many bytes at the beginning of `text` are UTF-8: `text.size()` if all are.
std::size_t utf8_prefix(std::string_view text);

}  // namespace faultline::formats
