// EventReader: the events of a history file, one after another, in the order in which they happened.
//
// Every format that we read becomes the same events here, so that the converters (to_log.h, to_operations.h, to_transactions.h) know
// none of them. A file is data: whatever is wrong with it comes back as "file:line:column: what was expected", with what to do about
// it, never as a crash. Memory is the window and one event, but for Porcupine's JSON lines, which come in no order of time and are
// kept whole.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "checkers/formats/event.h"
#include "checkers/formats/text_input.h"

namespace faultline::formats {

enum class Format : std::uint8_t {
  jsonl,       // our own: a header, then an event a line (docs/formats/history.md)
  json,        // the same events without a header, one a line or in an array: what elle-cli reads
  edn,         // Jepsen's history.edn, and Porcupine's kv logs
  jepsen_log,  // Jepsen's history.txt and jepsen.log: "5 :invoke :cas [1 2]" at the end of a line
  porcupine,   // Porcupine's operations as JSON: ClientId, Input, Call, Output, Return
  sessions,    // r(key,value,session,txn): PolySI, Plume, AWDIT
};

std::span<const Format> all_formats();
/// "jsonl", "json", "edn", "jepsen-log", "porcupine", "sessions".
std::string_view to_string(Format format);
std::optional<Format> parse_format(std::string_view name);

/// The format of a text that begins with `beginning`, if its first event tells.
std::optional<Format> detect_format(std::string_view beginning);

class EventReader {
 public:
  virtual ~EventReader() = default;
  EventReader(const EventReader&) = delete;
  EventReader& operator=(const EventReader&) = delete;

  /// Reads the next event, which is valid until the next call. Returns: false at the end.
  ///
  /// Errors: malformed, with file, line and column; the input's.
  virtual Result<bool> next(Event& event) = 0;

  /// An error about the event read last, at `where`, a value of it; without one, at its beginning.
  virtual Error error(const Value& where, std::string_view message) const = 0;
  Error error(std::string_view message) const { return error(Value(), message); }

  /// Of our own format: what the header says, a map. Complete when the first event has been read. Else nil.
  virtual Value header() const { return {}; }
  /// Whether operations are tied by invocation and completion in an order of time; if not, only that within a process is known.
  virtual bool has_realtime() const { return true; }

 protected:
  EventReader() = default;
};

/// A reader of `format`. `input` must outlive it.
std::unique_ptr<EventReader> make_reader(Format format, TextInput& input);

/// How much of a file is looked at to tell its format, and later its workload.
inline constexpr std::size_t sample_bytes = 1u << 20;

/// Lengthens the window of `input` to sample_bytes, or to all there is, and steps over a byte order mark. Errors: the input's.
Result<> load_sample(TextInput& input);

}  // namespace faultline::formats
