#include "scenarios/draw.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "scenarios/enum_names.h"
#include "scenarios/targets.h"
#include "scenarios/text_values.h"

namespace faultline::scenarios {
namespace {

// More faults of one family in one run than this only repeat themselves.
constexpr std::size_t max_faults_per_family = 10'000;

Duration draw_value(RandomStream random, const Range<Duration>& range) { return random.between(range.low, range.high); }
std::int64_t draw_value(RandomStream random, const Range<std::int64_t>& range) { return random.between(range.low, range.high); }

// The value of a parameter: what the scenario states, else what the kind has, drawn; nothing if the kind does not take it.
template <class T>
std::optional<Range<T>> fix(const RandomSource& source, std::string_view key, const std::optional<Range<T>>& stated,
                            const std::optional<Range<T>>& standard) {
  if (!standard) return std::nullopt;
  const T value = draw_value(source.stream(key), stated ? *stated : *standard);
  return Range<T>{value, value};
}

class Drawing {
 public:
  Drawing(const Scenario& scenario, std::uint64_t seed) : source_(seed) { drawn_.scenario = scenario; }

  DrawnScenario run() && {
    switch_clients();
    draw_topology();
    draw_core_kind();
    brokers_ = broker_names(drawn_.scenario);
    voters_ = voter_names(drawn_.scenario);
    clients_ = client_names(drawn_.scenario);
    draw_knobs();
    for (FaultSpec& fault : drawn_.scenario.faults) fix_fault(fault);
    draw_families();
    std::vector<FaultSpec>& faults = drawn_.scenario.faults;
    std::sort(faults.begin(), faults.end(),
              [](const FaultSpec& a, const FaultSpec& b) { return std::tie(a.at.low, a.id) < std::tie(b.at.low, b.id); });
    drawn_.scenario.swarm.clear();
    return std::move(drawn_);
  }

 private:
  bool swarms(SwarmGroup group) const {
    const std::vector<SwarmGroup>& groups = drawn_.scenario.swarm;
    return std::find(groups.begin(), groups.end(), group) != groups.end();
  }

  // Whether `what` stays on under this seed.
  bool stays(SwarmGroup group, const std::string& what) {
    if (!swarms(group)) return true;
    RandomStream random = source_.child("swarm").stream(what);
    if (random.chance({1, 2})) return true;
    drawn_.mask.push_back(what + " off");
    return false;
  }

  // A run in which nothing is acknowledged tests nothing: when all producers were switched off that wait for an answer, the first
  // of them stays on (the first of all, if none waits).
  void switch_clients() {
    Scenario& scenario = drawn_.scenario;
    if (!swarms(SwarmGroup::clients)) return;
    const std::vector<Producer> all = scenario.producers;
    const auto waits = [](const Producer& client) { return client.acks != Acks::none; };
    std::set<std::string> on;
    for (const Producer& client : all) {
      if (stays(SwarmGroup::clients, "producer " + client.name)) on.insert(client.name);
    }
    const bool any = std::any_of(all.begin(), all.end(), [&](const Producer& c) { return waits(c) && on.contains(c.name); });
    if (!any && !all.empty()) {
      const auto first = std::find_if(all.begin(), all.end(), waits);
      const Producer& kept = first == all.end() ? all.front() : *first;
      on.insert(kept.name);
      std::erase(drawn_.mask, "producer " + kept.name + " off");
    }
    std::erase_if(scenario.producers, [&](const Producer& client) { return !on.contains(client.name); });
    std::erase_if(scenario.consumers,
                  [&](const Consumer& client) { return !stays(SwarmGroup::clients, "consumer " + client.name); });
    std::erase_if(scenario.admins, [&](const Admin& client) { return !stays(SwarmGroup::clients, "admin " + client.name); });
  }

  void draw_topology() {
    Cluster& cluster = drawn_.scenario.cluster;
    const RandomSource source = source_.child("cluster");
    const auto fix_count = [&](std::string_view key, Range<std::int64_t>& range) {
      if (range.low == range.high) return;
      range.low = range.high = draw_value(source.stream(key), range);
      drawn_.mask.push_back(std::string(key) + " = " + std::to_string(range.low));
    };
    fix_count("brokers", cluster.brokers);
    fix_count("voters", cluster.voters);
  }

  void draw_core_kind() {
    CoreKind& core = drawn_.scenario.liveness.core;
    if (core != CoreKind::either) return;
    RandomStream random = source_.child("cluster").stream("core");
    core = random.chance({1, 2}) ? CoreKind::majority : CoreKind::all;
    drawn_.mask.push_back("core = " + std::string(name_of(core)));
  }

  void draw_knobs() {
    Scenario& scenario = drawn_.scenario;
    for (const auto& [key, knob] : scenario.knobs) {
      if (!stays(SwarmGroup::knobs, "knob " + key)) continue;
      RandomStream random = source_.child("knobs").stream(key);
      const std::string value = knob.range ? std::to_string(random.between(knob.range->low, knob.range->high))
                                           : random.pick(std::span<const ConfigText>(knob.one_of)).text;
      scenario.cluster.config[key] = ConfigText{value};
      drawn_.mask.push_back("knob " + key + " = " + value);
    }
    scenario.knobs.clear();
  }

  void draw_families() {
    Scenario& scenario = drawn_.scenario;
    for (const auto& [name, family] : scenario.chaos.families) {
      if (stays(SwarmGroup::chaos, "chaos." + name)) draw_family(name, family);
    }
    scenario.chaos = Chaos{};
  }

  void draw_family(const std::string& name, const FaultFamily& family) {
    const Chaos& chaos = drawn_.scenario.chaos;
    if (chaos.intensity.numerator == 0) return;
    const Duration until = std::min(chaos.until.value_or(drawn_.scenario.duration), drawn_.scenario.duration);
    const Duration mean = family.every / chaos.intensity.numerator * chaos.intensity.denominator;
    RandomStream intervals = source_.child("chaos").stream(name);
    Duration at = chaos.from;
    for (std::size_t i = 0; i < max_faults_per_family; ++i) {
      at += intervals.exponential(mean) + 1us;
      if (at >= until) return;
      FaultSpec fault;
      static_cast<FaultParameters&>(fault) = family;
      fault.kind = *family_kind(name, family);
      fault.at = {at, at};
      fault.id = name + "-" + std::to_string(i);
      fix_fault(fault);
      drawn_.scenario.faults.push_back(std::move(fault));
    }
  }

  void fix_fault(FaultSpec& fault) {
    const FaultInfo& info = info_of(fault.kind);
    if (fault.id.empty()) fault.id = free_id(std::string(info.name) + "@" + format_duration(fault.at.low));
    const RandomSource source = fault_source(source_.seed(), fault.id);
    const Duration at = draw_value(source.stream("at"), fault.at);
    fault.at = {at, at};
    fault.node = fix_node(source, "node", fault.node.empty() ? "brokers" : fault.node);
    if (info.takes_peer) fault.peer = fix_node(source, "peer", fault.peer);
    if (waits_for_target(fault)) fault.delay = fix(source, "delay", fault.delay, {Range<Duration>{}});
    fault.lasts = fix(source, "for", fault.lasts, info.lasts);
    fault.restart_after = fix(source, "restart_after", fault.restart_after, info.restart_after);
    fault.latency = fix(source, "latency", fault.latency, info.latency);
    fault.by = fix(source, "by", fault.by, info.by);
    fault.count = fix(source, "count", fault.count, info.count);
    fault.ppm = fix(source, "ppm", fault.ppm, info.ppm);
    fault.factor = fix(source, "factor", fault.factor, info.factor);
    if (info.share && !fault.share) fault.share = info.share;
  }

  // Two faults of one kind at one time share no stream either.
  std::string free_id(const std::string& wanted) const {
    const auto taken = [&](const std::string& id) {
      return std::any_of(drawn_.scenario.faults.begin(), drawn_.scenario.faults.end(),
                         [&](const FaultSpec& fault) { return fault.id == id; });
    };
    if (!taken(wanted)) return wanted;
    for (int i = 2;; ++i) {
      if (const std::string next = wanted + "#" + std::to_string(i); !taken(next)) return next;
    }
  }

  std::string fix_node(const RandomSource& source, std::string_view key, const std::string& stated) const {
    if (stated == "brokers") return pick_name(source.stream(key), brokers_);
    if (stated == "controllers") return pick_name(source.stream(key), voters_);
    if (stated == "clients") return clients_.empty() ? brokers_.front() : pick_name(source.stream(key), clients_);
    return stated;
  }

  const RandomSource source_;
  DrawnScenario drawn_;
  std::vector<std::string> brokers_;
  std::vector<std::string> voters_;
  std::vector<std::string> clients_;
};

}  // namespace

RandomSource fault_source(std::uint64_t seed, std::string_view id) { return RandomSource(seed).child("fault").child(id); }

const std::string& pick_name(RandomStream random, const std::vector<std::string>& names) {
  ENSURE(!names.empty());
  const std::uint64_t draw = random.next();
  return *std::max_element(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    return std::pair(hash_text(a, draw), a) < std::pair(hash_text(b, draw), b);
  });
}

DrawnScenario draw(const Scenario& scenario, std::uint64_t seed) { return Drawing(scenario, seed).run(); }

}  // namespace faultline::scenarios
