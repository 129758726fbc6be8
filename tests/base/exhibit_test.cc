// Exhibits are looked up by name and by position: both must lead to the same card.
#include "base/exhibit.h"

#include <catch2/catch.hpp>
#include <set>

using namespace faultline;

TEST_CASE("exhibits: each one has its own card in its own place, and a name that leads back to it") {
  std::set<std::string_view> names;
  for (const ExhibitCard& card : exhibit_cards) {
    CHECK(&card_of(card.exhibit) == &card);
    CHECK(exhibit_named(card.name) == card.exhibit);
    CHECK(names.insert(card.name).second);
  }
  CHECK(exhibit_cards.back().exhibit == Exhibit::epoch_led_twice);
  CHECK_FALSE(exhibit_named("kip-102").has_value());
}

TEST_CASE("exhibits: none is on unless it was named") {
  CHECK(Exhibits().none());
  Exhibits some{Exhibit::raft_figure_8};
  some.insert(Exhibit::kip_101);
  for (const ExhibitCard& card : exhibit_cards) {
    CHECK(some.on(card.exhibit) == (card.exhibit == Exhibit::raft_figure_8 || card.exhibit == Exhibit::kip_101));
  }
}
