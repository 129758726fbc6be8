#include "sim/choices.h"

namespace faultline::sim {

RandomChoices::RandomChoices(RandomStream& random) : random_(random) {
  for (Mood& mood : moods_) {
    const std::uint64_t draw = random_.below(4);
    mood = draw == 0 ? Mood::durable : draw == 1 ? Mood::newest : Mood::mixed;
  }
  // Tearing and sectors are the mixture: one mood for all of them would be a choice between whole pages again.
  moods_[static_cast<std::size_t>(Kind::torn_versions)] = Mood::mixed;
  moods_[static_cast<std::size_t>(Kind::sector)] = Mood::mixed;
  if (moods_[static_cast<std::size_t>(Kind::tear)] == Mood::newest) moods_[static_cast<std::size_t>(Kind::tear)] = Mood::mixed;
}

std::uint64_t RandomChoices::choose(Kind kind, std::uint64_t count) {
  switch (moods_[static_cast<std::size_t>(kind)]) {
    case Mood::durable: return 0;
    case Mood::newest: return count - 1;
    case Mood::mixed: break;
  }
  if (kind == Kind::tear) return random_.below(4) == 0 ? 1 : 0;
  if (kind == Kind::length) {  // the ends are where mistakes are made
    const std::uint64_t draw = random_.below(4);
    if (draw == 0) return 0;
    if (draw == 1) return count - 1;
  }
  return random_.below(count);
}

}  // namespace faultline::sim
