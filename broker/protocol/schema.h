// The words in which a message is described, once. Each struct of a message carries a table of its fields:
//
//   template <class Self>
//   static constexpr auto fields() {
//     return std::tuple(field("name", &Self::name, until(12)), field("topic_id", &Self::topic_id, since(13)));
//   }
//
// From this table come the decoder, the encoder, the printer (codec_impl.h) and the generator of the property tests. It is a
// template so that a header that is only included costs nothing: the tuple exists where a codec is instantiated.
//
// A field that does not exist in some version keeps its default member initializer when decoded and is left out when encoded;
// a tagged field is left out while it equals that default. The C++ type says the rest: std::optional is nullable.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <tuple>

namespace faultline::protocol {

using Version = std::int16_t;

inline constexpr Version never = std::numeric_limits<Version>::max();

/// The first tag of fields that are ours and no one else's: Kafka counts its own from 0. docs/formats/wire.md
inline constexpr int own_tags = 10000;

template <class Owner, class T>
struct Field {
  std::string_view name;
  T Owner::* member;
  Version since = 0;
  Version until = never - 1;
  Version nullable_since = 0;  // of a std::optional: null is not on the wire before this version
  int tag = -1;

  constexpr bool is_tagged() const { return tag >= 0; }
  constexpr bool exists(Version version) const { return version >= since && version <= until; }
};

struct Since {
  Version version;
  constexpr void apply(auto& target) const { target.since = version; }
};
struct Until {
  Version version;
  constexpr void apply(auto& target) const { target.until = version; }
};
struct Nullable {
  Version version;
  constexpr void apply(auto& target) const { target.nullable_since = version; }
};
struct Tagged {
  int tag;
  Version version;
  constexpr void apply(auto& target) const {
    target.tag = tag;
    target.since = version;
  }
};

/// First version that has the field.
constexpr Since since(Version version) { return {version}; }
/// Last version that has the field.
constexpr Until until(Version version) { return {version}; }
/// First version that can say null; before it, null is written as an empty value.
constexpr Nullable nullable(Version version) { return {version}; }
/// A tagged field with this number, from `version` on.
constexpr Tagged tagged(int tag, Version version) { return {tag, version}; }

template <class Owner, class T, class... Options>
constexpr Field<Owner, T> field(std::string_view name, T Owner::* member, Options... options) {
  Field<Owner, T> result{name, member};
  (options.apply(result), ...);
  return result;
}

}  // namespace faultline::protocol
