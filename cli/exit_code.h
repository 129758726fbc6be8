// What the program's exit status says. `run` promises all of them but failed; every other subcommand uses ok, failed, usage and
// internal.
#pragma once

namespace faultline::cli {

enum class ExitCode : int {
  ok = 0,               // as expected
  safety_violated = 1,  // or an expected finding was not found
  failed = 1,           // the brokers refused, or could not be reached
  usage = 2,            // bad usage or a bad file
  liveness_violated = 3,
  not_deterministic = 4,
  internal = 5,
};

}  // namespace faultline::cli
