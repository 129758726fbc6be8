// Happening: something worth knowing of the system on trial, as its operator would have noted it: a process started, a broker was fenced,
// a partition has another leader. Histories say what clients saw; happenings say what the system did meanwhile, and no verdict depends on
// them. They are for whoever has to understand a finding.
#pragma once

#include <string>

#include "base/time.h"

namespace faultline::checkers {

struct Happening {
  Time at{};
  std::string who;          // "broker-1"; empty: the trial as a whole
  std::string what;         // "quorum.leader_changed term=3 leader=2 leads=1"
  std::string partition{};  // if it concerns a single one
  bool fault = false;       // it was done to the system on purpose

  bool operator==(const Happening&) const = default;
};

/// When something was seen that no operation of a client shows, and since when what led to it may have happened.
struct Sighting {
  Time from{};
  Time at{};
};

}  // namespace faultline::checkers
