#include "base/random.h"

#include <catch2/catch.hpp>
#include <set>
#include <vector>

#include "base/crc32c.h"

using namespace faultline;

TEST_CASE("random: a stream depends on its seed and name, and on no other stream's draws") {
  const RandomSource source(7);
  RandomStream a = source.stream("a");
  RandomStream b = source.stream("b");
  std::vector<std::uint64_t> alone;
  for (int i = 0; i < 100; ++i) alone.push_back(a.next());
  RandomStream again = source.stream("a");
  for (int i = 0; i < 100; ++i) {
    b.next();
    CHECK(again.next() == alone[static_cast<std::size_t>(i)]);
  }
  CHECK(RandomSource(8).stream("a").next() != alone[0]);
  CHECK(std::set<std::uint64_t>(alone.begin(), alone.end()).size() == 100);
}

TEST_CASE("random: the first draws are fixed for ever, so that old seeds replay") {
  RandomStream stream = RandomSource(1).stream("network");
  CHECK(stream.next() == 0x371ebad035ff7b16u);
  CHECK(stream.next() == 0x83b92e8aa53ee80au);
  CHECK(hash_text("network", 1) == 0xd35ae916b2bb0dddu);
  CHECK(RandomSource(1).stream("e").exponential(1ms) == Duration(1156906));
  CHECK(hash_text("network") != hash_text("networl"));
  CHECK(hash_text("") != hash_text(std::string_view("\0", 1)));
}

TEST_CASE("random: below is uniform, between is inclusive, exponential has its mean") {
  RandomStream stream = RandomSource(3).stream("t");
  int counts[10] = {};
  for (int i = 0; i < 100000; ++i) ++counts[stream.below(10)];
  for (const int count : counts) {
    CHECK(count > 9500);
    CHECK(count < 10500);
  }
  bool low = false;
  bool high = false;
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t value = stream.between(std::int64_t{-2}, std::int64_t{2});
    CHECK(value >= -2);
    CHECK(value <= 2);
    low |= value == -2;
    high |= value == 2;
  }
  CHECK(low);
  CHECK(high);
  std::int64_t sum = 0;
  for (int i = 0; i < 100000; ++i) sum += stream.exponential(1ms).count();
  CHECK(sum / 100000 > 980000);
  CHECK(sum / 100000 < 1020000);
}

TEST_CASE("crc32c: the check value of RFC 3720 and the sum of two halves") {
  CHECK(crc32c(as_bytes("123456789")) == 0xe3069283u);
  CHECK(crc32c(as_bytes("6789"), crc32c(as_bytes("12345"))) == 0xe3069283u);
  CHECK(crc32c({}) == 0);
}
