// Columns for people: each as wide as its widest cell, two spaces between them.
#pragma once

#include <string>
#include <vector>

namespace faultline::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> heads) : rows_{std::move(heads)} {}

  /// Requires: as many cells as there are heads.
  void add(std::vector<std::string> cells);
  /// To stdout.
  void print() const;

 private:
  std::vector<std::vector<std::string>> rows_;  // the heads first
};

}  // namespace faultline::cli
