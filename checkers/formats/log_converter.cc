// Our own dialect: every field is checked, and replayed into a HistoryRecorder, so that what comes out keeps the promises of every
// recorded history. Grammar: docs/formats/history.md.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <limits>
#include <vector>

#include "checkers/formats/log_history_builder.h"

namespace faultline::formats {

using checkers::LogOperation;
using checkers::LogRecord;
using checkers::no_event;
using checkers::no_offset;
using checkers::OperationId;
using checkers::OperationKind;
using checkers::Outcome;
using checkers::RecordAttributes;

namespace {

constexpr std::int64_t int64_max = std::numeric_limits<std::int64_t>::max();
constexpr std::array kinds{OperationKind::send,      OperationKind::poll,   OperationKind::assign,
                           OperationKind::seek,      OperationKind::txn,    OperationKind::subscribe,
                           OperationKind::rebalance, OperationKind::commit, OperationKind::offset_fetch};

// The fields of an event that the reader does not know already.
enum Field : std::size_t {
  index,
  time,
  op,
  process,
  type,
  f,
  value,
  error,
  final,
  rebalanced,
  end,
  polled,
  group,
  generation,
  decided,
  read_committed
};
constexpr std::array<std::string_view, 16> field_names{"index", "time",       "op",      "process",       "type", "f",
                                                       "value", "error",      "final",   "rebalanced",    "end",  "polled",
                                                       "group", "generation", "decided", "read_committed"};

struct Fields {
  std::bitset<field_names.size()> present;
  std::array<Value, field_names.size()> values;

  bool has(Field field) const { return present[field]; }
};

bool is_listing(OperationKind kind) { return kind == OperationKind::rebalance || kind == OperationKind::offset_fetch; }

class OwnConverter final : public LogConverter {
 public:
  Result<> add(const Event& event, const EventReader& reader) override {
    reader_ = &reader;
    event_ = &event;
    if (!header_read_) TRY(read_header());
    TRY(builder_.make_room(reader));
    TRY(read_fields());
    if (!event.client) return read_fault();
    return read_event();
  }

  checkers::LogHistory take() && override { return std::move(builder_.recorder()).take(); }

 private:
  // A field that is missing is reported at the event's beginning, any other where its name stands.
  Error fail(Field field, std::string_view message) const {
    const std::span<const Value> entries = event_->fields.items();
    for (std::size_t i = 0; i < entries.size(); i += 2) {
      if (entries[i].text() == field_names[field]) return reader_->error(entries[i], message);
    }
    return reader_->error(message);
  }

  Result<> read_header() {
    header_read_ = true;
    const Value partitions = reader_->header().find("partitions");
    const bool named = std::ranges::all_of(partitions.items(), [](const Value& name) { return name.kind() == Kind::text; });
    if (!partitions.is_nil() && (!partitions.is_sequence() || !named)) {
      return reader_->error("\"partitions\" of the header must be an array of names");
    }
    for (const Value& name : partitions.items()) builder_.partition(name.text());
    return {};
  }

  Result<> read_fields() {
    fields_.present.reset();
    const std::span<const Value> entries = event_->fields.items();
    for (std::size_t i = 0; i < entries.size(); i += 2) {
      const auto known = std::ranges::find(field_names, entries[i].text());
      if (known == field_names.end()) {
        return reader_->error(
            entries[i], fmt::format("unknown key \"{}\"; an event has {}", entries[i].text(), fmt::join(field_names, ", ")));
      }
      const auto field = static_cast<std::size_t>(known - field_names.begin());
      fields_.present[field] = true;
      fields_.values[field] = entries[i + 1];
    }
    return {};
  }

  Result<std::int64_t> integer(Field field, std::int64_t low, std::int64_t high) const {
    if (!fields_.has(field)) return fail(field, fmt::format("\"{}\" is missing", field_names[field]));
    const Value& found = fields_.values[field];
    if (found.is_integer() && found.integer() >= low && found.integer() <= high) return found.integer();
    return fail(field, fmt::format("\"{}\" must be an integer from {} to {}", field_names[field], low, high));
  }

  Result<bool> flag(Field field) const {
    if (!fields_.has(field)) return false;
    if (fields_.values[field].kind() != Kind::boolean)
      return fail(field, fmt::format("\"{}\" must be true or false", field_names[field]));
    return fields_.values[field].is_true();
  }

  Result<std::string_view> text(Field field) const {
    if (!fields_.has(field)) return std::string_view();
    if (fields_.values[field].kind() != Kind::text)
      return fail(field, fmt::format("\"{}\" must be a string", field_names[field]));
    return fields_.values[field].text();
  }

  Result<> forbid(std::initializer_list<Field> fields, std::string_view why) const {
    for (const Field field : fields) {
      if (fields_.has(field)) return fail(field, fmt::format("\"{}\" {}", field_names[field], why));
    }
    return {};
  }

  Result<> read_fault() {
    checkers::FaultInterval fault;
    fault.begin = Time(Duration(TRY(integer(time, 0, int64_max))));
    fault.name = event_->f;
    const Value target = event_->value.find("target");
    const Value until = event_->value.find("end");
    if (target.kind() != Kind::text || !until.is_integer())
      return fail(value, R"("value" of a fault must be {"target":...,"end":...})");
    fault.target = target.text();
    fault.end = Time(Duration(until.integer()));
    if (fault.end < fault.begin) return reader_->error(until, "the fault ends before it begins");
    builder_.recorder().add_fault(std::move(fault));
    return {};
  }

  Result<> read_event() {
    const auto next = static_cast<std::int64_t>(builder_.history().event_count);
    if (event_->index && *event_->index != next) {
      return fail(index, fmt::format("expected index {}, since every event has the next one", next));
    }
    const Time now = Time(Duration(TRY(integer(time, 0, int64_max))));
    if (now < last_time_) return fail(time, "this event is earlier than the one before it");
    last_time_ = now;
    TRY(integer(process, std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()));
    if (fields_.has(op)) TRY(integer(op, 0, int64_max));
    const OperationKind kind = TRY(read_kind());
    if (event_->type == EventType::invoke) return invoke(now, kind);
    return complete(now, kind);
  }

  Result<OperationKind> read_kind() const {
    for (const OperationKind kind : kinds) {
      if (event_->f == to_string(kind)) return kind;
    }
    std::string names;
    for (const OperationKind kind : kinds) names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", to_string(kind));
    return fail(f, fmt::format("\"f\" must be one of {}", names));
  }

  Result<> invoke(Time now, OperationKind kind) {
    TRY(builder_.pairing().open(*event_, builder_.next(), *reader_));
    const bool final_read = TRY(flag(final));
    if (final_read && kind != OperationKind::poll) return fail(final, "only a poll can be final");
    TRY(forbid({end, rebalanced, error, polled}, "belongs to a completion"));
    const bool lists_later = kind == OperationKind::poll || is_listing(kind);
    if (lists_later) TRY(forbid({value}, "of this operation belongs to its completion"));
    if (!lists_later) TRY(read_records(value, has_values(kind)));
    const std::int32_t by = *event_->process;
    OperationId id;
    checkers::HistoryRecorder& recorder = builder_.recorder();
    switch (kind) {
      case OperationKind::send: id = recorder.invoke_send(by, now, records_, attributes_); break;
      case OperationKind::poll: id = recorder.invoke_poll(by, now, final_read); break;
      case OperationKind::txn: id = recorder.invoke_txn(by, now, records_, attributes_); break;
      case OperationKind::rebalance:
      case OperationKind::offset_fetch: id = recorder.invoke_listing(kind, by, now); break;
      default: id = recorder.invoke_positioning(kind, by, now, records_); break;
    }
    if (TRY(flag(read_committed))) {
      if (kind != OperationKind::poll && kind != OperationKind::txn)
        return fail(read_committed, "\"read_committed\" belongs to a poll or a txn");
      recorder.set_read_committed(id);
    }
    return read_details(id);
  }

  // What may stand in either event of an operation.
  Result<> read_details(OperationId id) {
    if (fields_.has(group) || fields_.has(generation)) {
      const std::string_view name = TRY(text(group));
      const std::int64_t number = fields_.has(generation) ? TRY(integer(generation, -1, std::numeric_limits<std::int32_t>::max())) : -1;
      builder_.recorder().set_group(id, name, static_cast<std::int32_t>(number));
    }
    if (!fields_.has(decided)) return {};
    const LogOperation& operation = builder_.operation(id);
    if (operation.kind != OperationKind::txn) return fail(decided, "\"decided\" belongs to a txn");
    const std::int64_t events = TRY(integer(decided, std::int64_t{operation.invoke_index} + 1, no_event - 1));
    builder_.recorder().set_decided(id, static_cast<std::uint32_t>(events));
    return {};
  }

  Result<> complete(Time now, OperationKind kind) {
    const std::optional<std::uint32_t> number = TRY(builder_.pairing().close(*event_, *reader_));
    if (!number) return fail(fields_.has(op) ? op : process, "this completes an operation that is not under way");
    const OperationId id(*number);
    const LogOperation& operation = builder_.operation(id);
    if (operation.process != *event_->process) {
      return fail(process, fmt::format("the operation was invoked by process {}", operation.process));
    }
    if (operation.kind != kind) return fail(f, fmt::format("the operation was invoked as \"{}\"", to_string(operation.kind)));
    TRY(forbid({final, read_committed}, "belongs to the invocation"));
    if (kind != OperationKind::poll && kind != OperationKind::txn) TRY(forbid({end, rebalanced}, "belongs to a poll"));
    if (kind != OperationKind::txn) TRY(forbid({polled}, "belongs to a txn"));
    TRY(read_details(id));
    return complete(id, now, kind, outcome_of(event_->type), TRY(text(error)));
  }

  Result<> complete(OperationId id, Time now, OperationKind kind, Outcome outcome, std::string_view problem) {
    checkers::HistoryRecorder& recorder = builder_.recorder();
    switch (kind) {
      case OperationKind::send:
        TRY(read_offsets(builder_.operation(id)));
        recorder.complete_send(id, now, outcome, offsets_, problem);
        return {};
      case OperationKind::poll:
        TRY(read_polled(value));
        TRY(read_poll_fields(id));
        recorder.complete_poll(id, now, outcome, records_, problem, attributes_);
        return {};
      case OperationKind::txn:
        TRY(read_offsets(builder_.operation(id)));
        TRY(read_polled(polled));
        TRY(read_poll_fields(id));
        recorder.complete_txn(id, now, outcome, offsets_, records_, problem, attributes_);
        return {};
      case OperationKind::rebalance:
      case OperationKind::offset_fetch:
        records_.clear();
        if (fields_.has(value)) TRY(read_records(value, false));
        recorder.complete_listing(id, now, outcome, records_, problem);
        return {};
      default:
        TRY(forbid({value}, "belongs to the invocation"));
        recorder.complete(id, now, outcome, problem);
        return {};
    }
  }

  Result<> read_polled(Field field) {
    records_.clear();
    attributes_.clear();
    if (fields_.has(field)) TRY(read_records(field, true));
    return {};
  }

  Result<> read_poll_fields(OperationId id) {
    if (TRY(flag(rebalanced))) builder_.recorder().set_rebalanced(id);
    if (!fields_.has(end)) return {};
    const std::span<const Value> items = fields_.values[end].items();
    const bool shaped =
        fields_.values[end].is_sequence() && items.size() == 2 && items[0].kind() == Kind::text && items[1].is_integer();
    if (!shaped || items[1].integer() < 0) return fail(end, R"("end" must be [partition, offset])");
    builder_.recorder().set_exact_end(id, builder_.partition(items[0].text()), items[1].integer());
    return {};
  }

  // An array of [partition, offset or null, value] with perhaps a map of attributes, or of [partition, offset or null].
  Result<> read_records(Field field, bool with_values) {
    records_.clear();
    attributes_.clear();
    const auto bad = [&] {
      return fail(field, fmt::format("\"{}\" must be an array of [partition, offset or null{}]", field_names[field],
                                     with_values ? ", integer" : ""));
    };
    if (!fields_.has(field) || !fields_.values[field].is_sequence()) return bad();
    for (const Value& item : fields_.values[field].items()) {
      const std::span<const Value> parts = item.items();
      const std::size_t size = with_values ? 3 : 2;
      if (!item.is_sequence() || parts.size() < size || parts.size() > size + (with_values ? 1 : 0)) return bad();
      if (parts[0].kind() != Kind::text || (!parts[1].is_nil() && (!parts[1].is_integer() || parts[1].integer() < 0)))
        return bad();
      LogRecord record{builder_.partition(parts[0].text()), parts[1].is_nil() ? no_offset : parts[1].integer(), 0};
      if (with_values && !parts[2].is_integer()) return bad();
      if (with_values) record.value = parts[2].integer();
      if (parts.size() > size) TRY(read_attributes(parts[size]));
      records_.push_back(record);
      if (!attributes_.empty()) attributes_.resize(records_.size());
    }
    return {};
  }

  // Those of the record that is about to be added.
  Result<> read_attributes(const Value& map) {
    RecordAttributes row;
    if (!map.is_map())
      return reader_->error(map, "what follows a record's value must be an object: {\"key\":...,\"producer\":...}");
    const std::span<const Value> entries = map.items();
    for (std::size_t i = 0; i < entries.size(); i += 2) TRY(read_attribute(entries[i], entries[i + 1], row));
    attributes_.resize(records_.size() + 1);
    attributes_.back() = row;
    return {};
  }

  Result<> read_attribute(const Value& name, const Value& found, RecordAttributes& row) const {
    const auto in = [&](std::int64_t low, std::int64_t high) {
      return found.is_integer() && found.integer() >= low && found.integer() <= high;
    };
    constexpr auto int32_max = std::int64_t{std::numeric_limits<std::int32_t>::max()};
    constexpr auto int16_max = std::int64_t{std::numeric_limits<std::int16_t>::max()};
    bool right = false;
    if (name.text() == "key" && (right = in(RecordAttributes::no_key + 1, int64_max))) row.key = found.integer();
    if (name.text() == "producer" && (right = in(0, int64_max))) row.producer = found.integer();
    if (name.text() == "sequence" && (right = in(0, int32_max))) row.sequence = static_cast<std::int32_t>(found.integer());
    if (name.text() == "epoch" && (right = in(0, int16_max))) row.epoch = static_cast<std::int16_t>(found.integer());
    if (name.text() == "bytes" && (right = in(0, int32_max))) row.bytes = static_cast<std::int32_t>(found.integer());
    if (name.text() == "timestamp" && (right = in(std::numeric_limits<std::int64_t>::min() + 1, int64_max)))
      row.timestamp = Time(Duration(found.integer()));
    if (name.text() == "tombstone" && (right = found.kind() == Kind::boolean)) row.tombstone = found.is_true();
    if (right) return {};
    return reader_->error(
        name, "a record may have key, producer, epoch, sequence, bytes, timestamp (integers) and tombstone (true or false)");
  }

  // The completion of a send repeats its records, now with the offsets that became known; without "value" none is known.
  Result<> read_offsets(const LogOperation& operation) {
    offsets_.clear();
    if (!fields_.has(value)) return {};
    TRY(read_records(value, true));
    const std::span<const LogRecord> sent = builder_.history().sent_by(operation);
    const auto same = [](const LogRecord& a, const LogRecord& b) { return a.partition == b.partition && a.value == b.value; };
    if (!std::ranges::equal(records_, sent, same)) return fail(value, "the completion of a send must repeat its records");
    for (const LogRecord& record : records_) offsets_.push_back(record.offset);
    return {};
  }

  LogHistoryBuilder builder_;
  const EventReader* reader_ = nullptr;  // of the event that is being added
  const Event* event_ = nullptr;         // this event
  Fields fields_;
  bool header_read_ = false;
  Time last_time_{};
  std::vector<LogRecord> records_;
  std::vector<RecordAttributes> attributes_;
  std::vector<std::int64_t> offsets_;
};

}  // namespace

std::unique_ptr<LogConverter> make_log_converter() { return std::make_unique<OwnConverter>(); }

}  // namespace faultline::formats
