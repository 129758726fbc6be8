// The readers of the single formats, for make_reader().
#pragma once

#include <memory>

#include "checkers/formats/event_reader.h"

namespace faultline::formats {

/// Events that are EDN maps or JSON objects.
std::unique_ptr<EventReader> make_map_reader(TextInput& input, bool json, bool with_header);
/// Lines that end in an event as Jepsen logs it; other lines are passed over.
std::unique_ptr<EventReader> make_jepsen_log_reader(TextInput& input);
/// Whole operations with two times each.
std::unique_ptr<EventReader> make_porcupine_reader(TextInput& input);
/// r(key,value,session,txn) and w(key,value,session,txn).
std::unique_ptr<EventReader> make_session_reader(TextInput& input);

}  // namespace faultline::formats
