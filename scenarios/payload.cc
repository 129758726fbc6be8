#include "scenarios/payload.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "base/random.h"

namespace faultline::scenarios {
namespace {

// The filler of one number repeats this many bytes: enough variety to tell payloads apart, little enough to be compared by the
// block. One number in two gets filler without any pattern, so that codecs meet both kinds.
constexpr std::size_t period_bytes = 64;
using Filler = std::array<std::uint8_t, period_bytes>;

Filler filler_of(std::int64_t number) {
  Filler filler;
  const auto seed = static_cast<std::uint64_t>(number);
  if (seed % 2 == 0) {
    filler.fill(static_cast<std::uint8_t>('a' + seed / 2 % 26));
    return filler;
  }
  for (std::size_t i = 0; i < period_bytes; i += sizeof(std::uint64_t)) {
    const std::uint64_t word = mix64(seed ^ 0x9e3779b97f4a7c15u, i + 1);
    std::memcpy(filler.data() + i, &word, sizeof(word));
  }
  return filler;
}

}  // namespace

Slice make_payload(std::int64_t number, std::size_t bytes) {
  ENSURE(bytes >= payload_bytes_min);
  const Filler filler = filler_of(number);
  Buffer buffer(bytes);
  std::memcpy(buffer.data(), &number, sizeof(number));
  for (std::size_t at = sizeof(number); at < bytes; at += period_bytes) {
    std::memcpy(buffer.data() + at, filler.data(), std::min(period_bytes, bytes - at));
  }
  return std::move(buffer).freeze();
}

std::optional<std::int64_t> peek_payload(Bytes payload) {
  if (payload.size() < payload_bytes_min) return std::nullopt;
  std::int64_t number = 0;
  std::memcpy(&number, payload.data(), sizeof(number));
  if (number < 0) return std::nullopt;
  return number;
}

std::optional<std::int64_t> read_payload(Bytes payload) {
  const std::optional<std::int64_t> number = peek_payload(payload);
  if (!number) return std::nullopt;
  const Filler filler = filler_of(*number);
  for (std::size_t at = sizeof(*number); at < payload.size(); at += period_bytes) {
    if (std::memcmp(payload.data() + at, filler.data(), std::min(period_bytes, payload.size() - at)) != 0) return std::nullopt;
  }
  return number;
}

std::int64_t number_of_garbage(Bytes payload) { return -1 - static_cast<std::int64_t>(hash_text(as_text(payload)) >> 1); }

}  // namespace faultline::scenarios
