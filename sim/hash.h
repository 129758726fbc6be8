// The hashes behind "a run is a value": one over the payload of a message or a write, one rolling over every event of a run.
//
// They only have to tell runs apart, not to resist an adversary; they are multiply-and-fold like the random streams, and equal on
// every compiler and machine (words are read as little-endian, which every supported machine is).
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"
#include "base/random.h"

namespace faultline::sim {

static_assert(std::endian::native == std::endian::little, "hashes of payloads read words in memory order");

namespace detail {

inline std::uint64_t load_word(const std::uint8_t* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

inline constexpr std::uint64_t lane_keys[4] = {0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu, 0x8ebc6af09c88c6e3u,
                                               0x589965cc75374cc3u};

inline std::uint64_t absorb(std::uint64_t lane, const std::uint8_t* at, std::uint64_t key) {
  return mix64(load_word(at) ^ key, load_word(at + 8) ^ lane);
}

}  // namespace detail

/// A hash of `bytes`, going on from `seed`.
inline std::uint64_t hash_bytes(Bytes bytes, std::uint64_t seed = 0) {
  using detail::lane_keys;
  using detail::load_word;
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t hash = seed ^ (bytes.size() * 0x9e3779b97f4a7c15u);
  if (left >= 64) {  // four independent chains, in registers, keep the multiplier busy
    std::uint64_t lane0 = hash;
    std::uint64_t lane1 = hash ^ lane_keys[1];
    std::uint64_t lane2 = hash ^ lane_keys[2];
    std::uint64_t lane3 = hash ^ lane_keys[3];
    for (; left >= 64; left -= 64, at += 64) {
      lane0 = detail::absorb(lane0, at, lane_keys[0]);
      lane1 = detail::absorb(lane1, at + 16, lane_keys[1]);
      lane2 = detail::absorb(lane2, at + 32, lane_keys[2]);
      lane3 = detail::absorb(lane3, at + 48, lane_keys[3]);
    }
    hash = mix64(lane0 ^ lane_keys[2], lane1) ^ mix64(lane2 ^ lane_keys[3], lane3);
  }
  for (; left >= 16; left -= 16, at += 16) hash = mix64(load_word(at) ^ lane_keys[0], load_word(at + 8) ^ hash);
  std::uint64_t tail[2] = {0, 0};
  if (left > 0) std::memcpy(tail, at, left);
  return mix64(tail[0] ^ lane_keys[1] ^ left, tail[1] ^ hash ^ lane_keys[2]);
}

/// The rolling hash of a run.
class RunningHash {
 public:
  void add(std::uint64_t a, std::uint64_t b) {
    value_ = mix64(value_ ^ a ^ 0x2d358dccaa6c78a5u, b ^ 0x8bb84b93962eacc9u) + value_;
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0x9e3779b97f4a7c15u;
};

}  // namespace faultline::sim
