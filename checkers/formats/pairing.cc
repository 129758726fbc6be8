#include "checkers/formats/pairing.h"

#include <fmt/format.h>

namespace faultline::formats {

Result<> Pairing::open(const Event& event, std::uint32_t operation, const EventReader& reader) {
  if (completions_only_) return reader.error("the history has an invocation here, but completions without any before it");
  any_invocation_ = true;
  const Value number = event.fields.find("op");
  if (number.is_integer()) {
    if (by_number_.emplace(number.integer(), operation).second) return {};
    return reader.error(number, "an operation with this number is still under way");
  }
  if (!event.process) {
    if (nameless_) return reader.error("without \"process\" only one operation can be under way; give each event its process");
    nameless_ = operation;
    return {};
  }
  if (by_process_.emplace(*event.process, operation).second) return {};
  return reader.error(event.fields.find("process"),
                      "this process has an operation under way; give operations numbers (\"op\") if it may have several");
}

Result<std::optional<std::uint32_t>> Pairing::close(const Event& event, const EventReader& reader) {
  const Value number = event.fields.find("op");
  if (!number.is_integer() && !event.process && nameless_) {
    const std::optional<std::uint32_t> operation = nameless_;
    nameless_.reset();
    return operation;
  }
  auto& open = number.is_integer() ? by_number_ : by_process_;
  const auto entry = open.find(number.is_integer() ? number.integer() : event.process.value_or(0));
  if ((number.is_integer() || event.process) && entry != open.end()) {
    const std::optional<std::uint32_t> operation = entry->second;
    open.erase(entry);
    return operation;
  }
  if (any_invocation_) {
    return reader.error(number.is_integer() ? number : event.fields.find("process"),
                        "this completes an operation that is not under way");
  }
  completions_only_ = true;
  return std::optional<std::uint32_t>();
}

}  // namespace faultline::formats
