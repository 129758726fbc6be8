// The one stream of events of a run: what the simulator does and what nodes emit through Env::trace.
//
// Every event goes into the rolling hash; which of them also stay in memory is an option. They are kept as small binary records
// and become text only when somebody asks. The window of the last events is kept as two generations of records: when the younger
// is full, the older is forgotten. The few events that an operator would write down are told at once to whoever listens: those are
// not lost with a process that dies of the next one.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/trace.h"
#include "sim/hash.h"
#include "sim/options.h"

namespace faultline::sim {

enum class TraceKind : std::uint8_t {
  node_start,
  node_stop,
  crash,
  kill,
  pause,
  resume,
  timers,
  listen,
  connect,
  established,
  connect_failed,
  accept,
  write,
  read,
  deliver,
  end_of_stream,
  reset,
  disk_open,
  disk_read,
  disk_write,
  disk_sync,
  disk_truncate,
  disk_names,
  disk_failed,
  power_loss,
  fault,
  point,
};

/// The lower-case name of `kind`, as in the enum.
std::string_view to_string(TraceKind kind);

struct TraceRecord {
  Time at;
  TraceKind kind;
  NodeId node;
  std::uint64_t a;  // what they mean depends on the kind: see TraceLog::format
  std::uint64_t b;
  std::uint64_t hash;  // of the run, up to and including this event
};

/// An event that an operator would write down: a process starts or has ended, a fault strikes, or code on trial emits something above
/// debug level. Valid during the call only.
struct News {
  Time at;
  NodeId node;
  TraceKind kind;                     // node_start, node_stop, fault or point
  std::uint64_t number = 0;           // node_start: of the incarnation; fault: the FaultKind
  const TracePoint* point = nullptr;  // of a point
  std::span<const TraceField> fields{};
};

/// "key=value key=value".
std::string format_fields(std::span<const TraceField> fields);

/// The events of a run that stayed in memory; it outlives its world.
class RunLog {
 public:
  const std::vector<TraceRecord>& records() const { return records_; }
  /// How many events happened before the first record.
  std::uint64_t skipped() const { return skipped_; }
  /// One line of text: "0.001250000 n2 write connection 7, 100 bytes".
  std::string format(std::size_t index) const;

 private:
  friend class TraceLog;
  struct Point {
    const TracePoint* point;
    std::uint32_t first_field;
    std::uint32_t field_count;
  };
  struct Field {
    std::string_view key;  // a literal, as TraceField asks
    std::int64_t number;
    std::uint32_t text_offset;
    std::uint32_t text_bytes;
  };

  void clear();

  std::uint64_t skipped_ = 0;
  std::vector<TraceRecord> records_;
  std::vector<Point> points_;  // what `a` of a `point` record indexes
  std::vector<Field> fields_;
  std::string texts_;
};

class TraceLog {
 public:
  TraceLog(TraceKeep keep, std::size_t window) : keep_(keep), window_(window) {}

  void add(Time at, NodeId node, TraceKind kind, std::uint64_t a = 0, std::uint64_t b = 0) {
    hash_.add(static_cast<std::uint64_t>(at.time_since_epoch().count()) ^ (static_cast<std::uint64_t>(kind) << 56), a);
    hash_.add(b, node.value());
    ++count_;
    if (keep_ != TraceKeep::none) store(TraceRecord{at, kind, node, a, b, hash_.value()});
    if (listener_ && is_news(kind)) [[unlikely]]
      listener_({.at = at, .node = node, .kind = kind, .number = a});
  }
  void add_point(Time at, NodeId node, const TracePoint& point, std::initializer_list<TraceField> fields);

  /// `listener` is told of what is news from now on; it must not call the world.
  void on_news(std::function<void(const News&)> listener) { listener_ = std::move(listener); }

  std::uint64_t hash() const { return hash_.value(); }
  std::uint64_t count() const { return count_; }
  /// The newest kept events as text, oldest first, `limit` at most.
  std::vector<std::string> last(std::size_t limit) const;
  /// Gives the kept events away. Complete only with TraceKeep::all.
  RunLog take();

 private:
  static bool is_news(TraceKind kind) {
    return kind == TraceKind::node_start || kind == TraceKind::node_stop || kind == TraceKind::fault;
  }
  void store(const TraceRecord& record) {
    if (keep_ == TraceKeep::last && young_.records_.size() >= window_) [[unlikely]]
      turn_over();
    young_.records_.push_back(record);
  }
  void turn_over();

  // Constant after construction.
  const TraceKeep keep_;
  const std::size_t window_;
  // Constant once the run has begun.
  std::function<void(const News&)> listener_;
  // Volatile.
  RunningHash hash_;
  std::uint64_t count_ = 0;
  RunLog young_;
  RunLog old_;
};

/// Where two runs of the same seed part.
struct Divergence {
  std::uint64_t index;  // of the event, from zero
  std::string first;    // the event of either run, "(the run ended)" for the shorter one
  std::string second;
};

/// The first event that differs. Requires: both logs were kept with TraceKeep::all. Returns: nothing if the runs are equal.
std::optional<Divergence> first_divergence(const RunLog& first, const RunLog& second);

}  // namespace faultline::sim
