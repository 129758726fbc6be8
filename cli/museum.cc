#include "cli/museum.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "base/suggest.h"
#include "cli/scenario_input.h"
#include "cli/seed_report.h"
#include "cli/worker_pool.h"
#include "scenarios/trial.h"

namespace faultline::cli {
namespace {

// Seeds are hunted through in portions, since a portion is run to its end: small ones first, as most exhibits are found at once.
constexpr std::uint64_t first_portion = 2;
constexpr std::uint64_t largest_portion = 64;

struct Room {
  Exhibit exhibit{};
  scenarios::Scenario scenario;
};

struct Visit {
  std::string name;
  std::optional<std::uint64_t> seed;  // the first one that shows it
  double seconds = 0;                 // of the hunt
  std::vector<std::string> seen;      // "lost-write (log checker)"
  std::uint64_t clean_seeds = 0;
  std::vector<std::uint64_t> dirty;  // seeds that are not valid without the exhibit

  bool passed() const { return seed.has_value() && dirty.empty(); }
};

/// The scenarios of the folder, by name of the file. Errors: of reading; invalid_argument for one that is no room of a museum.
Result<std::vector<Room>> open_rooms(const std::string& folder) {
  std::error_code failure;
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failure)) {
    if (entry.path().extension() == ".toml") files.push_back(entry.path().string());
  }
  if (failure) return Error(Errc::not_found, folder + ": " + failure.message() + " (--folder says where the scenarios are)");
  std::sort(files.begin(), files.end());
  std::vector<Room> rooms;
  for (const std::string& file : files) {
    Room room;
    room.scenario = TRY(load_scenario(file, {}));
    if (room.scenario.exhibits.size() != 1 || room.scenario.expect.finding.empty()) {
      return Error(Errc::invalid_argument, file + ": expected one 'exhibit', and 'expect.finding'");
    }
    room.exhibit = room.scenario.exhibits.front();
    rooms.push_back(std::move(room));
  }
  return rooms;
}

/// Keeps those that are asked for. Errors: invalid_argument, with a suggestion for a name that has no room.
Result<> choose(std::vector<Room>& rooms, const std::vector<std::string>& only) {
  if (only.empty()) return {};
  std::vector<std::string_view> known;
  for (const Room& room : rooms) known.push_back(card_of(room.exhibit).name);
  for (const std::string& name : only) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string_view closest = closest_word(name, known);
    return Error(Errc::invalid_argument, closest.empty() ? fmt::format("--only {}: there are {}", name, fmt::join(known, ", "))
                                                         : fmt::format("--only {}: did you mean '{}'?", name, closest));
  }
  std::erase_if(rooms,
                [&](const Room& room) { return std::find(only.begin(), only.end(), card_of(room.exhibit).name) == only.end(); });
  return {};
}

class Guide {
 public:
  explicit Guide(const MuseumOptions& options)
      : options_(options), jobs_(options.jobs != 0 ? options.jobs : std::max(1u, std::thread::hardware_concurrency())) {}

  Visit visit(const Room& room) const {
    Visit visit;
    visit.name = card_of(room.exhibit).name;
    hunt(room.scenario, visit);
    scenarios::Scenario without = room.scenario;
    without.exhibits.clear();
    visit.clean_seeds = options_.clean;
    if (options_.clean == 0) return visit;
    for (const SeedReport& report : run(without, {1, options_.clean})) {
      const bool valid = report.crash.empty() && report.outcome == SeedReport::Outcome::valid;
      if (!valid) visit.dirty.push_back(report.seed);
    }
    return visit;
  }

 private:
  void hunt(const scenarios::Scenario& scenario, Visit& visit) const {
    const auto started = std::chrono::steady_clock::now();
    std::uint64_t portion = first_portion;
    for (std::uint64_t first = 1; first <= options_.seeds && !visit.seed; first += portion) {
      portion = first == 1 ? first_portion : std::min(portion * 2, largest_portion);
      for (const SeedReport& report : run(scenario, {first, std::min(first + portion - 1, options_.seeds)})) {
        if (!shows(report, scenario.expect)) continue;
        visit.seed = report.seed;
        visit.seen = sightings(report);
        break;
      }
    }
    visit.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  }

  // A mistake shows in several ways, and which of them comes first is a matter of the seed.
  static bool shows(const SeedReport& report, const scenarios::Expect& expect) {
    return report.failed(expect.finding) ||
           std::any_of(expect.also.begin(), expect.also.end(), [&](const std::string& name) { return report.failed(name); });
  }

  static std::vector<std::string> sightings(const SeedReport& report) {
    std::vector<std::string> seen;
    for (const checkers::AnomalyCount& count : report.counts) {
      if (count.failure) seen.push_back(fmt::format("{} ({})", count.anomaly, report.judges.at(count.anomaly)));
    }
    return seen;
  }

  /// In order of the seeds. A seed whose process died comes with how it did.
  std::vector<SeedReport> run(const scenarios::Scenario& scenario, SeedRange seeds) const {
    std::vector<SeedReport> reports;
    const auto work = [&](std::uint64_t seed) { return to_json(report_of(scenarios::run_trial(scenario, seed))); };
    run_in_workers(
        seeds, jobs_, work,
        {.on_answer = [&](std::uint64_t, const std::string& answer) { reports.push_back(seed_report_from_json(answer)); },
         .on_crash =
             [&](std::uint64_t seed, std::string how) {
               SeedReport& report = reports.emplace_back();
               report.seed = seed;
               report.outcome = SeedReport::Outcome::internal;
               report.crash = std::move(how);
             },
         .on_tick = [] {}});
    std::sort(reports.begin(), reports.end(), [](const SeedReport& a, const SeedReport& b) { return a.seed < b.seed; });
    return reports;
  }

  const MuseumOptions& options_;
  const unsigned jobs_;
};

std::string clean_text(const Visit& visit) {
  if (!visit.dirty.empty())
    return fmt::format("{} of {} NOT valid, seed {} first", visit.dirty.size(), visit.clean_seeds, visit.dirty.front());
  return fmt::format("{} valid", visit.clean_seeds);
}

void print(const Visit& visit, std::uint64_t hunted) {
  const std::string seed = visit.seed ? std::to_string(*visit.seed) : fmt::format("NOT in {}", hunted);
  std::printf("%s", fmt::format("{:<32}{:>12}{:>10.1f}  {:<24}{}\n", visit.name, seed, visit.seconds, clean_text(visit),
                                fmt::join(visit.seen, ", "))
                        .c_str());
  std::fflush(stdout);
}

nlohmann::ordered_json json_of(const Visit& visit) {
  nlohmann::ordered_json json{{"exhibit", visit.name}, {"found", visit.seed.has_value()}};
  if (visit.seed) json["seed"] = *visit.seed;
  json["seconds"] = visit.seconds;
  json["seen"] = visit.seen;
  json["seeds_without_it"] = visit.clean_seeds;
  json["not_valid_without_it"] = visit.dirty;
  return json;
}

}  // namespace

ExitCode museum(const MuseumOptions& options) {
  Result<std::vector<Room>> rooms = open_rooms(options.folder);
  if (rooms) {
    if (Result<> chosen = choose(*rooms, options.only); !chosen) rooms = std::move(chosen).error();
  }
  if (!rooms) {
    std::fprintf(stderr, "%s\n", rooms.error().detail.c_str());
    return ExitCode::usage;
  }
  const Guide guide(options);
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  if (!options.json) {
    std::printf(
        "%s",
        fmt::format("{:<32}{:>12}{:>10}  {:<24}{}\n", "exhibit", "found in seed", "seconds", "without it", "seen as").c_str());
  }
  std::size_t passed = 0;
  for (const Room& room : *rooms) {
    const Visit visit = guide.visit(room);
    passed += visit.passed() ? 1 : 0;
    if (options.json) {
      json.push_back(json_of(visit));
    } else {
      print(visit, options.seeds);
    }
  }
  if (options.json) {
    std::printf("%s\n", json.dump(2).c_str());
  } else {
    std::printf("%zu of %zu as they should be\n", passed, rooms->size());
  }
  return passed == rooms->size() ? ExitCode::ok : ExitCode::safety_violated;
}

}  // namespace faultline::cli
