#include "scenarios/record_number.h"

#include <charconv>

namespace faultline::scenarios {
namespace {

constexpr int index_bits = 32;
// No client has the number 0, and few enough have any: whatever else is counted in a run is smaller, or much larger.
constexpr std::uint64_t first_client = 1;
constexpr std::uint64_t clients_max = 1 << 16;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool continues_a_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-'; }

}  // namespace

std::int64_t record_number(std::uint32_t client, std::uint32_t index) {
  return static_cast<std::int64_t>(((client + first_client) << index_bits) | index);
}

std::string spell_record_numbers(std::string_view text) {
  std::string spelled;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_digit(text[end])) ++end;
    if (end == at) {
      spelled += text[at++];
      continue;
    }
    const bool starts_alone = at == 0 || (!continues_a_word(text[at - 1]) && text[at - 1] != '.');
    const bool fraction_follows = end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1]);
    const bool ends_alone = end == text.size() || (!continues_a_word(text[end]) && !fraction_follows);
    std::uint64_t number = 0;
    const bool fits = std::from_chars(text.data() + at, text.data() + end, number).ec == std::errc{};
    const std::uint64_t client = number >> index_bits;
    if (starts_alone && ends_alone && fits && client >= first_client && client < clients_max) {
      spelled += "(client " + std::to_string(client - first_client) + ", record " +
                 std::to_string(number & ((std::uint64_t{1} << index_bits) - 1)) + ")";
    } else {
      spelled += text.substr(at, end - at);
    }
    at = end;
  }
  return spelled;
}

}  // namespace faultline::scenarios
