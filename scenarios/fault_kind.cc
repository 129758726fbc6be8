#include "scenarios/fault_kind.h"

#include <array>

#include "base/check.h"

namespace faultline::scenarios {
namespace {

constexpr Range<Duration> span(Duration low, Duration high) { return {low, high}; }

// In the order of FaultKind.
constexpr std::array<FaultInfo, 25> table{{
    {.kind = FaultKind::power_loss,
     .name = "power_loss",
     .what = "the machine loses power: what was not synced is kept, lost or torn, page by page",
     .restart_after = span(50ms, 1s)},
    {.kind = FaultKind::kill,
     .name = "kill",
     .what = "the process dies; the page cache survives, writes under way may land in part",
     .restart_after = span(50ms, 1s)},
    {.kind = FaultKind::pause,
     .name = "pause",
     .what = "the process stands still, its connections stay",
     .lasts = span(100ms, 3s)},
    {.kind = FaultKind::sync_error,
     .name = "sync_error",
     .what = "syncs fail once each, and the pages they covered are gone at the next start",
     .lasts = span(10ms, 500ms),
     .share = Ratio{1, 2}},
    {.kind = FaultKind::write_error,
     .name = "write_error",
     .what = "writes fail",
     .lasts = span(10ms, 500ms),
     .share = Ratio{1, 2}},
    {.kind = FaultKind::read_error, .name = "read_error", .what = "reads fail", .lasts = span(10ms, 500ms), .share = Ratio{1, 2}},
    {.kind = FaultKind::disk_full, .name = "disk_full", .what = "nothing more fits on the disk", .lasts = span(500ms, 5s)},
    {.kind = FaultKind::read_only, .name = "read_only", .what = "the disk refuses all changes", .lasts = span(500ms, 5s)},
    {.kind = FaultKind::slow_disk,
     .name = "slow_disk",
     .what = "every disk operation takes longer",
     .lasts = span(500ms, 5s),
     .latency = span(5ms, 100ms)},
    {.kind = FaultKind::disk_stall, .name = "disk_stall", .what = "no disk operation completes", .lasts = span(100ms, 3s)},
    {.kind = FaultKind::bit_rot, .name = "bit_rot", .what = "durable bits flip", .count = Range<std::int64_t>{1, 1}},
    {.kind = FaultKind::latent_sector_error,
     .name = "latent_sector_error",
     .what = "durable sectors can no longer be read",
     .lasts = span(100ms, 2s),
     .share = Ratio{1, 2}},
    {.kind = FaultKind::misdirected_write,
     .name = "misdirected_write",
     .what = "the next writes land elsewhere on the disk",
     .lasts = span(100ms, 2s),
     .share = Ratio{1, 2}},
    {.kind = FaultKind::lost_write,
     .name = "lost_write",
     .what = "the next writes are acknowledged and never reach the medium",
     .lasts = span(100ms, 2s),
     .share = Ratio{1, 2}},
    {.kind = FaultKind::lying_flush,
     .name = "lying_flush",
     .what = "syncs succeed and make nothing durable",
     .lasts = span(500ms, 5s)},
    {.kind = FaultKind::partition,
     .name = "partition",
     .what = "no packet passes, either way",
     .lasts = span(500ms, 5s),
     .takes_peer = true},
    {.kind = FaultKind::one_way_partition,
     .name = "one_way_partition",
     .what = "no packet passes from the node to its peer",
     .lasts = span(500ms, 5s),
     .takes_peer = true},
    {.kind = FaultKind::clog,
     .name = "clog",
     .what = "packets are held back, and delivered when it ends",
     .lasts = span(100ms, 3s),
     .takes_peer = true},
    {.kind = FaultKind::reset, .name = "reset", .what = "all present connections break", .takes_peer = true},
    {.kind = FaultKind::half_open,
     .name = "half_open",
     .what = "all present connections go silent and nobody is told",
     .takes_peer = true},
    {.kind = FaultKind::refuse,
     .name = "refuse",
     .what = "new connections are refused",
     .lasts = span(100ms, 3s),
     .takes_peer = true},
    {.kind = FaultKind::slow_network,
     .name = "slow_network",
     .what = "every packet takes longer",
     .lasts = span(500ms, 5s),
     .latency = span(5ms, 200ms),
     .takes_peer = true},
    {.kind = FaultKind::clock_step, .name = "clock_step", .what = "the wall clock jumps", .by = span(-1h, 1h)},
    {.kind = FaultKind::clock_drift,
     .name = "clock_drift",
     .what = "both clocks run at another rate",
     .lasts = span(1s, 20s),
     .ppm = Range<std::int64_t>{-100'000, 100'000}},
    {.kind = FaultKind::clock_freeze, .name = "clock_freeze", .what = "the wall clock stands still", .lasts = span(100ms, 5s)},
}};

}  // namespace

std::span<const FaultInfo> fault_infos() { return table; }

const FaultInfo& info_of(FaultKind kind) {
  const FaultInfo& info = table[static_cast<std::size_t>(kind)];
  ENSURE(info.kind == kind);
  return info;
}

}  // namespace faultline::scenarios
