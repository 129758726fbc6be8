#include "checkers/formats/event_writer.h"

#include <fmt/format.h>

#include "checkers/formats/operation_syntax.h"
#include "checkers/formats/writers.h"

namespace faultline::formats {

void EventWriter::leave_out(std::string_view what) {
  const auto found = left_out_.find(what);
  ++(found != left_out_.end() ? found->second : left_out_[std::string(what)]);
}

Result<> EventWriter::lose(std::string_view what, const Value& where, const EventReader& reader) {
  if (!options_.lossy) {
    return reader.error(where,
                        fmt::format("the format {} has no word for {}; --lossy leaves this out", to_string(format_), what));
  }
  leave_out(what);
  return {};
}

Error EventWriter::refuse(std::string_view what, const Value& where, const EventReader& reader) const {
  return reader.error(where, fmt::format("the format {} {}", to_string(format_), what));
}

void EventWriter::end_line() {
  text_ += '\n';
  if (text_.size() >= piece_bytes) flush();
}

void EventWriter::flush() {
  sink_(text_);
  text_.clear();
}

bool has_keyed_values(const Workload& workload) {
  return workload.kind == WorkloadKind::model && (workload.model == Model::register_ || workload.model == Model::kv);
}

Target keyed_target(const Event& event, const Workload& workload) {
  if (!has_keyed_values(workload)) return {event.key, event.value, false};
  const bool pair = workload.model == Model::register_ && (event.f == "cas" || event.f.starts_with("compare-and-"));
  return target_of(event, pair);
}

Result<std::unique_ptr<EventWriter>> make_writer(Format format, const WriteOptions& options, TextSink sink) {
  const auto no_such = [&](std::string_view why) {
    return Error(Errc::unsupported, fmt::format("a history of {} cannot be written as {}, which {}", to_string(options.workload),
                                                to_string(format), why));
  };
  const WorkloadKind kind = options.workload.kind;
  switch (format) {
    case Format::jsonl:
    case Format::json:
    case Format::edn: return make_map_writer(format, options, std::move(sink));
    case Format::jepsen_log: return make_jepsen_log_writer(options, std::move(sink));
    case Format::porcupine:
      if (kind != WorkloadKind::model) return no_such("has operations on one object each");
      if (options.workload.model == Model::znodes) return no_such("has no errors by name");
      return make_porcupine_writer(options, std::move(sink));
    case Format::sessions:
      if (kind != WorkloadKind::rw_register) return no_such("has transactions that read and write registers");
      return make_session_writer(options, std::move(sink));
  }
  return no_such("is not known");
}

}  // namespace faultline::formats
