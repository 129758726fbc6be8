// Most formats hold the same events, which go through one by one. Two pairs do not: our words for a log and Jepsen's, between which lies
// a LogHistory; and the session notation, whose 0 is a value or nothing, which only its end tells.
#include "checkers/formats/convert.h"

#include <set>
#include <utility>
#include <vector>

#include "checkers/formats/history_jsonl.h"
#include "checkers/formats/kafka_events.h"
#include "checkers/formats/to_log.h"

namespace faultline::formats {

namespace {

Result<LeftOut> copy(EventReader& reader, EventWriter& writer) {
  Event event;
  while (TRY(reader.next(event))) TRY(writer.add(event, reader));
  TRY(writer.finish());
  return writer.left_out();
}

Result<LeftOut> convert_log(EventReader& reader, Format to, const WriteOptions& options, const TextSink& sink) {
  const checkers::LogHistory history = TRY(read_log(reader));
  if (to == Format::jsonl) {
    write_history(history, sink);
    return LeftOut();
  }
  const std::unique_ptr<EventWriter> writer = TRY(make_writer(to, options, sink));
  KafkaEvents events(history, options.lossy);
  LeftOut left_out = TRY(copy(events, *writer));
  for (const auto& [what, count] : events.left_out()) left_out[what] += count;
  return left_out;
}

// A history without time, kept to be looked at twice.
class KeptEvents final : public EventReader {
 public:
  Result<> load(EventReader& reader) {
    Event event;
    while (TRY(reader.next(event))) {
      event.value = arena_.deep_copy(event.value);
      event.f = "txn";
      events_.push_back(event);
      for (const Value& mop : event.value.items()) {
        if (mop.items()[0].text() == "w" && is_zero(mop)) zero_written_.insert(mop.items()[1].integer());
      }
    }
    return {};
  }

  Result<bool> next(Event& event) override {
    if (next_ == events_.size()) return false;
    event = events_[next_++];
    mops_.clear();
    for (const Value& mop : event.value.items()) {
      const std::span<const Value> parts = mop.items();
      const bool nothing = is_zero(mop) && parts[0].text() == "r" && !zero_written_.contains(parts[1].integer());
      const Value read[] = {parts[0], parts[1], Value()};
      mops_.push_back(nothing ? Value::items(arena_.copy(std::span<const Value>(read))) : mop);
    }
    event.value = Value::items(mops_);
    return true;
  }

  Error error(const Value& /*where*/, std::string_view message) const override {
    return Error(Errc::unsupported, std::string(message));
  }

 private:
  static bool is_zero(const Value& mop) { return mop.items()[2].integer() == 0; }

  Arena arena_;
  std::vector<Event> events_;
  std::vector<Value> mops_;
  std::set<std::int64_t> zero_written_;  // keys
  std::size_t next_ = 0;
};

}  // namespace

Result<LeftOut> convert(EventReader& reader, Format from, Format to, const WriteOptions& options, const TextSink& sink) {
  const bool log = options.workload.kind == WorkloadKind::log;
  if (log && (from == Format::jsonl || to == Format::jsonl)) return convert_log(reader, to, options, sink);
  const std::unique_ptr<EventWriter> writer = TRY(make_writer(to, options, sink));
  if (reader.has_realtime() || to == Format::sessions) return copy(reader, *writer);
  KeptEvents kept;
  TRY(kept.load(reader));
  return copy(kept, *writer);
}

}  // namespace faultline::formats
