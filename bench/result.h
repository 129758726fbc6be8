// What a benchmark measured: figures with their bounds and, beside them, what the machine itself can do, printed for people or as
// JSON.
#pragma once

#include <string>
#include <vector>

namespace faultline::bench {

struct Figure {
  std::string name;
  double value = 0;
  std::string unit;
  double at_least = 0;  // the bound; zero: none
  double at_most = 0;
  double raw = 0;           // the same work without us, in the same run; zero: not measured
  double at_most_raws = 0;  // a bound in multiples of `raw`; zero: none

  bool holds() const {
    return (at_least == 0 || value >= at_least) && (at_most == 0 || value <= at_most) &&
           (at_most_raws == 0 || value <= at_most_raws * raw);
  }
};

struct BenchResult {
  std::string name;
  std::vector<Figure> figures;

  bool holds() const;
  /// A table, a line per figure.
  std::string to_text() const;
  std::string to_json() const;
};

}  // namespace faultline::bench
