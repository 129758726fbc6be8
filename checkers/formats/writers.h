// The writers of the single formats, for make_writer().
#pragma once

#include <memory>

#include "checkers/formats/event_writer.h"
#include "checkers/formats/operation_syntax.h"

namespace faultline::formats {

/// Events as EDN maps or JSON objects, one a line; for our own format a header first.
std::unique_ptr<EventWriter> make_map_writer(Format format, const WriteOptions& options, TextSink sink);
/// Events as Jepsen's history.txt has them.
std::unique_ptr<EventWriter> make_jepsen_log_writer(const WriteOptions& options, TextSink sink);
/// Whole operations with two times each.
std::unique_ptr<EventWriter> make_porcupine_writer(const WriteOptions& options, TextSink sink);
/// r(key,value,session,txn) and w(key,value,session,txn).
std::unique_ptr<EventWriter> make_session_writer(const WriteOptions& options, TextSink sink);

/// Whether histories of this model name an object by the first half of a pair, [key value]; its functions tell a pair from a value.
bool has_keyed_values(const Workload& workload);
/// The object and the rest of the value of an event of such a history; of others the value is all there is.
Target keyed_target(const Event& event, const Workload& workload);

}  // namespace faultline::formats
