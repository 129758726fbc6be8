#include "sim/faults.h"

namespace faultline::sim {

std::string_view to_string(FaultKind kind) {
  switch (kind) {
    case FaultKind::crash: return "crash";
    case FaultKind::kill: return "kill";
    case FaultKind::pause: return "pause";
    case FaultKind::slow: return "slow";
    case FaultKind::wipe: return "wipe";
    case FaultKind::partition: return "partition";
    case FaultKind::clog: return "clog";
    case FaultKind::stall: return "stall";
    case FaultKind::reset: return "reset";
    case FaultKind::half_open: return "half_open";
    case FaultKind::refuse: return "refuse";
    case FaultKind::rename_host: return "rename_host";
    case FaultKind::small_window: return "small_window";
    case FaultKind::short_read: return "short_read";
    case FaultKind::short_write: return "short_write";
    case FaultKind::disk_stall: return "disk_stall";
    case FaultKind::read_error: return "read_error";
    case FaultKind::write_error: return "write_error";
    case FaultKind::sync_error: return "sync_error";
    case FaultKind::metadata_error: return "metadata_error";
    case FaultKind::no_space: return "no_space";
    case FaultKind::lying_sync: return "lying_sync";
    case FaultKind::lost_write: return "lost_write";
    case FaultKind::misdirected_write: return "misdirected_write";
    case FaultKind::latent_error: return "latent_error";
    case FaultKind::bit_rot: return "bit_rot";
    case FaultKind::torn_page: return "torn_page";
    case FaultKind::lost_page: return "lost_page";
    case FaultKind::lost_name: return "lost_name";
    case FaultKind::lost_length: return "lost_length";
    case FaultKind::wall_step: return "wall_step";
    case FaultKind::drift: return "drift";
    case FaultKind::freeze: return "freeze";
    case FaultKind::buggify: return "buggify";
  }
  return "unknown";
}

}  // namespace faultline::sim
