#include "scenarios/field_writer.h"

namespace faultline::scenarios {

std::string value_text(const std::string& value) { return quote_text(value); }
std::string value_text(bool value) { return value ? "true" : "false"; }
std::string value_text(std::int64_t value) { return std::to_string(value); }
std::string value_text(std::uint64_t value) { return std::to_string(value); }
std::string value_text(Duration value) { return quote_text(format_duration(value)); }
std::string value_text(Ratio value) { return quote_text(format_ratio(value)); }
std::string value_text(const ConfigText& value) { return quote_text(value.text); }

std::string value_text(const Knob& value) {
  if (value.range) return "[" + value_text(value.range->low) + ", " + value_text(value.range->high) + "]";
  if (value.one_of.size() == 1) return value_text(value.one_of.front());
  return "{ one_of = " + value_text(value.one_of) + " }";
}

}  // namespace faultline::scenarios
