#include "examples/primary_backup/trial.h"

#include <algorithm>
#include <map>

#include "runtime/sync.h"
#include "sim/world.h"

using namespace faultline;

namespace primary_backup {
namespace {

constexpr Duration longest_fault = 3s;

std::string seconds(Time time) {
  if (time == no_deadline) return "the end";
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const std::string fraction = std::to_string(ms % 1000);
  return std::to_string(ms / 1000) + "." + std::string(3 - fraction.size(), '0') + fraction + " s";
}

/// Cuts the network between the two and takes the power from one of them, again and again, until `end`.
void schedule_faults(sim::World& world, sim::NodeId primary, sim::NodeId backup, Time end) {
  RandomStream random = world.random("faults").stream("times");
  for (Time at = Time{} + 1s; at < end; at += random.between(1s, 6s)) {
    const Duration lasts = random.between(100ms, longest_fault);
    const std::uint64_t which = random.below(4);
    if (which <= 1) {
      world.schedule(at, [&world, primary, backup, at, lasts] {
        const sim::PartitionId cut = world.partition({primary}, {backup});
        world.schedule(at + lasts, [&world, cut] { world.heal(cut); });
      });
    } else {
      const sim::NodeId victim = which == 2 ? primary : backup;
      world.schedule(at, [&world, victim] { world.crash(victim); });
      // What burns at the end does not come back.
      if (victim == backup || at + lasts < end)
        world.schedule(at + lasts, [&world, victim] { world.restart(victim, Duration{}); });
    }
  }
}

std::string explain(const sim::World& world, const Verdict& verdict, const std::map<std::uint64_t, Time>& answered_at) {
  std::string text = "seed " + std::to_string(verdict.seed) + ": " + std::to_string(verdict.lost.size()) + " of " +
                     std::to_string(verdict.answered) + " answered numbers are not on the backup\n";
  for (const std::uint64_t number : verdict.lost) {
    const Time at = answered_at.at(number);
    text += "  " + std::to_string(number) + " was answered at " + seconds(at) + "\n";
    for (const sim::FaultEvent& fault : world.faults().events()) {
      if (fault.start > at || fault.end + 1s < at) continue;
      text += "    during: " + std::string(sim::to_string(fault.kind)) + " " +
              (fault.node == sim::no_node ? "" : world.name_of(fault.node)) +
              (fault.peer == sim::no_node ? "" : " <> " + world.name_of(fault.peer)) + " from " + seconds(fault.start) + " to " +
              seconds(fault.end) + "\n";
    }
  }
  return text;
}

}  // namespace

Verdict try_seed(std::uint64_t seed, const Config& config) {
  sim::Options options{.seed = seed};
  options.link.short_read = {1, 10};
  sim::World world(options);
  const sim::NodeId primary = world.add_node("primary", {"primary"}, [&](Env& env) { run_primary(env, config); });
  const sim::NodeId backup = world.add_node("backup", {"backup"}, [&](Env& env) { run_backup(env, config); });
  std::map<std::uint64_t, Time> answered_at;
  world.add_node("client", {"client"}, [&](Env& env) {
    for (std::uint64_t number = 1; sleep_until(env.clock.now() + 20ms); ++number) {
      if (append(env, config, number)) answered_at[number] = env.clock.now();
    }
  });
  RandomStream fate = world.random("fate").stream("of the primary");
  const Time burns = Time{} + fate.between(5s, 30s);
  schedule_faults(world, primary, backup, burns);
  world.run_until(burns);

  // The primary burns in the middle of things. What the backup can tell is all there is.
  world.crash(primary);
  world.wipe(primary);
  std::vector<std::uint64_t> kept;
  world.schedule(burns + 2 * longest_fault, [&] {
    Env& env = world.env(backup);
    env.tasks.spawn_root("what is left", [&env, &kept] { kept = read_log(env.disk).value(); });
  });
  world.run_for(3 * longest_fault);

  Verdict verdict;
  verdict.seed = seed;
  verdict.answered = answered_at.size();
  verdict.hash = world.hash();
  for (const auto& [number, at] : answered_at) {
    if (std::find(kept.begin(), kept.end(), number) == kept.end()) verdict.lost.push_back(number);
  }
  if (!verdict.lost.empty()) verdict.explanation = explain(world, verdict, answered_at);
  return verdict;
}

}  // namespace primary_backup
