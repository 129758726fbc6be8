// The system on trial: a log of numbers, kept by a primary and a backup. It knows nothing of the simulator.
//
// A client sends a number to the primary. The primary stores it, sends it to the backup, which stores it too, and answers when both
// have it on their disks: one machine may burn and nothing that was answered is lost. When the backup does not answer ... there
// the planted mistake is.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "runtime/env.h"

namespace primary_backup {

struct Config {
  faultline::Endpoint primary{"primary", 7000};
  faultline::Endpoint backup{"backup", 7001};
  /// The planted mistake: a primary that cannot reach its backup goes on alone instead of making the client wait.
  bool answer_without_backup = false;
};

void run_primary(faultline::Env& env, const Config& config);
void run_backup(faultline::Env& env, const Config& config);

/// Appends `number` through the primary. Errors: whatever happened to the connection; the number may have been appended then.
faultline::Result<> append(faultline::Env& env, const Config& config, std::uint64_t number);

/// What a node's disk holds.
faultline::Result<std::vector<std::uint64_t>> read_log(faultline::Disk& disk);

}  // namespace primary_backup
