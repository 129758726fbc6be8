#include "cli/scenario_input.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "base/suggest.h"
#include "scenarios/scenario_file.h"

namespace faultline::cli {
namespace {

// An artifact of a long run holds some thousand faults: a few hundred kilobytes.
constexpr std::size_t max_file_bytes = 16 << 20;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

Result<std::string> read_text_file(const std::string& file) {
  const std::unique_ptr<std::FILE, CloseFile> input(std::fopen(file.c_str(), "rb"));
  if (!input) return Error(errno == ENOENT ? Errc::not_found : Errc::io_error, file + ": " + std::strerror(errno));
  std::string text;
  char block[16 * 1024];
  while (const std::size_t count = std::fread(block, 1, sizeof(block), input.get())) {
    text.append(block, count);
    if (text.size() > max_file_bytes) return Error(Errc::too_large, file + ": more than 16 MiB are no scenario");
  }
  if (std::ferror(input.get()) != 0) return Error(Errc::io_error, file + ": " + std::strerror(errno));
  return text;
}

Result<scenarios::Scenario> load_scenario(const std::string& file, std::span<const std::string> settings) {
  const std::string text = TRY(read_text_file(file));
  scenarios::ReadScenario read = scenarios::read_scenario(text, std::filesystem::path(file).stem().string(), settings);
  if (read.problems.empty()) return std::move(read.scenario);
  std::string all;
  for (const scenarios::Problem& problem : read.problems) all += (all.empty() ? "" : "\n") + to_string(problem, file);
  return Error(Errc::invalid_argument, all);
}

Result<> add_exhibits(scenarios::Scenario& scenario, std::span<const std::string> names) {
  for (const std::string& name : names) {
    const std::optional<Exhibit> exhibit = exhibit_named(name);
    if (!exhibit) {
      std::vector<std::string_view> known;
      for (const ExhibitCard& card : exhibit_cards) known.push_back(card.name);
      const std::string_view closest = closest_word(name, known);
      std::string text = "there is no exhibit '" + name + "'; ";
      if (closest.empty()) {
        text += "there are:";
        for (const std::string_view one : known) text += " " + std::string(one);
      } else {
        text += "did you mean '" + std::string(closest) + "'?";
      }
      return Error(Errc::invalid_argument, text);
    }
    if (std::find(scenario.exhibits.begin(), scenario.exhibits.end(), *exhibit) == scenario.exhibits.end()) {
      scenario.exhibits.push_back(*exhibit);
    }
  }
  return {};
}

}  // namespace faultline::cli
