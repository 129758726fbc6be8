// EventWriter: the counterpart of EventReader: events, one after another, as a file of some format.
//
// Formats differ in what they can say. What *no* file of a format says (Porcupine's operations know of no faults, the session notation
// of no time) is left out and counted. What this history says and the format has no word for is refused, with its place, because a
// verdict might hang on it; whoever wants the rest nevertheless allows it (`lossy`), and is told what was left out.
// docs/CHECKING.md has the table.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "checkers/formats/event_reader.h"
#include "checkers/formats/text_sink.h"
#include "checkers/formats/workload.h"

namespace faultline::formats {

/// What did not get into a file: a count by what it is ("faults", "times").
using LeftOut = std::map<std::string, std::uint64_t, std::less<>>;

struct WriteOptions {
  Workload workload;   // what the history is about: the same value means a key to one and a pair to another
  bool lossy = false;  // leave out what the format has no word for, instead of refusing it
};

class EventWriter {
 public:
  virtual ~EventWriter() = default;
  EventWriter(const EventWriter&) = delete;
  EventWriter& operator=(const EventWriter&) = delete;

  /// Writes the event that `reader` has just read. Errors: with its place: the format cannot express it.
  virtual Result<> add(const Event& event, const EventReader& reader) = 0;
  /// Writes what is left. Nothing may follow. Errors: the format cannot express the history as a whole.
  virtual Result<> finish() = 0;

  const LeftOut& left_out() const { return left_out_; }

 protected:
  EventWriter(Format format, WriteOptions options, TextSink sink) : options_(options), format_(format), sink_(std::move(sink)) {}

  /// Says that the format lacks `what`, always.
  void leave_out(std::string_view what);
  /// The format lacks `what`, which this history has. Errors: so it is, unless it may be left out.
  Result<> lose(std::string_view what, const Value& where, const EventReader& reader);
  /// The format cannot say this, and a history without it would be another.
  Error refuse(std::string_view what, const Value& where, const EventReader& reader) const;

  /// Ends a line, or hands on what there is.
  void end_line();
  void flush();

  const WriteOptions options_;
  std::string text_;  // not handed on yet

 private:
  const Format format_;
  const TextSink sink_;
  LeftOut left_out_;
};

/// A writer of `format`. A history of a log (WorkloadKind::log) is written in Jepsen's words for it; our own are write_history's.
///
/// Errors: unsupported: the format has no such histories at all.
Result<std::unique_ptr<EventWriter>> make_writer(Format format, const WriteOptions& options, TextSink sink);

}  // namespace faultline::formats
