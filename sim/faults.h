// What was done to the system: every staged fault, so that a report can show it and a check can tell a test that tested nothing.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "sim/options.h"

namespace faultline::sim {

enum class FaultKind : std::uint8_t {
  crash,
  kill,
  pause,
  slow,
  wipe,
  partition,
  clog,
  stall,
  reset,
  half_open,
  refuse,
  rename_host,
  small_window,
  short_read,
  short_write,
  disk_stall,
  read_error,
  write_error,
  sync_error,
  metadata_error,
  no_space,
  lying_sync,
  lost_write,
  misdirected_write,
  latent_error,
  bit_rot,
  torn_page,
  lost_page,
  lost_name,
  lost_length,
  wall_step,
  drift,
  freeze,
  buggify,
};
inline constexpr std::size_t fault_kinds = static_cast<std::size_t>(FaultKind::buggify) + 1;

/// The lower-case name of `kind`, as in the enum.
std::string_view to_string(FaultKind kind);

struct FaultEvent {
  Time start;
  Time end;  // equal to start for what happens in an instant; no_deadline while it lasts
  FaultKind kind;
  NodeId node = no_node;
  NodeId peer = no_node;  // the other end of a link
  std::string detail{};
};

class FaultLog {
 public:
  /// Records a fault. Returns: its index, for finish().
  std::size_t add(FaultEvent event) {
    ++counts_[static_cast<std::size_t>(event.kind)];
    events_.push_back(std::move(event));
    return events_.size() - 1;
  }
  void finish(std::size_t index, Time end) { events_[index].end = end; }
  /// For what happens too often to be listed: only counted.
  void count(FaultKind kind) { ++counts_[static_cast<std::size_t>(kind)]; }

  const std::vector<FaultEvent>& events() const { return events_; }
  std::uint64_t count_of(FaultKind kind) const { return counts_[static_cast<std::size_t>(kind)]; }

 private:
  std::vector<FaultEvent> events_;
  std::array<std::uint64_t, fault_kinds> counts_{};
};

}  // namespace faultline::sim
