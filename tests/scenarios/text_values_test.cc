#include "scenarios/text_values.h"

#include <catch2/catch.hpp>

using namespace faultline;
using namespace faultline::scenarios;

TEST_CASE("text values: durations carry their unit, largest first") {
  REQUIRE(parse_duration("250ms") == Duration(250ms));
  REQUIRE(parse_duration("1h30m") == Duration(90min));
  REQUIRE(parse_duration("-3s") == Duration(-3s));
  REQUIRE(parse_duration("0s") == Duration(0));
  REQUIRE(parse_duration("7d") == Duration(168h));
  for (const char* bad : {"", "-", "5", "s", "1.5s", "5 s", "1m2h", "1s2s", "5S", "--1s", "9999999999d"}) {
    INFO(bad);
    REQUIRE_FALSE(parse_duration(bad).has_value());
  }
}

TEST_CASE("text values: a duration is written so that it reads back") {
  REQUIRE(format_duration(1500ms) == "1500ms");
  REQUIRE(format_duration(120s) == "2m");
  for (const std::int64_t count : {0L, 1L, -1L, 999L, 1'000'000L, 1'000'001L, 86'400'000'000'000L, -3'600'000'000'000L}) {
    REQUIRE(parse_duration(format_duration(Duration(count))) == Duration(count));
  }
}

TEST_CASE("text values: sizes are integers with binary units") {
  REQUIRE(parse_size("512") == 512);
  REQUIRE(parse_size("64KiB") == 65536);
  REQUIRE(parse_size("2GiB") == std::int64_t{2} << 30);
  for (const char* bad : {"", "KiB", "64KB", "64 KiB", "-1", "9999999999GiB"}) {
    INFO(bad);
    REQUIRE_FALSE(parse_size(bad).has_value());
  }
}

TEST_CASE("text values: shares are exact fractions") {
  REQUIRE(parse_ratio("1/200") == Ratio{1, 200});
  REQUIRE(parse_ratio("0.5%") == Ratio{1, 200});
  REQUIRE(parse_ratio("5%") == Ratio{1, 20});
  REQUIRE(parse_ratio("100%") == Ratio{1, 1});
  REQUIRE(parse_ratio("0") == Ratio{0, 1});
  REQUIRE(parse_ratio("0.000001%") == Ratio{1, 100'000'000});
  for (const char* bad : {"", "%", "0.5", "3/2", "1/0", "101%", "-1%", "1/", "/2", "0.5.5%", "0.%", "1/9999999999"}) {
    INFO(bad);
    REQUIRE_FALSE(parse_ratio(bad).has_value());
  }
  REQUIRE(format_ratio(Ratio{1, 20}) == "1/20");
}
