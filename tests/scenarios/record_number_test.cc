#include "scenarios/record_number.h"

#include <catch2/catch.hpp>

#include "scenarios/payload.h"

using namespace faultline;
using namespace faultline::scenarios;

TEST_CASE("record numbers: a person reads the client and its record, whichever they are") {
  for (const std::uint32_t client : {0u, 1u, 999u}) {
    for (const std::uint32_t index : {0u, 17u, UINT32_MAX}) {
      const std::string number = std::to_string(record_number(client, index));
      const std::string words = "(client " + std::to_string(client) + ", record " + std::to_string(index) + ")";
      REQUIRE(spell_record_numbers("offset 5 holds value " + number + ", not " + number + ".") ==
              "offset 5 holds value " + words + ", not " + words + ".");
      REQUIRE(spell_record_numbers("orders-0@3=" + number) == "orders-0@3=" + words);
    }
  }
}

TEST_CASE("record numbers: what is none stays as it is") {
  const std::string number = std::to_string(record_number(3, 17));
  for (const std::string& text :
       {std::string(), std::string("17 of 4294967295"), "-" + number, number + ".5 s", "0." + number, "x" + number, number + "ms",
        std::string("18446744073709551615"), std::string("99999999999999999999999")}) {
    REQUIRE(spell_record_numbers(text) == text);
  }
  // Nor does a number say the same as that of a damaged payload.
  REQUIRE(record_number(0, 0) > 0);
  REQUIRE(number_of_garbage(make_payload(5, 40).bytes()) < 0);
}
