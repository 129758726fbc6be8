// What a benchmark measured: figures with their bounds, printed for people or as JSON.
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

  bool holds() const { return (at_least == 0 || value >= at_least) && (at_most == 0 || value <= at_most); }
};

struct BenchResult {
  std::string name;
  std::vector<Figure> figures;

  bool holds() const;
  /// A line per figure.
  std::string to_text() const;
  std::string to_json() const;
};

}  // namespace faultline::bench
