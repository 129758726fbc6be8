// Processes that outlive the command that started them, known by their number and when they began.
//
// A number alone says nothing: once its process has ended, the system gives it to another one. Number, start time and the machine's boot
// together name one process for ever (proc(5): field 22 of stat counts ticks since the boot).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace faultline::cli {

struct Process {
  std::int32_t pid = 0;   // 0: none
  std::string beginning;  // "BOOT-ID:TICKS"

  bool operator==(const Process&) const = default;
};

enum class ProcessState : std::uint8_t { gone, running, paused };

/// Starts a program that no terminal reaches; what it prints is appended to `log`. Errors: io_error.
Result<Process> start_process(const std::vector<std::string>& command, const std::string& log);

/// A process that has ended, even if nobody has noted it yet, is gone; so is one whose number another has taken over.
ProcessState state_of(const Process& process);

/// Errors: not_found: it is gone; io_error.
Result<> send_signal(const Process& process, int signal);

/// The program that runs this. Errors: io_error.
Result<std::string> own_program();

}  // namespace faultline::cli
