// Whom a fault strikes, where a name does not say it: who leads a partition now, all brokers, a majority of the voters.
//
// Names of nodes and "brokers", "clients" (one of them) are drawn before the run; these are looked up at the moment when the fault
// begins, in the cluster as it is then. A drawn scenario keeps them as they are: the same run finds the same nodes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/scenario.h"

namespace faultline::scenarios {

struct Target {
  enum class Kind : std::uint8_t {
    active_controller,   // "active controller"
    next_controller,     // "next controller": the fault waits until there is one that was elected and has committed nothing yet
    leader,              // "leader of orders-0"
    follower,            // "follower of orders-0": the first that does not lead
    all_brokers,         // "all brokers"
    all_servers,         // "all servers": controllers of their own included
    all_voters,          // "all voters"
    majority_of_voters,  // "majority of voters"
  };
  Kind kind = Kind::all_brokers;
  std::string partition = {};  // of a leader or follower: "orders-0"

  /// Whether it is more than one node in a cluster of several.
  bool many() const { return kind >= Kind::all_brokers; }
};

/// Nothing if the text is none of the above: the name of a node then.
std::optional<Target> parse_target(std::string_view text);

/// Whether a fault that is due waits until somebody is there whom it can strike.
bool waits_for_target(const FaultParameters& fault);

/// How they are written, for messages.
std::vector<std::string_view> target_words();

}  // namespace faultline::scenarios
