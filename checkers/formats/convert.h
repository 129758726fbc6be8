// Histories from one format into another.
#pragma once

#include "checkers/formats/event_writer.h"

namespace faultline::formats {

/// Writes all events of `reader`, which come from a file of `from`, as a file of `to`.
///
/// Returns: what was left out. Errors: the reader's; the history does not fit the workload; the format cannot express it.
Result<LeftOut> convert(EventReader& reader, Format from, Format to, const WriteOptions& options, const TextSink& sink);

}  // namespace faultline::formats
