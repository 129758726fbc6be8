// Counter-based named random streams (after Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11).
//
// A draw is a pure function of (seed, stream name, how many draws this stream has made). Taking one consumer of randomness away
// from a run therefore moves no draw of any other consumer, which is what makes replay and shrinking possible. Derive a stream
// once and keep it: the name is hashed at that moment, a draw costs a nanosecond.
//
// No floating point and no std distributions here: they differ between compilers and machines. One draw per statement: the
// order in which arguments are evaluated differs between compilers too.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/time.h"

namespace faultline {

/// 64 x 64 -> 128 bit multiply, folded. The mixing step of every hash in this program.
inline std::uint64_t mix64(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// A stable 64-bit hash of `text`: the same on every compiler and machine.
std::uint64_t hash_text(std::string_view text, std::uint64_t seed = 0);

/// A probability as an exact fraction.
struct Ratio {
  std::uint32_t numerator = 0;
  std::uint32_t denominator = 1;

  bool operator==(const Ratio&) const = default;
};

class RandomStream {
 public:
  RandomStream() = default;
  explicit RandomStream(std::uint64_t key) : key_(key) {}

  /// 64 uniform bits.
  std::uint64_t next() {
    // Two rounds: one multiply alone shows its structure for consecutive counters.
    const std::uint64_t round = mix64(key_ ^ 0x9e3779b97f4a7c15u, ++counter_ * 0xd6e8feb86659fd93u ^ key_);
    return mix64(round ^ 0xa0761d6478bd642fu, key_ ^ 0xe7037ed1a0b428dbu);
  }

  /// Uniform in [0, bound). Requires: bound > 0.
  std::uint64_t below(std::uint64_t bound) {
    ENSURE(bound > 0);
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
  }

  /// Uniform in [low, high], both ends included. Requires: low <= high.
  std::int64_t between(std::int64_t low, std::int64_t high);
  Duration between(Duration low, Duration high) { return Duration(between(low.count(), high.count())); }

  /// True with probability `ratio`.
  bool chance(Ratio ratio) { return below(ratio.denominator) < ratio.numerator; }

  /// Exponentially distributed with the given mean, by table and integer arithmetic; at most 18 means.
  Duration exponential(Duration mean);

  /// One of `items`, uniformly. Requires: items is not empty.
  template <class T>
  const T& pick(std::span<const T> items) {
    return items[below(items.size())];
  }

  /// Fisher-Yates.
  template <class T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) {
      const std::size_t j = below(i);
      std::swap(items[i - 1], items[j]);
    }
  }

  std::uint64_t draws() const { return counter_; }

 private:
  std::uint64_t key_ = 0;
  std::uint64_t counter_ = 0;
};

/// A family of streams under one seed. Children are told apart by name alone.
class RandomSource {
 public:
  explicit RandomSource(std::uint64_t seed) : seed_(seed) {}

  RandomStream stream(std::string_view name) const { return RandomStream(hash_text(name, seed_)); }
  RandomSource child(std::string_view name) const { return RandomSource(hash_text(name, seed_ ^ 0x5851f42d4c957f2du)); }
  std::uint64_t seed() const { return seed_; }

 private:
  std::uint64_t seed_;
};

}  // namespace faultline
