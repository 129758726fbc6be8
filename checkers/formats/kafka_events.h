// KafkaEvents: a history of a log in the words of Jepsen's workload `kafka`, event by event: what kafka_converter.cc reads, the other
// way round.
//
// That workload knows sends, polls, transactions of both, :assign and :subscribe. Groups' commits, what is known of a record beyond its
// offset and value, and the exact end of a poll it has no words for: such a history is refused, unless it may lose them.
#pragma once

#include <memory>

#include "checkers/formats/event_reader.h"
#include "checkers/formats/event_writer.h"
#include "checkers/history.h"

namespace faultline::formats {

class KafkaEvents final : public EventReader {
 public:
  /// `history` must outlive it.
  KafkaEvents(const checkers::LogHistory& history, bool lossy);
  ~KafkaEvents() override;

  /// Errors: unsupported: there is no word for what comes next, and it may not be left out.
  Result<bool> next(Event& event) override;
  Error error(const Value& where, std::string_view message) const override;

  const LeftOut& left_out() const { return left_out_; }

 private:
  bool next_fault(Event& event);
  Result<> check(const checkers::LogOperation& operation);
  Result<> check_records(const checkers::LogOperation& operation);
  Result<> lose(std::string_view what);
  void write(const checkers::LogOperation& operation, bool completion, Event& event);
  void add_sends(const checkers::LogOperation& operation, bool offsets, std::vector<Value>& mops);
  void add_polls(const checkers::LogOperation& operation, bool completion, std::vector<Value>& mops);
  Value partition(checkers::PartitionId id) const;
  Value sequence(std::initializer_list<Value> items, Kind kind = Kind::vector);

  const checkers::LogHistory& history_;
  const bool lossy_;
  const std::vector<checkers::EventRef> events_;
  const std::uint32_t last_send_;
  bool numbered_ = false;            // a process has several operations under way somewhere
  std::vector<std::size_t> faults_;  // in order of their beginning
  std::size_t next_fault_ = 0;
  std::size_t next_event_ = 0;
  std::uint32_t operation_ = 0;  // of the event read last
  Arena arena_;
  LeftOut left_out_;
};

}  // namespace faultline::formats
