// The dialect of Jepsen's workload `kafka`. What an operation is follows from its micro-operations, not from its name: the workload
// calls a transaction of sends only :send.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "checkers/formats/log_history_builder.h"

namespace faultline::formats {

using checkers::LogHistory;
using checkers::LogOperation;
using checkers::LogRecord;
using checkers::no_event;
using checkers::no_offset;
using checkers::OperationId;
using checkers::OperationKind;
using checkers::Outcome;

namespace {

// What says nothing about the log: a client that is stopped on purpose, a look at the topics for people.
bool is_ignored(std::string_view f) { return f == "crash" || f == "debug-topic-partitions"; }

class KafkaConverter final : public LogConverter {
 public:
  Result<> add(const Event& event, const EventReader& reader) override {
    reader_ = &reader;
    TRY(builder_.make_room(reader));
    now_ = std::max(now_, Time(Duration(event.time.value_or(std::max<std::int64_t>(0, now_.time_since_epoch().count())))));
    if (!event.client) {
      faults_.add(event, now_);
      return {};
    }
    if (is_ignored(event.f)) return {};
    if (event.type == EventType::invoke) return invoke(event);
    return complete(event);
  }

  LogHistory take() && override {
    for (checkers::FaultInterval& fault : std::move(faults_).take(now_)) builder_.recorder().add_fault(std::move(fault));
    LogHistory history = std::move(builder_.recorder()).take();
    mark_final_reads(history);
    return history;
  }

 private:
  Result<> invoke(const Event& event) {
    const std::uint32_t number = builder_.next();
    TRY(builder_.pairing().open(event, number, *reader_));
    TRY(begin(event, builder_.pairing().process_of(event, number)));
    return {};
  }

  Result<OperationId> begin(const Event& event, std::int32_t process) {
    checkers::HistoryRecorder& recorder = builder_.recorder();
    if (event.f == "assign" || event.f == "subscribe") {
      TRY(read_partitions(event));
      const OperationKind kind = event.f == "assign" ? OperationKind::assign : OperationKind::subscribe;
      return recorder.invoke_positioning(kind, process, now_, records_);
    }
    const OperationKind kind = TRY(read_sends(event));
    if (kind == OperationKind::poll) return recorder.invoke_poll(process, now_);
    if (kind == OperationKind::txn) return recorder.invoke_txn(process, now_, records_);
    return recorder.invoke_send(process, now_, records_);
  }

  Result<> read_partitions(const Event& event) {
    records_.clear();
    if (!event.value.is_sequence() && !event.value.is_nil())
      return reader_->error(event.value, "the value of :assign and :subscribe is a vector of keys");
    const std::int64_t offset = event.fields.find("seek-to-beginning?").is_true() ? 0 : no_offset;
    for (const Value& key : event.value.items()) records_.push_back({builder_.partition(plain_text(key)), offset, 0});
    return {};
  }

  // The records that the micro-operations send, and what kind of operation they make.
  Result<OperationKind> read_sends(const Event& event) {
    records_.clear();
    if (event.f != "send" && event.f != "poll" && event.f != "txn") {
      return reader_->error(
          fmt::format("the operations of a log are :send, :poll, :txn, :assign, :subscribe and :crash, not :{}; for other "
                      "histories give --model",
                      event.f));
    }
    if (!event.value.is_sequence()) return reader_->error(event.value, "expected a vector of [:send key value] and [:poll]");
    bool polls = false;
    for (const Value& mop : event.value.items()) {
      const std::span<const Value> parts = mop.items();
      if (!mop.is_sequence() || parts.empty() || !parts[0].is_name())
        return reader_->error(mop, "expected [:send key value] or [:poll]");
      if (parts[0].text() == "poll") {
        polls = true;
      } else if (parts[0].text() == "send" && parts.size() == 3) {
        const Value& value = parts[2];
        const bool with_offset = value.is_sequence() && value.items().size() == 2;
        const Value& offset = with_offset ? value.items()[0] : value;
        const bool known = with_offset && offset.is_integer() && offset.integer() >= 0;
        records_.push_back({builder_.partition(plain_text(parts[1])), known ? offset.integer() : no_offset,
                            values_.number(with_offset ? value.items()[1] : value)});
      } else {
        return reader_->error(mop, "expected [:send key value] or [:poll]");
      }
    }
    if (event.f == "txn" || (polls && !records_.empty())) return OperationKind::txn;
    return polls || event.f == "poll" ? OperationKind::poll : OperationKind::send;
  }

  Result<> complete(const Event& event) {
    const std::optional<std::uint32_t> open = TRY(builder_.pairing().close(event, *reader_));
    const OperationId id = open ? OperationId(*open) : TRY(begin(event, builder_.pairing().process_of(event, builder_.next())));
    const OperationKind kind = builder_.operation(id).kind;
    const std::string problem = event.error.is_nil() ? std::string() : plain_text(event.error);
    const Outcome outcome = outcome_of(event.type);
    checkers::HistoryRecorder& recorder = builder_.recorder();
    if (kind == OperationKind::assign || kind == OperationKind::subscribe) {
      recorder.complete(id, now_, outcome, problem);
      return {};
    }
    if (!event.fields.find("rebalance-log").items().empty()) recorder.set_rebalanced(id);
    TRY(read_offsets(event, builder_.operation(id)));
    TRY(read_polls(event));
    if (kind == OperationKind::send) recorder.complete_send(id, now_, outcome, offsets_, problem);
    if (kind == OperationKind::poll) recorder.complete_poll(id, now_, outcome, polled_, problem);
    if (kind == OperationKind::txn) recorder.complete_txn(id, now_, outcome, offsets_, polled_, problem);
    return {};
  }

  // A completion that is not ok may carry the invocation's value, an error, or nothing: then no offset is known.
  Result<> read_offsets(const Event& event, const LogOperation& operation) {
    offsets_.clear();
    if (!event.value.is_sequence()) return {};
    TRY(read_sends(event));
    const std::span<const LogRecord> sent = builder_.history().sent_by(operation);
    const auto same = [](const LogRecord& a, const LogRecord& b) { return a.partition == b.partition && a.value == b.value; };
    if (!std::ranges::equal(records_, sent, same)) {
      return reader_->error(event.value, "the completion must repeat what the invocation sends, in its order");
    }
    for (const LogRecord& record : records_) offsets_.push_back(record.offset);
    return {};
  }

  Result<> read_polls(const Event& event) {
    polled_.clear();
    for (const Value& mop : event.value.items()) {
      const std::span<const Value> parts = mop.items();
      if (parts.size() < 2 || parts[0].text() != "poll" || parts[1].is_nil()) continue;
      if (!parts[1].is_map()) return reader_->error(parts[1], "expected [:poll {key [[offset value] ...]}]");
      const std::span<const Value> entries = parts[1].items();
      for (std::size_t i = 0; i < entries.size(); i += 2) TRY(read_messages(entries[i], entries[i + 1]));
    }
    return {};
  }

  Result<> read_messages(const Value& key, const Value& messages) {
    const checkers::PartitionId partition = builder_.partition(plain_text(key));
    for (const Value& message : messages.items()) {
      const std::span<const Value> pair = message.items();
      if (pair.size() != 2 || !pair[0].is_integer() || pair[0].integer() < 0)
        return reader_->error(message, "expected [offset value]");
      polled_.push_back({partition, pair[0].integer(), values_.number(pair[1])});
    }
    return {};
  }

  static void mark_final_reads(LogHistory& history) {
    const std::uint32_t sent = last_event_of_sends(history);
    for (LogOperation& operation : history.operations) {
      if (operation.kind == OperationKind::poll && operation.invoke_index > sent) operation.final_read = true;
    }
  }

  LogHistoryBuilder builder_;
  FaultCollector faults_;
  ValueNumbers values_;
  const EventReader* reader_ = nullptr;
  Time now_{};
  std::vector<LogRecord> records_;
  std::vector<LogRecord> polled_;
  std::vector<std::int64_t> offsets_;
};

}  // namespace

std::uint32_t last_event_of_sends(const LogHistory& history) {
  std::uint32_t sent = 0;
  for (const LogOperation& operation : history.operations) {
    if (!history.sent_by(operation).empty())
      sent = std::max(sent, operation.completion_index == no_event ? operation.invoke_index : operation.completion_index);
  }
  return sent;
}

std::unique_ptr<LogConverter> make_kafka_converter() { return std::make_unique<KafkaConverter>(); }

Result<LogHistory> read_log(EventReader& reader) {
  Event event;
  bool more = TRY(reader.next(event));
  const std::unique_ptr<LogConverter> converter = reader.header().is_nil() ? make_kafka_converter() : make_log_converter();
  while (more) {
    TRY(converter->add(event, reader));
    more = TRY(reader.next(event));
  }
  return std::move(*converter).take();
}

}  // namespace faultline::formats
