// The trace of the real world: lines of text, one write each, above a level.
//
//   2026-03-01T12:00:00.000123Z info broker.ready host=127.0.0.1 port=9092 reason="no \"quotes\" lost"
//
// A line is written by the reactor's thread at once, so that the last words before a crash are there; keep the level high where
// stderr may block.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "runtime/trace.h"

namespace faultline {

class RealTrace final : public Trace {
 public:
  /// `path` "" means stderr. Errors: those of opening the file.
  static Result<std::unique_ptr<RealTrace>> open(const std::string& path, TraceLevel level);
  ~RealTrace() override;

 private:
  RealTrace(int descriptor, bool owned, TraceLevel level) : descriptor_(descriptor), owned_(owned) { set_threshold(level); }
  void record(const TracePoint& point, std::initializer_list<TraceField> fields) override;

  const int descriptor_;
  const bool owned_;
};

/// The line, with its line feed.
std::string trace_line(WallTime time, const TracePoint& point, std::initializer_list<TraceField> fields);

}  // namespace faultline
