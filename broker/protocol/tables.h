// Walking over the field tables of messages: what the codec and the generator of the property tests have in common.
#pragma once

#include <concepts>
#include <optional>
#include <tuple>
#include <type_traits>
#include <vector>

#include "base/check.h"
#include "broker/protocol/api.h"
#include "broker/protocol/schema.h"

namespace faultline::protocol::codec {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

template <class T>
concept Struct = requires { T::template fields<T>(); };
template <class T>
concept Number = std::integral<T> || std::is_enum_v<T>;

template <Struct T>
inline constexpr auto table = T::template fields<T>();

/// How a message of this version writes lengths and whether its structs end in tagged fields.
struct Format {
  Version version;
  bool flexible;
};

/// Calls `visit` for each field of the table until it returns false.
template <Struct T, class Visit>
constexpr bool each_field(Visit&& visit) {
  return std::apply([&](const auto&... fields) { return (visit(fields) && ...); }, table<T>);
}

template <Struct T>
constexpr bool has_tagged_fields() {
  return !each_field<T>([](const auto& field) { return !field.is_tagged(); });
}

/// A message of ours that is no request or response of Kafka's: it names its own latest version, begins at 0 and is always flexible.
template <class M>
concept OwnMessage = requires { M::latest_version; };

template <class M>
Format format_of(Version version) {
  if constexpr (OwnMessage<M>) {
    ENSURE(version >= 0);
    ENSURE(version <= M::latest_version);
    return {version, true};
  } else {
    constexpr ApiInfo api = api_info(M::api_key);
    ENSURE(version >= api.min_version);
    ENSURE(version <= api.max_version);
    return {version, version >= api.flexible_since};
  }
}

}  // namespace faultline::protocol::codec
