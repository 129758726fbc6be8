// FlatIndex: a hash index over the rows of a vector that the caller owns, for the inner loops of the checkers.
//
// Open addressing with linear probing over 32-bit row numbers, so that the table of 50,000 rows is a megabyte and stays in the
// cache. The rows hold the keys; the index never looks at them, the caller compares. Iteration is over the rows, never over
// the table: nothing depends on the order of the slots.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/random.h"

namespace faultline::checkers {

inline constexpr std::uint32_t no_row = std::numeric_limits<std::uint32_t>::max();

class FlatIndex {
 public:
  /// Room for `rows` rows without growing.
  explicit FlatIndex(std::size_t rows = 0) : slots_(std::bit_ceil(rows * inverse_load + neighbours), no_row) {}

  /// The hash of a key of two numbers. Sixteen consecutive `b` share a cache line of the table, since values and offsets come in
  /// runs: with a hash that scatters them every look-up would miss the cache.
  static std::uint64_t hash(std::uint64_t a, std::uint64_t b) {
    const std::uint64_t run = mix64(a ^ 0x9e3779b97f4a7c15u, (b / neighbours) ^ 0xd6e8feb86659fd93u) * 0xa0761d6478bd642fu;
    return ((run >> 20) & ~(neighbours - 1)) | (b % neighbours);
  }

  /// The row with this hash for which `same(row)`, or no_row.
  template <class Same>
  std::uint32_t find(std::uint64_t hash, Same same) const {
    for (std::size_t slot = first_slot(hash);; slot = (slot + 1) & (slots_.size() - 1)) {
      const std::uint32_t row = slots_[slot];
      if (row == no_row || same(row)) return row;
    }
  }

  /// Notes that `row`, which no earlier row equals, has this hash. `rehash(row)` is asked when the table grows.
  template <class Rehash>
  void insert(std::uint64_t hash, std::uint32_t row, Rehash rehash) {
    if ((used_ + 1) * inverse_load > slots_.size()) grow(rehash);
    place(hash, row);
    ++used_;
  }

  std::size_t bytes() const { return slots_.capacity() * sizeof(std::uint32_t); }

 private:
  static constexpr std::size_t inverse_load = 4;  // runs that collide push each other far: keep the table sparse
  static constexpr std::uint64_t neighbours = 16;

  std::size_t first_slot(std::uint64_t hash) const { return static_cast<std::size_t>(hash) & (slots_.size() - 1); }

  void place(std::uint64_t hash, std::uint32_t row) {
    std::size_t slot = first_slot(hash);
    while (slots_[slot] != no_row) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = row;
  }

  template <class Rehash>
  void grow(Rehash rehash) {
    const std::vector<std::uint32_t> old = std::move(slots_);
    slots_.assign(old.size() * 2, no_row);
    for (const std::uint32_t row : old) {
      if (row != no_row) place(rehash(row), row);
    }
  }

  std::vector<std::uint32_t> slots_;
  std::size_t used_ = 0;
};

}  // namespace faultline::checkers
