#include "base/sequence.h"

#include <catch2/catch.hpp>

using faultline::sequence_after;

TEST_CASE("sequence: numbers go up to INT32_MAX, and zero comes after it") {
  CHECK(sequence_after(0, 0) == 0);
  CHECK(sequence_after(7, 5) == 12);
  CHECK(sequence_after(INT32_MAX - 1, 1) == INT32_MAX);
  CHECK(sequence_after(INT32_MAX, 1) == 0);
  CHECK(sequence_after(INT32_MAX - 2, 5) == 2);
  CHECK(sequence_after(INT32_MAX, INT32_MAX) == INT32_MAX - 1);
}
