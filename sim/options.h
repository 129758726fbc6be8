// Everything that can be set about a simulated world. A probability is an exact fraction, a time is integer nanoseconds: no
// floating point decides anything.
//
// The defaults are a calm world: fast network, sound disks, exact clocks. Faults are added by a scenario, by swarm sampling, or by
// hand through World.
#pragma once

#include <cstdint>

#include "base/random.h"
#include "base/strong.h"
#include "base/time.h"
#include "runtime/trace.h"

namespace faultline::sim {

using NodeId = Strong<struct NodeIdTag, std::uint32_t>;
/// Stands for "no node" in fault events.
inline constexpr NodeId no_node{UINT32_MAX};

/// How long something takes: `min`, plus an exponentially distributed extra of the given mean, never more than `max`.
struct Delay {
  Duration min{};
  Duration mean_extra{};
  Duration max = Duration::max();

  Duration draw(RandomStream& random) const {
    if (mean_extra == Duration{}) return min;
    const Duration extra = random.exponential(mean_extra);
    return extra > max - min ? max : min + extra;
  }
};

/// One direction of the network between two nodes.
struct LinkOptions {
  Delay latency{100us, 100us, 10ms};
  std::uint64_t bytes_per_second = 0;      // shared by all connections of the direction; 0 is unlimited
  std::uint32_t window_bytes = 16 * 1024;  // bytes written and not yet read by the peer, at most
  Ratio small_window{};                    // of connections whose receiver is slow: their window is small_window_bytes
  std::uint32_t small_window_bytes = 512;

  Ratio short_read{};   // of reads that return a part of what is there
  Ratio short_write{};  // of writes that take a part of what they are given
  Ratio stall{};        // of writes that arrive late: a lost packet and its retransmission
  Delay stall_time{200ms, 400ms, 5s};
  Ratio reset{};      // of writes that break the connection
  Ratio half_open{};  // of writes after which the network silently forgets the connection
  Ratio refuse{};     // of connection attempts that are refused although somebody listens
};

struct DiskOptions {
  std::uint64_t capacity_bytes = 0;  // 0 is unlimited
  Delay read_time{20us, 30us, 10ms};
  Delay write_time{5us, 5us, 10ms};  // into the page cache
  Delay sync_time{100us, 400us, 50ms};
  Delay metadata_time{10us, 20us, 10ms};
  std::uint64_t bytes_per_second = 0;  // of reads and writes; 0 is unlimited

  Ratio stall{};  // of operations that take stall_time longer
  Delay stall_time{100ms, 900ms, 10s};
  Ratio read_error{};         // of reads that fail with io_error
  Ratio write_error{};        // of writes that fail after any part of them
  Ratio sync_error{};         // of syncs of files that fail: the fsync trap
  Ratio sync_dir_error{};     // of syncs of directories that fail; the disk is read-only from then on
  Ratio metadata_error{};     // of changes of names that fail; the disk is read-only from then on
  Ratio lying_sync{};         // of syncs that claim success and do nothing
  Ratio lost_write{};         // of pages that a sync claims to have written and did not
  Ratio misdirected_write{};  // of pages that a sync writes over another page of the same file
  Ratio latent_error{};       // of synced pages that cannot be read once they have left the page cache
  Ratio late_no_space{1, 4};  // of writes to a full disk that are accepted and make the next sync fail instead
};

struct ClockOptions {
  Duration wall_offset{};
  std::int32_t drift_ppm = 0;  // of both clocks; positive is fast
};

/// Of the places marked with env.buggify.fires(): which are active in this run, and how often an active one fires.
struct BuggifyOptions {
  Ratio site_enabled{0, 1};
  Ratio fires{1, 20};
};

/// Which trace events stay in memory; the hash covers all of them in any case.
enum class TraceKeep : std::uint8_t {
  none,
  last,  // a window of the last ones, for the report of a failure
  all,
};

struct Options {
  std::uint64_t seed = 1;
  WallTime wall_start = WallTime(1'700'000'000s);  // virtual time zero
  LinkOptions link{};
  LinkOptions loopback{.latency = {5us, 5us, 100us}};
  DiskOptions disk{};
  BuggifyOptions buggify{};
  bool random_schedule = false;  // draw the next of several ready fibers, instead of first in, first out
  Duration turn_time = 100us;    // what one turn of the processor costs a node, per unit of slowness above one
  TraceLevel trace_level = TraceLevel::debug;
  TraceKeep trace_keep = TraceKeep::last;
  std::size_t trace_window = 8192;  // events, for TraceKeep::last
};

}  // namespace faultline::sim
