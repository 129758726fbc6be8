// FindingList: collects findings, counts all of them, spells out only the first few of each anomaly.
//
// The text of a finding is made by a callback, so that a history with 100,000 violations costs 100,000 increments and not as
// many sentences.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkers/verdict.h"

namespace faultline::checkers {

class FindingList {
 public:
  FindingList(const std::vector<std::string>& tolerated, std::uint32_t per_anomaly)
      : tolerated_(tolerated), per_anomaly_(per_anomaly) {}

  /// Counts one instance of `name`; `make()` returns the Finding (its partition, witness and text) if it is to be spelled out.
  template <class Make>
  void add(std::string_view name, Make make) {
    add_to(kind_of(name, !is_tolerated(name)), make);
  }
  /// The same, for an instance that is a failure although others of its name may be tolerated.
  template <class Make>
  void add_failure(std::string_view name, Make make) {
    add_to(kind_of(name, true), make);
  }

  bool has_failure() const {
    return std::any_of(kinds_.begin(), kinds_.end(), [](const Kind& kind) { return kind.total.failure; });
  }

  /// Moves all into `verdict`, failures first, and within them in the order in which each anomaly was first found.
  void into(Verdict& verdict) && {
    for (const bool failure : {true, false}) {
      for (Kind& kind : kinds_) {
        if (kind.total.failure != failure) continue;
        verdict.counts.push_back(kind.total);
        std::move(kind.findings.begin(), kind.findings.end(), std::back_inserter(verdict.findings));
      }
    }
  }

 private:
  struct Kind {
    AnomalyCount total;
    std::vector<Finding> findings;
  };

  template <class Make>
  void add_to(Kind& kind, Make make) {
    if (kind.total.count++ >= per_anomaly_) return;
    Finding finding = make();
    finding.anomaly = kind.total.anomaly;
    finding.failure = kind.total.failure;
    kind.findings.push_back(std::move(finding));
  }

  bool is_tolerated(std::string_view name) const {
    return std::find(tolerated_.begin(), tolerated_.end(), name) != tolerated_.end();
  }

  Kind& kind_of(std::string_view name, bool failure) {
    for (Kind& kind : kinds_) {
      if (kind.total.anomaly == name && kind.total.failure == failure) return kind;
    }
    kinds_.push_back({{std::string(name), failure, 0}, {}});
    return kinds_.back();
  }

  const std::vector<std::string>& tolerated_;
  const std::uint32_t per_anomaly_;
  std::vector<Kind> kinds_;
};

}  // namespace faultline::checkers
