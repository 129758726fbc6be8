// Trace, not log: one stream of structured events. The text log of a real broker, the timeline of a report and the determinism
// hash of a simulated run are views of it. An event names a static TracePoint and carries integers and short texts; never a
// pointer, never wall time.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <type_traits>

namespace faultline {

enum class TraceLevel : std::uint8_t { debug, info, warning, error };

/// A place in the code that emits events. Define one as `static constexpr`; its address is its identity.
struct TracePoint {
  std::string_view name;  // "log.append"
  TraceLevel level = TraceLevel::debug;
};

struct TraceField {
  std::string_view key;
  std::int64_t number = 0;
  std::string_view text;  // used if it is not empty, instead of the number

  TraceField(std::string_view field_key, std::string_view value) : key(field_key), text(value) {}
  TraceField(std::string_view field_key, const char* value) : key(field_key), text(value) {}
  template <class Integer>
    requires std::is_integral_v<Integer>
  TraceField(std::string_view field_key, Integer value) : key(field_key), number(static_cast<std::int64_t>(value)) {}
};

class Trace {
 public:
  virtual ~Trace() = default;

  void emit(const TracePoint& point, std::initializer_list<TraceField> fields = {}) {
    if (point.level >= threshold_) record(point, fields);
  }
  bool enabled(TraceLevel level) const { return level >= threshold_; }

 protected:
  /// Events below it are not recorded.
  void set_threshold(TraceLevel level) { threshold_ = level; }

 private:
  virtual void record(const TracePoint& point, std::initializer_list<TraceField> fields) = 0;

  TraceLevel threshold_ = TraceLevel::debug;
};

}  // namespace faultline
