// The generator of arbitrary messages: the fourth reading of the field tables, next to decoder, encoder and printer.
//
// It draws inside a property (rc::check), so that a failing message shrinks field by field. Fields that the version does not
// have keep their defaults, as after decoding. The seed of the properties is fixed: a test run depends on nothing but the code.
#pragma once

#include <rapidcheck.h>

#include <limits>
#include <sstream>
#include <string>

#include "base/slice.h"
#include "broker/protocol/records.h"
#include "broker/protocol/tables.h"
#include "broker/protocol/uuid.h"

namespace faultline::protocol::arbitrary {

inline std::int64_t number(std::int64_t low, std::int64_t high) {
  // inRange excludes its end; the widest range loses its greatest value, which edge() gives back.
  return *rc::gen::inRange<std::int64_t>(low, high == std::numeric_limits<std::int64_t>::max() ? high : high + 1);
}

inline std::size_t count(std::size_t most) { return static_cast<std::size_t>(number(0, static_cast<std::int64_t>(most))); }

template <class T>
T edge_or_number() {
  constexpr std::int64_t low = std::numeric_limits<T>::min();
  constexpr std::int64_t high = std::numeric_limits<T>::max();
  switch (number(0, 7)) {
    case 0: return static_cast<T>(low);
    case 1: return static_cast<T>(high);
    default: return static_cast<T>(number(low, high));
  }
}

inline std::string text() {
  std::string result(count(12), '\0');
  for (char& c : result) c = static_cast<char>(number(0, 255));
  return result;
}

template <class T>
void fill(T& value, codec::Format format) {
  if constexpr (std::same_as<T, bool>) {
    value = number(0, 1) == 1;
  } else if constexpr (std::is_enum_v<T>) {
    value = static_cast<T>(edge_or_number<std::underlying_type_t<T>>());
  } else if constexpr (std::integral<T>) {
    value = edge_or_number<T>();
  } else if constexpr (std::same_as<T, Uuid>) {
    value = Uuid::of(static_cast<std::uint64_t>(edge_or_number<std::int64_t>()), static_cast<std::uint64_t>(number(0, 255)));
  } else if constexpr (std::same_as<T, std::string>) {
    value = text();
  } else if constexpr (std::same_as<T, Records>) {
    value = Records();
    for (std::size_t parts = count(2); parts > 0; --parts) value.append(Slice::copy_of(std::string(count(1000), 'r')));
  } else if constexpr (codec::is_vector<T>) {
    value.resize(count(3));
    for (auto& element : value) fill(element, format);
  } else if constexpr (codec::is_optional<T>) {
    value.reset();
    if (number(0, 2) > 0) fill(value.emplace(), format);
  } else {
    codec::each_field<T>([&]<class F>(const Field<T, F>& field) {
      if (!field.exists(format.version)) return true;
      F& member = value.*field.member;
      fill(member, format);
      if constexpr (codec::is_optional<F>) {
        if (!member.has_value() && format.version < field.nullable_since) member.emplace();
      }
      return true;
    });
  }
}

/// Checks `property` on `cases` cases drawn from one fixed seed. Returns: what went wrong, or nothing.
template <class Property>
std::string failure_of(int cases, Property&& property) {
  rc::detail::TestParams params;
  params.seed = 1;
  params.maxSuccess = cases;
  const auto result = rc::detail::checkTestable(property, rc::detail::TestMetadata(), params);
  if (result.template is<rc::detail::SuccessResult>()) return {};
  std::ostringstream out;
  rc::detail::printResultMessage(result, out);
  return out.str();
}

}  // namespace faultline::protocol::arbitrary
