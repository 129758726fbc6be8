// Values as text, in both notations.
#pragma once

#include <string>
#include <string_view>

#include "checkers/formats/value.h"

namespace faultline::formats {

/// `text` in quotes, escaped for JSON, which EDN reads too. Bytes that are not UTF-8 are replaced by U+FFFD.
void append_json_text(std::string_view text, std::string& out);

void append_edn(const Value& value, std::string& out);

/// What JSON has no word for becomes what comes nearest: keywords, symbols and odd numbers texts, sets and lists arrays.
void append_json(const Value& value, std::string& out);

}  // namespace faultline::formats
