#include "checkers/formats/fault_collector.h"

#include <algorithm>
#include <array>

namespace faultline::formats {

namespace {

struct Pair {
  std::string_view begins;
  std::string_view ends;
};

// Of Jepsen's combined nemesis and of older ones. "start" both ends a kill and begins what "stop" ends.
constexpr std::array pairs{Pair{"start-partition", "stop-partition"},
                           Pair{"kill", "start"},
                           Pair{"pause", "resume"},
                           Pair{"start", "stop"},
                           Pair{"bump-clock", "reset-clock"},
                           Pair{"strobe-clock", "reset-clock"},
                           Pair{"bump", "reset"},
                           Pair{"strobe", "reset"},
                           Pair{"partition", "heal"},
                           Pair{"isolate", "heal"}};

bool ends(std::string_view ending, std::string_view beginning) {
  return std::ranges::any_of(pairs, [&](const Pair& pair) { return pair.begins == beginning && pair.ends == ending; });
}
bool is_lasting(std::string_view name) {
  return std::ranges::any_of(pairs, [&](const Pair& pair) { return pair.begins == name; });
}
// A nemesis has few faults under way; what a strange history leaves open beyond that stays as it is.
constexpr std::size_t max_active = 64;

// A fault of our own format: one event that tells its end.
bool is_whole(const Event& event) {
  return event.value.find("target").kind() == Kind::text && event.value.find("end").is_integer();
}

}  // namespace

// The operation that ends faults has two events as well: at the first they are ending, at the second they are over.
bool FaultCollector::note_end(std::string_view name, Time now) {
  bool any = false;
  bool over = false;
  for (Active& active : active_) {
    if (!ends(name, fault(active).name) || active.stage == Stage::begun) continue;
    over = over || active.stage == Stage::ending;
    any = true;
  }
  if (!any) return false;
  for (Active& active : active_) {
    if (active.stage != (over ? Stage::ending : Stage::lasting) || !ends(name, fault(active).name)) continue;
    active.stage = Stage::ending;
    fault(active).end = now;
  }
  if (over)
    std::erase_if(active_, [&](const Active& active) { return active.stage == Stage::ending && ends(name, fault(active).name); });
  return true;
}

bool FaultCollector::note_second_event(std::string_view name, Time now) {
  for (auto active = active_.begin(); active != active_.end(); ++active) {
    if (!active->second_event_due || fault(*active).name != name) continue;
    active->second_event_due = false;
    if (active->stage == Stage::begun) {
      fault(*active).end = now;
      active_.erase(active);
    }
    return true;
  }
  return false;
}

void FaultCollector::begin(const Event& event, Time now) {
  if (active_.size() == max_active) active_.erase(active_.begin());
  active_.push_back({faults_.size(), is_lasting(event.f) ? Stage::lasting : Stage::begun, true});
  push({std::string(event.f), event.value.is_nil() ? std::string() : to_edn(event.value), now, now});
}

void FaultCollector::push(checkers::FaultInterval fault) {
  if (unmet_.size() == max_active) unmet_.erase(unmet_.begin());
  unmet_.push_back(faults_.size());
  faults_.push_back(std::move(fault));
}

bool FaultCollector::is_active(std::size_t index) const {
  return std::ranges::any_of(active_, [&](const Active& active) { return active.fault == index; });
}

void FaultCollector::note_operation(Time begin, Time end) {
  met_ += std::erase_if(unmet_, [&](std::size_t index) {
    return faults_[index].begin <= end && (faults_[index].end >= begin || is_active(index));
  });
}

void FaultCollector::add(const Event& event, Time now) {
  if (is_whole(event)) {
    push({std::string(event.f), std::string(event.value.find("target").text()), now,
          std::max(now, Time(Duration(event.value.find("end").integer())))});
    return;
  }
  if (note_end(event.f, now) || note_second_event(event.f, now)) return;
  begin(event, now);
}

std::vector<checkers::FaultInterval> FaultCollector::take(Time end) && {
  for (const Active& active : active_) {
    if (active.stage == Stage::lasting) fault(active).end = end;
  }
  return std::move(faults_);
}

}  // namespace faultline::formats
