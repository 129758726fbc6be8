#include "scenarios/scenario_file.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "scenarios/field_reader.h"
#include "scenarios/field_writer.h"

namespace faultline::scenarios {
namespace {

// The parser's own error starts with "LINE:COLUMN: ".
Problem syntax_problem(const Error& error) {
  Problem problem;
  std::string_view text = error.detail;
  const auto take = [&](std::uint32_t& number) {
    const char* end = std::from_chars(text.data(), text.data() + text.size(), number).ptr;
    text.remove_prefix(std::min(static_cast<std::size_t>(end - text.data()) + 1, text.size()));
  };
  take(problem.at.line);
  take(problem.at.column);
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  problem.message = text;
  return problem;
}

// The place of the value at `path`, or of the nearest one that holds it.
Position position_of(const Reading& reading, std::string path) {
  while (true) {
    const auto found = reading.positions.find(path);
    if (found != reading.positions.end()) return found->second;
    const std::size_t cut = path.find_last_of(".[");
    if (cut == std::string::npos) return {};
    path.resize(cut);
  }
}

}  // namespace

ReadScenario read_scenario(std::string_view text, std::string_view name, std::span<const std::string> settings) {
  ReadScenario result;
  Result<Node> parsed = parse_toml(text);
  if (!parsed) {
    result.problems.push_back(syntax_problem(parsed.error()));
    return result;
  }
  for (const std::string& setting : settings) {
    if (Result<> applied = apply_setting(*parsed, setting); !applied) {
      result.problems.push_back({{}, {}, applied.error().detail});
    }
  }
  Reading reading;
  result.scenario.name = name;
  read_value(reading, *parsed, "", result.scenario, Limits{});
  if (reading.problems.empty()) {
    for (Problem& problem : problems_of(result.scenario)) {
      problem.at = position_of(reading, problem.path);
      reading.problems.push_back(std::move(problem));
    }
  }
  std::sort(reading.problems.begin(), reading.problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.at, a.path, a.message) < std::tie(b.at, b.path, b.message);
  });
  result.problems.insert(result.problems.end(), std::make_move_iterator(reading.problems.begin()),
                         std::make_move_iterator(reading.problems.end()));
  return result;
}

std::string write_scenario(const Scenario& scenario) {
  FieldWriter<Scenario> writer("", scenario);
  describe(writer, std::type_identity<Scenario>{});
  return writer.lines() + writer.tables();
}

}  // namespace faultline::scenarios
