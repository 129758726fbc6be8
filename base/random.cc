#include "base/random.h"

#include <array>
#include <cstring>

namespace faultline {
namespace {

// -ln((i + 0.5) / 256) in units of 1/65536, for i in [0, 256): the inverse of the exponential distribution at the middle of each
// of 256 equal slices. Computed once by Newton's method on integers so that no libm is involved.
constexpr std::uint64_t exponential_unit = 65536;

// ln(x) for x = numerator / 512, 1 <= numerator <= 511, in 1/65536, by repeated squaring (one bit of log2 per step).
constexpr std::uint64_t minus_ln_table_entry(unsigned index) {
  // y = x * 2^62, normalised into [2^62, 2^63); the shifts are the integer part of -log2(x).
  std::uint64_t y = (2ull * index + 1) << 53;  // (2i+1)/512 * 2^62
  std::uint64_t shifts = 0;
  while (y < (1ull << 62)) {
    y <<= 1;
    ++shifts;
  }
  std::uint64_t log2_fraction = 0;  // log2(y / 2^62) in 1/2^24
  for (int bit = 0; bit < 24; ++bit) {
    __extension__ using Wide = unsigned __int128;
    y = static_cast<std::uint64_t>((static_cast<Wide>(y) * y) >> 62);
    log2_fraction <<= 1;
    if (y >= (1ull << 63)) {
      y >>= 1;
      log2_fraction |= 1;
    }
  }
  const std::uint64_t minus_log2 = (shifts << 24) - log2_fraction;  // in 1/2^24
  constexpr std::uint64_t ln2 = 11629080;                           // ln 2 in 1/2^24
  return ((minus_log2 * ln2) >> 24) * exponential_unit >> 24;
}

constexpr auto exponential_table = [] {
  std::array<std::uint64_t, 256> table{};
  for (unsigned i = 0; i < 256; ++i) table[i] = minus_ln_table_entry(i);
  return table;
}();

}  // namespace

std::uint64_t hash_text(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = mix64(seed ^ 0x2d358dccaa6c78a5u, text.size() ^ 0x8bb84b93962eacc9u);
  while (!text.empty()) {
    std::uint64_t word = 0;
    const std::size_t count = text.size() < 8 ? text.size() : 8;
    for (std::size_t i = 0; i < count; ++i) word |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
    hash = mix64(hash ^ word, 0x4b33a62ed433d4a3u) ^ (hash << 1);
    text.remove_prefix(count);
  }
  return mix64(hash ^ 0x9e3779b97f4a7c15u, 0xd6e8feb86659fd93u);
}

std::int64_t RandomStream::between(std::int64_t low, std::int64_t high) {
  ENSURE(low <= high);
  const std::uint64_t width = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  if (width == UINT64_MAX) return static_cast<std::int64_t>(next());
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + below(width + 1));
}

Duration RandomStream::exponential(Duration mean) {
  ENSURE(mean.count() >= 0);
  constexpr std::uint64_t ln256 = 363409;  // in 1/65536
  std::uint64_t units = 0;
  // Slice 0 stands for the whole tail beyond ln 256; the exponential has no memory, so add its start and draw again, twice at most.
  for (int tail = 0; tail < 3; ++tail) {
    const std::uint64_t draw = below(256);
    if (draw != 0 || tail == 2) {
      units += exponential_table[draw];
      break;
    }
    units += ln256;
  }
  __extension__ using Wide = unsigned __int128;
  return Duration(
      static_cast<std::int64_t>(static_cast<Wide>(units) * static_cast<std::uint64_t>(mean.count()) / exponential_unit));
}

}  // namespace faultline
