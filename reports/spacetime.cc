#include "reports/spacetime.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

namespace faultline::reports {

using checkers::FaultInterval;
using checkers::Finding;
using checkers::Happening;
using checkers::LogHistory;
using checkers::LogOperation;

namespace {

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result;
}

// `text` in lines of at most `width` letters, broken between words; what does not fit into `lines_max` of them is left out.
std::string wrapped(std::string_view text, std::size_t width, std::size_t lines_max) {
  std::string result;
  for (std::size_t lines = 1; !text.empty(); ++lines) {
    std::size_t count = text.size();
    if (count > width) {
      const std::size_t blank = text.substr(0, width + 1).rfind(' ');
      count = blank == std::string_view::npos || blank == 0 ? width : blank;
    }
    const bool left_out = lines == lines_max && count < text.size();
    result += escaped(text.substr(0, count)) + (left_out ? " ..." : "");
    text.remove_prefix(count);
    while (text.starts_with(' ')) text.remove_prefix(1);
    if (lines == lines_max) break;
    if (!text.empty()) result += "\\n";
  }
  return result;
}

// The moments of a scene become rows, the lanes columns; Graphviz's neato keeps both where they are put ("pos" with '!').
class Diagram {
 public:
  Diagram(const LogHistory& history, const Finding& finding, const Context& context, const SceneLimits& limits)
      : history_(history), finding_(finding), seen_(context.seen), scene_(scene_of(history, finding, context, limits)) {
    for (const std::uint32_t index : scene_.operations) {
      lane(process_lane(index));
      row(history.operations[index].invoked);
      row(end_of(history.operations[index]));
    }
    for (const FaultInterval* fault : scene_.faults) {
      lane(fault->target);
      row(fault->begin);
      row(fault->end);
    }
    for (const Scene::Event& event : scene_.happenings) {
      lane(lane_of(*event.happening));
      row(event.happening->at);
    }
    if (seen_only()) {
      lane("finding");
      row(seen_->at);
    }
    int number = 0;
    for (auto& [time, at] : rows_) at = number++;
  }

  std::string run() {
    text_ = "digraph spacetime {\n  layout=neato; splines=false; node [shape=box fontname=\"Helvetica\" fontsize=9];\n";
    line("  label=\"{}\"; labelloc=t; fontname=\"Helvetica\";", escaped(finding_.anomaly + ": " + finding_.text));
    for (std::size_t i = 0; i < lanes_.size(); ++i) draw_lane(i);
    for (const auto& [time, at] : rows_) {
      line("  \"t{}\" [shape=plaintext fontcolor=gray40 label=\"{}\" pos=\"-1.9,{}!\"];", at, checkers::seconds_text(time),
           height(at));
    }
    for (const std::uint32_t index : scene_.operations) draw_operation(index);
    for (std::size_t i = 0; i < scene_.faults.size(); ++i) draw_fault(i);
    for (std::size_t i = 0; i < scene_.happenings.size(); ++i) draw_happening(i);
    if (seen_only()) {
      draw_box("finding", finding_.anomaly, lane("finding"), seen_->at, seen_->at, witness_style());
    }
    return text_ + "}\n";
  }

 private:
  static constexpr double lane_width = 3.0;  // inches
  static constexpr double box_width = 2.6;
  static constexpr double row_height = 0.45;
  static constexpr double box_height_min = 0.36;
  static constexpr double line_height = 0.15;        // of a label at 9 points
  static constexpr std::size_t letters_a_line = 34;  // of a label, in a box of that width

  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    text_ += fmt::format(format, std::forward<Args>(args)...);
    text_ += '\n';
  }

  std::string process_lane(std::uint32_t index) const { return fmt::format("process {}", history_.operations[index].process); }

  std::size_t lane(const std::string& name) {
    const auto found = std::find(lanes_.begin(), lanes_.end(), name);
    if (found != lanes_.end()) return static_cast<std::size_t>(found - lanes_.begin());
    lanes_.push_back(name);
    return lanes_.size() - 1;
  }
  void row(Time time) { rows_.emplace(time, 0); }

  static std::string height(int row) { return fmt::format("{:.2f}", -row_height * (row + 1)); }
  static std::string across(std::size_t lane) { return fmt::format("{:.2f}", lane_width * static_cast<double>(lane)); }

  void draw_lane(std::size_t i) {
    const int last = static_cast<int>(rows_.size());
    line("  \"lane{}\" [shape=plaintext fontsize=11 label=\"{}\" pos=\"{},0!\"];", i, escaped(lanes_[i]), across(i));
    line("  \"lane{}e\" [shape=point style=invis pos=\"{},{}!\"];", i, across(i), height(last));
    line("  \"lane{}\" -> \"lane{}e\" [color=gray70 arrowsize=0.6];", i, i);
  }

  // A box as high as the time it took.
  void draw_box(const std::string& name, const std::string& label, std::size_t at, Time begin, Time end, std::string_view style) {
    const int first = rows_.at(begin);
    const int last = rows_.at(end);
    const double middle = -row_height * (1 + (first + last) / 2.0);
    const double box_height = row_height * (last - first) + box_height_min;
    const auto lines = static_cast<std::size_t>(box_height / line_height);
    line("  \"{}\" [label=\"{}\" pos=\"{},{:.2f}!\" fixedsize=true width={} height={:.2f} {}];", name,
         wrapped(label, letters_a_line, lines), across(at), middle, box_width, box_height, style);
  }

  void draw_operation(std::uint32_t index) {
    const LogOperation& operation = history_.operations[index];
    const std::string whole = checkers::describe(history_, index);
    // "op 5, process 2: send ..., 1 s to 2 s": the process is the lane, the times are on the left.
    const std::size_t colon = std::min(whole.find(": "), whole.size());
    const std::string label = whole.substr(0, whole.find(',')) + whole.substr(colon, whole.rfind(", ") - colon);
    const std::string_view style =
        !in_witness(scene_, index) ? "style=filled fillcolor=white color=gray60 fontcolor=gray40" : witness_style();
    draw_box(fmt::format("op{}", index), label, lane(process_lane(index)), operation.invoked, end_of(operation), style);
  }

  void draw_fault(std::size_t i) {
    const FaultInterval& fault = *scene_.faults[i];
    draw_box(fmt::format("fault{}", i), fault.name, lane(fault.target), fault.begin, fault.end,
             "style=\"filled,dashed\" fillcolor=\"#d8e2f7\" color=\"#27408b\"");
  }

  void draw_happening(std::size_t i) {
    const Happening& happening = *scene_.happenings[i].happening;
    draw_box(fmt::format("event{}", i), happening.what, lane(lane_of(happening)), happening.at, happening.at,
             "style=\"filled,rounded\" fillcolor=\"#e8f3e8\" color=\"#3c6e3c\"");
  }

  static std::string lane_of(const Happening& happening) { return happening.who.empty() ? "trial" : happening.who; }
  bool seen_only() const { return scene_.witness.empty() && seen_.has_value(); }
  std::string_view witness_style() const {
    return finding_.failure ? "style=filled fillcolor=\"#f7c6c5\" color=\"#b3261e\" penwidth=2"
                            : "style=filled fillcolor=\"#fff0c2\" color=\"#8a6d00\" penwidth=2";
  }

  const LogHistory& history_;
  const Finding& finding_;
  const std::optional<checkers::Sighting> seen_;
  const Scene scene_;
  std::vector<std::string> lanes_;
  std::map<Time, int> rows_;
  std::string text_;
};

}  // namespace

std::string spacetime_dot(const LogHistory& history, const Finding& finding, const Context& context, const SceneLimits& limits) {
  return Diagram(history, finding, context, limits).run();
}

}  // namespace faultline::reports
