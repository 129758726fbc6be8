#include "checkers/formats/merged_reader.h"

#include <fmt/format.h>

#include <limits>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace faultline::formats {

namespace {

class MergedReader final : public EventReader {
 public:
  explicit MergedReader(std::vector<NamedReader> readers) {
    for (NamedReader& reader : readers) sources_.push_back({std::move(reader), {}, false, 0, {}});
  }

  Result<bool> next(Event& event) override {
    if (!begun_) {
      begun_ = true;
      for (Source& source : sources_) TRY(advance(source));
      TRY(merge_headers());
    } else {
      TRY(advance(sources_[current_]));
    }
    const std::optional<std::size_t> chosen = first();
    if (!chosen) return false;
    current_ = *chosen;
    Source& source = sources_[current_];
    if (source.head.client) TRY(check_order(source));
    event = source.head;
    event.index.reset();
    TRY(renumber(event, source));
    return true;
  }

  Error error(const Value& where, std::string_view message) const override {
    return sources_[current_].from.reader->error(where, message);
  }
  Value header() const override { return header_; }
  bool has_realtime() const override { return true; }

 private:
  struct Source {
    NamedReader from;
    Event head;
    bool live = false;
    std::int64_t last_time = std::numeric_limits<std::int64_t>::min();
    std::vector<std::uint32_t> events_until;  // of all, by the events of this file: what "decided" counts
  };

  Result<> advance(Source& source) {
    source.live = TRY(source.from.reader->next(source.head));
    if (!source.live) return {};
    const Event& head = source.head;
    const EventReader& reader = *source.from.reader;
    if (!reader.has_realtime() || !head.time)
      return reader.error("to be merged, each event needs its \"time\", by a clock common to all files");
    if (!head.client) return {};
    if (!head.process) return reader.error("to be merged, each event needs its \"process\"");
    if (*head.time < source.last_time)
      return reader.error(head.fields.find("time"), "this event is earlier than the one before it");
    source.last_time = *head.time;
    const auto [owner, is_new] = owners_.emplace(*head.process, &source);
    if (is_new || owner->second == &source) return {};
    return reader.error(head.fields.find("process"),
                        fmt::format("process {} is in {} as well; give the clients of all files different numbers", *head.process,
                                    owner->second->from.name));
  }

  // Our own format lists its faults first, whatever their times.
  bool comes_at_once(const Source& source) const { return !source.head.client && !header_.is_nil(); }

  std::optional<std::size_t> first() const {
    std::optional<std::size_t> best;
    const auto rank = [&](const Source& source) {
      return std::tuple(!comes_at_once(source), *source.head.time, source.head.type != EventType::invoke);
    };
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      if (sources_[i].live && (!best || rank(sources_[i]) < rank(sources_[*best]))) best = i;
    }
    return best;
  }

  Result<> check_order(const Source& source) {
    if (*source.head.time != now_) returned_.clear();
    now_ = *source.head.time;
    if (source.head.type != EventType::invoke) {
      returned_.push_back(&source);
      return {};
    }
    for (const Source* other : returned_) {
      if (other == &source) continue;
      return source.from.reader->error(
          source.head.fields.find("time"),
          fmt::format(
              "at this time an operation of {} ended, and one of this file began after another event: which was first cannot "
              "be told; record times by a finer clock",
              other->from.name));
    }
    return {};
  }

  // Numbers of operations, and of events, are those of a file.
  Result<> renumber(Event& event, Source& source) {
    if (event.client) source.events_until.push_back(++count_);
    const Value number = event.fields.find("op");
    const Value decided = event.fields.find("decided");
    if (!number.is_integer() && !decided.is_integer()) return {};
    arena_.clear();
    const auto files = static_cast<std::int64_t>(sources_.size());
    if (number.is_integer() && (number.integer() < 0 || number.integer() > std::numeric_limits<std::int64_t>::max() / files - 1))
      return error(number, "to be merged, the numbers of operations must be from 0 and not so large");
    std::vector<Value> entries(event.fields.items().begin(), event.fields.items().end());
    for (std::size_t i = 0; i + 1 < entries.size(); i += 2) {
      Value& value = entries[i + 1];
      if (!value.is_integer()) continue;
      if (entries[i].text() == "op")
        value = Value::integer(value.integer() * files + static_cast<std::int64_t>(current_)).at(value.place());
      if (entries[i].text() == "decided") value = Value::integer(merged_count(value.integer(), source)).at(value.place());
    }
    event.fields = Value::items(arena_.copy(entries), Kind::map).at(event.fields.place());
    return {};
  }

  std::int64_t merged_count(std::int64_t events, const Source& source) const {
    if (events <= 0) return 0;
    const auto known = static_cast<std::int64_t>(source.events_until.size());
    return source.events_until[static_cast<std::size_t>(std::min(events, known) - 1)];
  }

  // All partitions, and the one model.
  Result<> merge_headers() {
    std::vector<Value> partitions;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      const Value header = sources_[i].from.reader->header();
      if (header.is_nil()) return {};
      current_ = i;
      const Value model = sources_.front().from.reader->header().find("model");
      if (!(header.find("model") == model))
        return error(Value(), fmt::format("its header states another model than that of {}", sources_.front().from.name));
      for (const Value& name : header.find("partitions").items()) partitions.push_back(name);
    }
    std::vector<Value> entries{Value::text("partitions"), Value::items(kept_.copy(partitions))};
    const Value model = sources_.front().from.reader->header().find("model");
    if (!model.is_nil()) entries.insert(entries.end(), {Value::text("model"), model});
    header_ = Value::items(kept_.copy(entries), Kind::map);
    return {};
  }

  std::vector<Source> sources_;
  std::size_t current_ = 0;  // of the event read last
  bool begun_ = false;
  Value header_;
  Arena kept_;                                              // of the header
  Arena arena_;                                             // of the event read last
  std::unordered_map<std::int32_t, const Source*> owners_;  // of processes
  std::int64_t now_ = std::numeric_limits<std::int64_t>::min();
  std::vector<const Source*> returned_;  // whose operations ended now
  std::uint32_t count_ = 0;
};

}  // namespace

std::unique_ptr<EventReader> make_merged_reader(std::vector<NamedReader> readers) {
  return std::make_unique<MergedReader>(std::move(readers));
}

}  // namespace faultline::formats
