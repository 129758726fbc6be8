// LogConverter: events of sends and polls as a history for the log checkers (checkers/history.h).
//
// Two dialects. Ours is docs/formats/history.md: strict, since a misspelt field would change the verdict. The other is that of Jepsen's
// workload `kafka` (and Maelstrom's of that name): operations :send, :poll and :txn of micro-operations [:send k v] and [:poll],
// completed as [:send k [offset v]] and [:poll {k [[offset v] ...]}], with :assign and :subscribe.
#pragma once

#include <memory>

#include "base/result.h"
#include "checkers/formats/event_reader.h"
#include "checkers/history.h"

namespace faultline::formats {

class LogConverter {
 public:
  virtual ~LogConverter() = default;
  LogConverter(const LogConverter&) = delete;
  LogConverter& operator=(const LogConverter&) = delete;

  /// Takes the event that `reader` has just read. Errors: malformed, with its place.
  virtual Result<> add(const Event& event, const EventReader& reader) = 0;
  virtual checkers::LogHistory take() && = 0;

 protected:
  LogConverter() = default;
};

/// For our own dialect.
std::unique_ptr<LogConverter> make_log_converter();
/// For Jepsen's.
std::unique_ptr<LogConverter> make_kafka_converter();

/// All events of `reader` as a history; the dialect is ours if the format is.
Result<checkers::LogHistory> read_log(EventReader& reader);

}  // namespace faultline::formats
