#include "scenarios/text_values.h"

#include <array>
#include <charconv>
#include <numeric>

namespace faultline::scenarios {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};

// Largest first: the order in which they are written, and tried when a duration is printed.
constexpr std::array<Unit, 7> units{{{"d", 86'400'000'000'000},
                                     {"h", 3'600'000'000'000},
                                     {"m", 60'000'000'000},
                                     {"s", 1'000'000'000},
                                     {"ms", 1'000'000},
                                     {"us", 1'000},
                                     {"ns", 1}}};

// Takes the digits at the front of `text`.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || text.front() == '-') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::string_view take_letters(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && text[count] >= 'A' && text[count] <= 'z') ++count;
  const std::string_view letters = text.substr(0, count);
  text.remove_prefix(count);
  return letters;
}

std::optional<Ratio> exact(std::int64_t numerator, std::int64_t denominator) {
  if (denominator <= 0 || numerator > denominator) return std::nullopt;
  const std::int64_t divisor = std::gcd(numerator, denominator);
  if (denominator / divisor > UINT32_MAX) return std::nullopt;
  return Ratio{static_cast<std::uint32_t>(numerator / divisor), static_cast<std::uint32_t>(denominator / divisor)};
}

// "0.25" as 25 over 100.
std::optional<Ratio> parse_percent(std::string_view text) {
  const auto whole = take_number(text);
  if (!whole || *whole > 100) return std::nullopt;
  std::int64_t numerator = *whole;
  std::int64_t denominator = 100;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::size_t digits = text.size();
    const auto fraction = take_number(text);
    if (!fraction || digits > 6) return std::nullopt;
    for (std::size_t i = 0; i < digits; ++i) {
      numerator *= 10;
      denominator *= 10;
    }
    numerator += *fraction;
  }
  if (!text.empty()) return std::nullopt;
  return exact(numerator, denominator);
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    const std::string_view name = take_letters(text);
    while (next_unit < units.size() && units[next_unit].name != name) ++next_unit;
    if (next_unit == units.size()) return std::nullopt;
    std::int64_t part = 0;
    if (__builtin_mul_overflow(*number, units[next_unit].nanoseconds, &part)) return std::nullopt;
    if (__builtin_add_overflow(total, part, &total)) return std::nullopt;
    ++next_unit;
  }
  return Duration(negative ? -total : total);
}

std::string format_duration(Duration duration) {
  const std::int64_t count = duration.count();
  if (count == 0) return "0s";
  for (const Unit& unit : units) {
    if (count % unit.nanoseconds == 0) return std::to_string(count / unit.nanoseconds) + std::string(unit.name);
  }
  return std::to_string(count) + "ns";
}

std::optional<std::int64_t> parse_size(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  std::int64_t scale = 0;
  if (text.empty()) scale = 1;
  if (text == "KiB") scale = 1 << 10;
  if (text == "MiB") scale = 1 << 20;
  if (text == "GiB") scale = 1 << 30;
  std::int64_t size = 0;
  if (scale == 0 || __builtin_mul_overflow(*number, scale, &size)) return std::nullopt;
  return size;
}

std::optional<Ratio> parse_ratio(std::string_view text) {
  if (text == "0") return Ratio{0, 1};
  if (text == "1") return Ratio{1, 1};
  if (text.ends_with('%')) return parse_percent(text.substr(0, text.size() - 1));
  if (text.empty()) return std::nullopt;
  const auto numerator = take_number(text);
  if (!numerator || !text.starts_with('/') || text.size() < 2) return std::nullopt;
  text.remove_prefix(1);
  const auto denominator = take_number(text);
  if (!denominator || !text.empty()) return std::nullopt;
  return exact(*numerator, *denominator);
}

std::string format_ratio(Ratio ratio) {
  if (ratio.numerator == 0) return "0";
  if (ratio.numerator == ratio.denominator) return "1";
  return std::to_string(ratio.numerator) + "/" + std::to_string(ratio.denominator);
}

}  // namespace faultline::scenarios
