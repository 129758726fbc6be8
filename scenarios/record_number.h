// The number of a record: who sent it, and which of its records it is, in one integer, since histories and payloads hold integers.
// What a person reads says it in words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace faultline::scenarios {

/// The number of record `index` of a client. Clients count from 0, records as well.
std::int64_t record_number(std::uint32_t client, std::uint32_t index);

/// `text` with every number of a record in it spelled out: "value 12884901905" becomes "value (client 2, record 17)". An integer
/// with a letter, a digit, a point or a minus sign at either end is none.
std::string spell_record_numbers(std::string_view text);

}  // namespace faultline::scenarios
