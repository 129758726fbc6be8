#include "checkers/linearizability/text.h"

#include <fmt/format.h>

namespace faultline::linearizability {
namespace {

constexpr std::size_t values_shown = 8;
constexpr std::size_t letters_shown = 40;

}  // namespace

std::string value_text(Value value) { return value == nil ? "nil" : fmt::format("{}", value); }

std::string values_text(std::span<const Value> values) {
  std::string text = "[";
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values.size() > values_shown && i == values_shown / 2) {
      i = values.size() - values_shown / 2;
      text += fmt::format(" ... {} more ...", values.size() - values_shown);
    }
    if (i > 0) text += ' ';
    text += value_text(values[i]);
  }
  return text + "]";
}

std::string shortened(std::string_view text) {
  if (text.size() <= letters_shown) return fmt::format("\"{}\"", text);
  return fmt::format("\"{}...{}\"", text.substr(0, letters_shown / 2), text.substr(text.size() - letters_shown / 2));
}

}  // namespace faultline::linearizability
