// What is worth showing of a finding, out of a run of many thousand operations: what belongs to it, what was going on around it, and no
// more than a person can read. Both the picture and the timeline are drawn from a scene.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "checkers/happening.h"
#include "checkers/history.h"
#include "checkers/verdict.h"

namespace faultline::reports {

struct SceneLimits {
  std::size_t max_operations = 24;  // the witness is always shown, whatever its size
  std::size_t max_faults = 24;
  std::size_t max_happenings = 40;
};

/// What is known besides the history.
struct Context {
  std::span<const checkers::Happening> happenings{};  // in order of time
  std::optional<checkers::Sighting> seen{};           // of a finding without a witness
};

/// Operations and faults, each with its two moments, and happenings.
struct Scene {
  struct Event {
    const checkers::Happening* happening = nullptr;
    std::size_t times = 1;  // the same, in a row
  };

  std::vector<std::uint32_t> witness;                  // ascending
  std::vector<std::uint32_t> operations;               // ascending; the witness among them
  std::vector<const checkers::FaultInterval*> faults;  // as in the history
  std::vector<Event> happenings;
  // How many more there were, from the middle of the time that is shown.
  std::size_t faults_left_out = 0;
  std::size_t happenings_left_out = 0;
};

/// Shown is the time of the witness; without one, that of the sighting; without either, all of it.
/// Happenings that concern other partitions than the finding's are left out.
Scene scene_of(const checkers::LogHistory& history, const checkers::Finding& finding, const Context& context,
               const SceneLimits& limits);

/// When an operation was over, as far as anybody knows.
Time end_of(const checkers::LogOperation& operation);

/// Whether the operation is part of the witness.
bool in_witness(const Scene& scene, std::uint32_t operation);

}  // namespace faultline::reports
