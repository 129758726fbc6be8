// Transactions over registers as r(key,value,session,txn) and w(...): integers only, a session a process.
//
// The notation knows what committed and, write by write, what aborted. It knows no time, so of a history with invocations only the order
// within a process is kept. It has no word for nothing: a read of the initial value is a read of 0, which is right only as long as
// nobody writes 0 to that key.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "checkers/formats/pairing.h"
#include "checkers/formats/writers.h"

namespace faultline::formats {

namespace {

class SessionWriter final : public EventWriter {
 public:
  SessionWriter(const WriteOptions& options, TextSink sink) : EventWriter(Format::sessions, options, std::move(sink)) {}

  Result<> add(const Event& event, const EventReader& reader) override {
    if (!event.client) {
      leave_out("events of faults");
      return {};
    }
    if (!event.process) return refuse("needs the process of each transaction", Value(), reader);
    if (event.type == EventType::invoke) return begin(event, reader);
    const bool invoked = TRY(pairing_.close(event, reader))
    .has_value();
    if (!invoked) writes_of_[*event.process] = TRY(writes(event, reader));
    const auto open = writes_of_.extract(*event.process);
    if (open.empty())
      return refuse("needs a transaction to end in the process that began it", event.fields.find("process"), reader);
    const Writes& known = open.mapped();
    if (event.type == EventType::ok) return commit(event, reader);
    if (event.type == EventType::info && !known.empty()) {
      return refuse("has no word for a transaction of unknown outcome that writes", Value(), reader);
    }
    for (const auto& [key, value] : known) write_line("w", key, value, *event.process, aborted);
    return {};
  }

  Result<> finish() override {
    if (std::ranges::any_of(writes_of_, [](const auto& open) { return !open.second.empty(); }))
      return Error(Errc::unsupported, "the format sessions has no word for a transaction that never ended and writes");
    for (const auto& [key, zero] : zeros_) {
      if (zero.written && zero.nothing_read) return about_zero(key, "is written as 0 and was read before it had a value");
      if (!zero.written && zero.read && !zero.nothing_read) return about_zero(key, "was read as 0, which nobody wrote");
    }
    flush();
    return {};
  }

 private:
  using Writes = std::vector<std::pair<std::int64_t, std::int64_t>>;
  static constexpr std::int64_t aborted = -1;

  // What happened to the value 0 of a key.
  struct Zero {
    bool written = false;
    bool read = false;
    bool nothing_read = false;
  };

  Error about_zero(std::int64_t key, std::string_view what) const {
    return Error(Errc::unsupported,
                 "the format sessions takes 0 for the initial value, but key " + std::to_string(key) + " " + std::string(what));
  }

  Result<> begin(const Event& event, const EventReader& reader) {
    TRY(pairing_.open(event, 0, reader));
    leave_out("invocations");
    if (writes_of_.emplace(*event.process, TRY(writes(event, reader))).second) return {};
    return refuse("can only have one transaction of a process under way", event.fields.find("process"), reader);
  }

  static bool is_write(const Value& mop) {
    return !mop.items().empty() && (mop.items()[0].text() == "w" || mop.items()[0].text() == "write");
  }

  // What a transaction sets out to write.
  Result<Writes> writes(const Event& event, const EventReader& reader) const {
    Writes found;
    for (const Value& mop : event.value.items()) {
      if (is_write(mop)) found.push_back(TRY(numbers(mop, reader)));
    }
    return found;
  }

  // Key and value of a write, or of a read of something.
  Result<std::pair<std::int64_t, std::int64_t>> numbers(const Value& mop, const EventReader& reader) const {
    const std::span<const Value> parts = mop.items();
    if (parts.size() == 3 && parts[1].is_integer() && parts[2].is_integer())
      return std::pair(parts[1].integer(), parts[2].integer());
    return refuse("has integers as keys and values", mop, reader);
  }

  Result<> commit(const Event& event, const EventReader& reader) {
    if (!event.value.is_sequence())
      return reader.error(event.value, "the value of a transaction must be a vector of micro-operations");
    for (const Value& mop : event.value.items()) {
      const std::span<const Value> parts = mop.items();
      const bool nothing = parts.size() < 3 || parts[2].is_nil();
      if (is_write(mop) || !nothing) {
        const auto [key, value] = TRY(numbers(mop, reader));
        write_line(is_write(mop) ? "w" : "r", key, value, *event.process, transactions_);
      } else if (parts.size() < 2 || !parts[1].is_integer()) {
        return refuse("has integers as keys and values", mop, reader);
      } else if (parts.size() == 3) {
        zeros_[parts[1].integer()].nothing_read = true;
        write_line("r", parts[1].integer(), 0, *event.process, transactions_);
      } else {
        leave_out("reads of which nothing is known");
      }
    }
    ++transactions_;
    return {};
  }

  void write_line(std::string_view function, std::int64_t key, std::int64_t value, std::int32_t session,
                  std::int64_t transaction) {
    if (value == 0 && function == "w") zeros_[key].written = true;
    if (value == 0 && function == "r") zeros_[key].read = true;
    fmt::format_to(std::back_inserter(text_), "{}({},{},{},{})", function, key, value, session, transaction);
    end_line();
  }

  Pairing pairing_;
  std::map<std::int32_t, Writes> writes_of_;  // the transactions under way, by process
  std::map<std::int64_t, Zero> zeros_;
  std::int64_t transactions_ = 0;
};

}  // namespace

std::unique_ptr<EventWriter> make_session_writer(const WriteOptions& options, TextSink sink) {
  return std::make_unique<SessionWriter>(options, std::move(sink));
}

}  // namespace faultline::formats
