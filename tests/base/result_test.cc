#include "base/result.h"

#include <catch2/catch.hpp>
#include <memory>

#include "base/slice.h"

using namespace faultline;

namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return Error(Errc::invalid_argument, "odd");
  return n / 2;
}

Result<> require_even(int n) {
  TRY(half(n));
  return {};
}

Result<int> quarter(int n) { return TRY(half(TRY(half(n)))); }

Result<std::unique_ptr<int>> owned(int n) { return std::make_unique<int>(TRY(half(n))); }

Result<int> through_owned(int n) {
  const std::unique_ptr<int> p = TRY(owned(n));
  return *p;
}

}  // namespace

TEST_CASE("result: TRY hands on the value, and the error with its detail") {
  CHECK(quarter(8).value() == 2);
  CHECK(through_owned(8).value() == 4);
  CHECK(require_even(2).has_value());
  REQUIRE(require_even(3).has_error());
  CHECK(quarter(6).error() == Errc::invalid_argument);
  CHECK(quarter(6).error().detail == "odd");
}

TEST_CASE("slice: parts share the bytes of the buffer they were cut from") {
  Buffer buffer(6);
  for (std::size_t i = 0; i < 6; ++i) buffer.data()[i] = static_cast<std::uint8_t>('a' + i);
  const Slice whole = std::move(buffer).freeze();
  const Slice part = whole.part(2, 3);
  CHECK(as_text(part) == "cde");
  CHECK(part.data() == whole.data() + 2);
  whole.writable()[2] = 'X';
  CHECK(as_text(part) == "Xde");
  const Slice pieces[] = {part, whole.from(5)};
  CHECK(as_text(concatenate(pieces)) == "Xdef");
}
