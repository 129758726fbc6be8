// Consistency levels by name, what each proscribes, and which anomaly implies which.
//
// After Adya, "Weak Consistency" (1999); Bailis et al., "Highly Available Transactions" (2013); Cerone, Bernardi and Gotsman, "A
// Framework for Transactional Consistency Models with Atomic Visibility" (2015); the names of anomalies are Elle's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace faultline::transactions {

enum class ConsistencyLevel : std::uint8_t {
  read_uncommitted,
  read_committed,
  monotonic_atomic_view,
  read_atomic,
  causal,
  cursor_stability,
  snapshot_isolation,
  repeatable_read,
  serializable,
  strong_session_read_uncommitted,
  strong_session_read_committed,
  strong_session_snapshot_isolation,
  strong_session_serializable,
  strong_snapshot_isolation,
  strict_serializable,
};

/// All levels, in the order of the enum.
std::span<const ConsistencyLevel> all_consistency_levels();

/// "snapshot-isolation".
std::string_view to_string(ConsistencyLevel level);

/// The level called `name`, by its name or another that is in use ("strong-serializable", "PL-3").
std::optional<ConsistencyLevel> parse_consistency_level(std::string_view name);

/// Whether a history with `anomaly` cannot have come from a system that keeps `level`.
bool proscribes(ConsistencyLevel level, std::string_view anomaly);

/// The weakest levels that `anomalies` rule out: none of them implies another of them.
std::vector<ConsistencyLevel> weakest_ruled_out(std::span<const std::string> anomalies);

}  // namespace faultline::transactions
