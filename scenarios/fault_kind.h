// The faults a scenario can name, and which parameters each of them takes.
//
// One table for reading, checking, drawing, printing and the reference: a parameter that a fault does not take is refused by
// the reader, so that none is accepted and ignored.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/time.h"

namespace faultline::scenarios {

/// From `low` to `high`, both included; a single value has both equal.
template <class T>
struct Range {
  T low{};
  T high{};

  bool operator==(const Range&) const = default;
};

enum class FaultKind : std::uint8_t {
  // process
  power_loss,
  kill,
  stop,
  wipe,
  rename_host,
  pause,
  slow_node,
  // disk
  sync_error,
  write_error,
  read_error,
  metadata_error,
  disk_full,
  read_only,
  slow_disk,
  disk_stall,
  bit_rot,
  latent_sector_error,
  misdirected_write,
  lost_write,
  lying_flush,
  // network
  partition,
  one_way_partition,
  split,
  bridge,
  clog,
  swizzle,
  packet_loss,
  short_reads,
  slow_reader,
  reset,
  half_open,
  refuse,
  slow_network,
  // clock
  clock_step,
  clock_drift,
  clock_freeze,
};

/// What a fault does to what, in one line of the reference.
struct FaultInfo {
  FaultKind kind;
  std::string_view name;
  std::string_view what;
  /// The parameters it takes, with the values they have unless the scenario says otherwise.
  std::optional<Range<Duration>> lasts = {};          // "for"
  std::optional<Range<Duration>> restart_after = {};  // how long the node stays down
  std::optional<Range<Duration>> latency = {};        // added to each operation
  std::optional<Range<Duration>> by = {};             // how far a clock jumps; may be negative
  std::optional<Range<std::int64_t>> count = {};      // how many pages, sectors or writes
  std::optional<Range<std::int64_t>> ppm = {};        // clock rate, in parts per million; may be negative
  std::optional<Range<std::int64_t>> factor = {};     // how many times slower
  std::optional<Ratio> share = {};                    // of the operations
  bool takes_peer = false;                            // between two nodes
  bool takes_path = false;                            // of files whose path contains it
};

std::span<const FaultInfo> fault_infos();
const FaultInfo& info_of(FaultKind kind);

/// Whether it takes what a server has synced, behind its back.
bool destroys_data(FaultKind kind);

}  // namespace faultline::scenarios
