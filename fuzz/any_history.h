// Any bytes as a history of one format: each event is read, twice over, and offered to every converter. Nothing may crash, an error
// names its place, and what is read does not depend on where a chunk of the file ends.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/check.h"
#include "checkers/formats/convert.h"
#include "checkers/formats/event_reader.h"
#include "checkers/formats/to_log.h"
#include "checkers/formats/to_operations.h"
#include "checkers/formats/to_transactions.h"
#include "checkers/formats/workload.h"

namespace faultline::formats {

// All events as text, then the error, if there is one.
inline std::string all_events(Format format, TextInput& input) {
  std::string text;
  const auto reader = make_reader(format, input);
  Event event;
  for (;;) {
    const Result<bool> more = reader->next(event);
    if (!more) return text + more.error().detail;
    if (!*more) return text;
    text += to_edn(event.key) + to_edn(event.value) + to_edn(event.fields) + "\n";
  }
}

template <class Converter>
void judge(Format format, std::string_view text, Converter converter) {
  TextInput input(text, "fuzz");
  const auto reader = make_reader(format, input);
  Event event;
  for (Result<bool> more = reader->next(event); more && *more; more = reader->next(event)) {
    const Result<> added = converter.add(event, *reader);
    if (added) continue;
    ENSURE(added.error().detail.starts_with("fuzz:"));
    return;
  }
  std::move(converter).take();
}

// Into every format, as a history of every kind: either it can be said or there is an error.
inline void write_again(Format format, std::string_view text) {
  for (const Workload& workload :
       {Workload{WorkloadKind::log}, Workload{WorkloadKind::list_append}, Workload{WorkloadKind::rw_register},
        Workload{WorkloadKind::model, Model::register_}, Workload{WorkloadKind::model, Model::set}}) {
    for (const Format to : all_formats()) {
      TextInput input(text, "fuzz");
      const auto reader = make_reader(format, input);
      const Result<LeftOut> done = convert(*reader, format, to, {.workload = workload, .lossy = true}, [](std::string_view) {});
      ENSURE(done.has_value() || !done.error().detail.empty());
    }
  }
}

inline int fuzz_history(Format format, const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  detect_format(text);
  guess_workload(format, text, true);
  TextInput whole(text, "fuzz");
  std::string_view rest = text;
  constexpr std::size_t piece = 7;
  TextInput pieces(
      [&rest](std::span<char> span) -> Result<std::size_t> {
        const std::size_t count = std::min({piece, span.size(), rest.size()});
        rest.copy(span.data(), count);
        rest.remove_prefix(count);
        return count;
      },
      "fuzz");
  ENSURE(all_events(format, whole) == all_events(format, pieces));
  for (const Model model : all_models()) judge(format, text, OperationConverter(model));
  for (const bool lists : {true, false}) judge(format, text, TransactionConverter(lists));
  write_again(format, text);
  TextInput input(text, "fuzz");
  const auto reader = make_reader(format, input);
  const auto history = read_log(*reader);
  if (history) events_in_order(*history);
  return 0;
}

}  // namespace faultline::formats
