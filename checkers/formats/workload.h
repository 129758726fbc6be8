// Workload: what a history is about, and so which checker judges it; told from the history itself where it is unambiguous.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "checkers/formats/event_reader.h"
#include "checkers/formats/to_operations.h"

namespace faultline::formats {

enum class WorkloadKind : std::uint8_t {
  log,          // sends and polls: the log checker
  model,        // operations on a sequential object: linearizability
  list_append,  // transactions over lists
  rw_register,  // transactions over registers
};

struct Workload {
  WorkloadKind kind = WorkloadKind::log;
  Model model = Model::register_;  // of WorkloadKind::model

  bool operator==(const Workload&) const = default;
};

/// "log", the model's name, "elle-list-append", "elle-register".
std::string_view to_string(const Workload& workload);
/// By these names.
std::optional<Workload> parse_workload(std::string_view name);

struct Guess {
  std::optional<Workload> workload;
  std::string reason;  // "operations append, get, put"; without a workload: what was seen, and why it does not tell
};

/// What the history that begins with `sample` is about. `whole`: the sample is all of it.
Guess guess_workload(Format format, std::string_view sample, bool whole);

}  // namespace faultline::formats
