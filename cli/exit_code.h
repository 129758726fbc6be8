// What the program's exit status says. `run` promises those up to not_deterministic and internal, `check` ok, invalid, usage, unknown and
// internal; every other subcommand uses ok, failed, usage and internal.
#pragma once

namespace faultline::cli {

enum class ExitCode : int {
  ok = 0,               // as expected
  safety_violated = 1,  // or an expected finding was not found
  hollow = 1,           // nothing was found wrong, but a run did too little to mean anything
  failed = 1,           // the brokers refused, or could not be reached
  invalid = 1,          // a history is invalid, tested too little, or is not what its manifest says
  usage = 2,            // bad usage or a bad file
  liveness_violated = 3,
  unknown = 3,  // no history is invalid, but of one it is not known
  not_deterministic = 4,
  internal = 5,
};

}  // namespace faultline::cli
