// Pairing: which invocation a completion belongs to.
//
// By the operation's number ("op"), where the format has one, else by its process, which then does one thing at a time; where the
// file names no process at all, by the order: a completion ends what began last. A history may also consist of completions only
// (transactions of which nothing but the outcome was kept): then each is an operation of its own, and no order in time is known.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "base/result.h"
#include "checkers/formats/event_reader.h"

namespace faultline::formats {

class Pairing {
 public:
  /// An operation begins and gets the number `operation`. Errors: its process has another under way.
  Result<> open(const Event& event, std::uint32_t operation, const EventReader& reader);

  /// An operation ends. Returns: its number, or nothing if the history has no invocations, and this is all that is known of it.
  ///
  /// Errors: it was never invoked.
  Result<std::optional<std::uint32_t>> close(const Event& event, const EventReader& reader);

  /// Whether some completion had no invocation.
  bool completions_only() const { return completions_only_; }

  /// The process of an event; where the file does not say, a negative one of its own for each operation.
  std::int32_t process_of(const Event& event, std::uint32_t operation) const {
    return event.process ? *event.process : -1 - static_cast<std::int32_t>(operation & 0x3fff'ffffu);
  }

 private:
  std::unordered_map<std::int64_t, std::uint32_t> by_number_;
  std::unordered_map<std::int64_t, std::uint32_t> by_process_;
  std::optional<std::uint32_t> nameless_;
  bool any_invocation_ = false;
  bool completions_only_ = false;
};

}  // namespace faultline::formats
