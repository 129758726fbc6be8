// Event: one line of a history, whatever the format: somebody began an operation, or was told how it ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "checkers/formats/value.h"

namespace faultline::formats {

enum class EventType : std::uint8_t { invoke, ok, fail, info };

/// "invoke", "ok", "fail", "info".
std::string_view to_string(EventType type);

/// What an event says. Its values live until the reader reads the next one.
struct Event {
  EventType type = EventType::invoke;
  bool client = true;                   // false: the nemesis, or whoever else is no client
  std::optional<std::int32_t> process;  // of a client; none: the file does not say
  std::optional<std::int64_t> index;    // as stated in the file: ascending, but perhaps with gaps
  std::optional<std::int64_t> time;     // nanoseconds
  std::string_view f;                   // empty: the file does not say
  Value key;                            // of formats that name the object apart from the value; else nil
  Value value;
  Value error;
  Value fields;  // the whole map, where the format has one: what is particular to a workload is looked up there
};

}  // namespace faultline::formats
