#include "checkers/formats/names.h"

#include <charconv>

namespace faultline::formats {

// All these numbers have a minus, 19 digits and the same first 9 of them.
std::string ValueNumbers::restore(std::string text) const {
  constexpr std::string_view beginning = "-922337203";
  constexpr std::size_t length = 20;
  std::size_t at = 0;
  while ((at = text.find(beginning, at)) != std::string::npos) {
    std::int64_t number = 0;
    const char* from = text.data() + at;
    const auto [end, error] = std::from_chars(from, text.data() + text.size(), number);
    const bool ours = error == std::errc{} && end - from == length && number >= first && number < first_free;
    const auto index = static_cast<std::uint64_t>(number - first);
    if (ours && index < names_.names().size()) {
      text.replace(at, length, names_.names()[index]);
      at += names_.names()[index].size();
    } else {
      at += beginning.size();
    }
  }
  return text;
}

}  // namespace faultline::formats
