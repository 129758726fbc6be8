#include "checkers/verdict.h"

#include <fmt/format.h>

namespace faultline::checkers {

std::uint64_t Verdict::count(std::string_view name) const {
  std::uint64_t sum = 0;  // tolerated instances and failures are counted apart
  for (const AnomalyCount& entry : counts) {
    if (entry.anomaly == name) sum += entry.count;
  }
  return sum;
}

std::string_view to_string(Verdict::Outcome outcome) {
  switch (outcome) {
    case Verdict::Outcome::valid: return "valid";
    case Verdict::Outcome::invalid: return "invalid";
    case Verdict::Outcome::unknown: return "unknown";
  }
  return "";
}

namespace {

__extension__ using Wide = unsigned __int128;

// part / whole compared with the ratio, exactly. An empty whole meets every bound: there was nothing to read or to leave open.
bool share_below(std::uint64_t part, std::uint64_t whole, Ratio ratio) {
  return static_cast<Wide>(part) * ratio.denominator < static_cast<Wide>(whole) * ratio.numerator;
}
bool share_above(std::uint64_t part, std::uint64_t whole, Ratio ratio) {
  return static_cast<Wide>(part) * ratio.denominator > static_cast<Wide>(whole) * ratio.numerator;
}

std::string joined(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ", ")); }

}  // namespace

std::vector<std::string> unmet(const Requirements& required, const Vacuity& did) {
  std::vector<std::string> failures;
  if (did.acknowledged < required.min_acknowledged) {
    failures.push_back(fmt::format("{} records were acknowledged, {} are required", did.acknowledged, required.min_acknowledged));
  }
  if (did.records_read < required.min_records_read) {
    failures.push_back(fmt::format("{} records were read, {} are required", did.records_read, required.min_records_read));
  }
  if (share_below(did.acknowledged_read, did.acknowledged, required.min_read_share)) {
    failures.push_back(fmt::format("{} of {} acknowledged records were ever read, a share of {}/{} is required",
                                   did.acknowledged_read, did.acknowledged, required.min_read_share.numerator,
                                   required.min_read_share.denominator));
  }
  if (share_above(did.indefinite, did.operations, required.max_indefinite_share)) {
    failures.push_back(fmt::format("{} of {} operations are indefinite, at most a share of {}/{} is allowed", did.indefinite,
                                   did.operations, required.max_indefinite_share.numerator,
                                   required.max_indefinite_share.denominator));
  }
  if (did.faults_overlapping < required.min_faults_overlapping) {
    failures.push_back(fmt::format("{} faults overlapped an operation, {} are required", did.faults_overlapping,
                                   required.min_faults_overlapping));
  }
  if (required.every_partition_polled && !did.never_polled.empty()) {
    failures.push_back(fmt::format("no record was ever read from {}", joined(did.never_polled)));
  }
  if (required.every_partition_read_to_end && !did.never_read_to_end.empty()) {
    failures.push_back(fmt::format("no final read reached the end of {}", joined(did.never_read_to_end)));
  }
  return failures;
}

}  // namespace faultline::checkers
