// Small text files that say where a log stands. Text, so that an operator can read them during an incident; sealed with a version
// and a CRC-32C, so that a rotten digit is noticed and not believed. Grammar: docs/formats/checkpoint.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/slice.h"

namespace faultline {

/// "epoch 3 17": a word and what follows it, as text and, where every part is an integer, as numbers.
struct CheckpointLine {
  std::string key;
  std::string value;
  std::vector<std::int64_t> numbers;
};
using CheckpointLines = std::vector<CheckpointLine>;

/// `body`, lines of "key value\n", as a whole file.
Slice seal_checkpoint(std::string_view body);

/// The lines of a sealed file. Errors: corrupt (version, checksum or form).
Result<CheckpointLines> open_checkpoint(Bytes file);

}  // namespace faultline
