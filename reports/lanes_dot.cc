#include "reports/lanes_dot.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <vector>

namespace faultline::reports {

using linearizability::WitnessOperation;

namespace {

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result;
}

// Events become columns, processes lanes; neato keeps both where they are put ("pos" with '!').
class Lanes {
 public:
  Lanes(const linearizability::Result& result, std::size_t operations_max) : result_(result) {
    const std::size_t count = std::min(result.witness.size(), operations_max);
    shown_ = std::span(result.witness).last(count);
    for (const WitnessOperation& operation : shown_) {
      lanes_.emplace(operation.process, 0);
      columns_.emplace(operation.invoke_index, 0);
      if (!operation.indefinite) columns_.emplace(operation.completion_index, 0);
    }
    number(lanes_);
    number(columns_);
  }

  std::string run() {
    std::string label = result_.text;
    if (shown_.size() < result_.witness.size()) {
      label += fmt::format(" ({} earlier operations are not shown)", result_.witness.size() - shown_.size());
    }
    text_ = "digraph lanes {\n  layout=neato; splines=false; node [shape=box fontname=\"Helvetica\" fontsize=9];\n";
    text_ += fmt::format("  label=\"{}\"; labelloc=t; fontname=\"Helvetica\";\n", escaped(label));
    for (const auto& [process, lane] : lanes_) draw_lane(process, lane);
    for (const WitnessOperation& operation : shown_) draw(operation);
    return text_ + "}\n";
  }

 private:
  static constexpr double column_width = 0.7;  // inches
  static constexpr double lane_height = 0.7;
  static constexpr double box_height = 0.45;
  static constexpr double letter_width = 0.07;  // at 9 points
  static constexpr double lane_name_at = -1.0;

  template <class Ids>
  static void number(Ids& ids) {
    int next = 0;
    for (auto& [id, place] : ids) place = next++;
  }

  double across(int column) const { return column_width * column; }
  static double down(int lane) { return -lane_height * lane; }
  double right_edge() const { return across(static_cast<int>(columns_.size())); }

  void draw_lane(std::int32_t process, int lane) {
    text_ += fmt::format("  \"lane{}\" [shape=plaintext fontsize=11 label=\"process {}\" pos=\"{:.2f},{:.2f}!\"];\n", lane,
                         process, lane_name_at, down(lane));
    text_ += fmt::format("  \"lane{}e\" [shape=point style=invis pos=\"{:.2f},{:.2f}!\"];\n", lane, right_edge() + 1, down(lane));
    text_ += fmt::format("  \"lane{}\" -> \"lane{}e\" [color=gray80 arrowsize=0.6];\n", lane, lane);
  }

  void draw(const WitnessOperation& operation) {
    const double begin = across(columns_.at(operation.invoke_index));
    const double end = operation.indefinite ? right_edge() : across(columns_.at(operation.completion_index));
    const double width = end - begin;
    const auto letters = static_cast<std::size_t>(width / letter_width);
    std::string label = operation.text.size() <= letters * 2 ? operation.text : operation.text.substr(0, letters * 2) + " ...";
    if (label.size() > letters && letters > 0) label.insert(letters, "\n");
    std::string shown;
    for (const char c : label) shown += c == '\n' ? std::string("\\n") : escaped(std::string_view(&c, 1));
    const std::string place = operation.placed ? fmt::format("\\n{}", operation.place + 1) : operation.stuck ? "\\nno place" : "";
    std::string_view style = "style=filled fillcolor=white color=gray60 fontcolor=gray40";
    if (operation.placed) style = "style=filled fillcolor=\"#d8e2f7\" color=\"#27408b\"";
    if (operation.indefinite) style = "style=\"filled,dashed\" fillcolor=\"#f4f4f4\" color=gray50";
    if (operation.stuck) style = "style=filled fillcolor=\"#f7c6c5\" color=\"#b3261e\" penwidth=2";
    text_ += fmt::format(
        "  \"op{}\" [label=\"{}{}\" tooltip=\"op {}\" pos=\"{:.2f},{:.2f}!\" fixedsize=true width={:.2f} height={} {}];\n",
        operation.index, shown, place, operation.source, (begin + end) / 2, down(lanes_.at(operation.process)), width, box_height,
        style);
  }

  const linearizability::Result& result_;
  std::span<const WitnessOperation> shown_;
  std::map<std::int32_t, int> lanes_;
  std::map<std::uint32_t, int> columns_;
  std::string text_;
};

}  // namespace

std::string lanes_dot(const linearizability::Result& result, std::size_t operations_max) {
  return result.witness.empty() ? "" : Lanes(result, operations_max).run();
}

}  // namespace faultline::reports
