// A LogHistory as text and back: one JSON object a line, one event an object. The grammar and an example: docs/formats/history.md.
//
// A file from outside is data: whatever is wrong with it comes back as "file:line:column: what was expected", never as a crash and
// never as a history that breaks the promises of checkers/history.h.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "checkers/formats/text_sink.h"
#include "checkers/history.h"

namespace faultline::formats {

/// `history` as JSONL, ending in a newline, in pieces of some 64 KiB. Strings that are not UTF-8 have the offending bytes replaced.
void write_history(const checkers::LogHistory& history, const TextSink& sink);
std::string write_history(const checkers::LogHistory& history);

/// Reads what write_history wrote, or what another program wrote in the same format.
///
/// Errors: malformed, with `file_name`, line and column in its detail.
Result<checkers::LogHistory> read_history(std::string_view text, std::string_view file_name);

}  // namespace faultline::formats
