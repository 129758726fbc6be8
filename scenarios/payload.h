// What the workload writes into a record: a number that is unique in the run, and filler that can be computed from it.
//
// A consumer that gets a payload whose filler does not fit its number was served damaged bytes; it reports a number that nobody
// sent, which the checker knows as garbage-read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/slice.h"

namespace faultline::scenarios {

inline constexpr std::size_t payload_bytes_min = 8;

/// A payload of `bytes` bytes. Requires: bytes >= payload_bytes_min.
Slice make_payload(std::int64_t number, std::size_t bytes);

/// The number in a payload, its filler not looked at; nothing if there is none.
std::optional<std::int64_t> peek_payload(Bytes payload);

/// The number in a payload; nothing if it is none of ours.
std::optional<std::int64_t> read_payload(Bytes payload);

/// The number that stands for damaged bytes: negative, and another for every content.
std::int64_t number_of_garbage(Bytes payload);

}  // namespace faultline::scenarios
