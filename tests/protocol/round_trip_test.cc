// What must hold for every message at every version, checked from the field tables.
#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "arbitrary.h"
#include "broker/protocol/messages.h"

using namespace faultline;
using namespace faultline::protocol;

namespace {

template <class Check>
void each_message(Check check) {
  AllRequests::each(check);
  AllResponses::each(check);
}

template <class M>
Slice encoded(const M& message, Version version) {
  Encoder encoder;
  encode(encoder, message, version);
  return concatenate(std::move(encoder).finish());
}

template <class M>
M arbitrary_message(Version version) {
  M message;
  arbitrary::fill(message, codec::format_of<M>(version));
  return message;
}

template <class M>
void check_round_trip() {
  const ApiInfo api = api_info(M::api_key);
  for (Version version = api.min_version; version <= api.max_version; ++version) {
    const std::string failure = arbitrary::failure_of(20, [version] {
      const M message = arbitrary_message<M>(version);
      const Result<M> decoded = decode<M>(encoded(message, version), version);
      RC_ASSERT(decoded.has_value());
      RC_ASSERT(*decoded == message);
    });
    INFO(api.name << " version " << version << "\n" << failure);
    REQUIRE(failure.empty());
  }
}

template <class M>
void check_cuts() {
  const ApiInfo api = api_info(M::api_key);
  for (Version version = api.min_version; version <= api.max_version; ++version) {
    const std::string failure = arbitrary::failure_of(3, [version] {
      const Slice whole = encoded(arbitrary_message<M>(version), version);
      for (std::size_t size = 0; size < whole.size(); ++size) RC_ASSERT(decode<M>(whole.part(0, size), version).has_error());
    });
    INFO(api.name << " version " << version << "\n" << failure);
    REQUIRE(failure.empty());
  }
}

template <class M>
void check_unknown_tags() {
  const ApiInfo api = api_info(M::api_key);
  for (Version version = std::max(api.min_version, api.flexible_since); version <= api.max_version; ++version) {
    const M message{};
    const Slice plain = encoded(message, version);
    // The last byte is the number of tagged fields of the outermost struct: none is written while all have their defaults.
    REQUIRE(plain[plain.size() - 1] == 0);
    const Slice pieces[] = {plain.part(0, plain.size() - 1), Slice::copy_of("\x02\x63\x03xyz\x64"),
                            Slice::copy_of(std::string_view("\0", 1))};
    const Result<M> decoded = decode<M>(concatenate(pieces), version);
    INFO(api.name << " version " << version);
    REQUIRE(decoded.has_value());
    REQUIRE(*decoded == message);
  }
}

/// A member that is missing from the table would never reach the wire; it shows as bytes of the struct that no field covers.
template <class T>
void check_table_covers() {
  struct Extent {
    std::size_t offset;
    std::size_t size;
    std::size_t alignment;
  };
  const T value{};
  std::vector<Extent> extents;
  int last_tag = -1;
  codec::each_field<T>([&]<class F>(const Field<T, F>& field) {
    const auto* base = reinterpret_cast<const char*>(&value);
    const auto* member = reinterpret_cast<const char*>(&(value.*field.member));
    extents.push_back({static_cast<std::size_t>(member - base), sizeof(F), alignof(F)});
    if (field.is_tagged()) {
      REQUIRE(field.tag > last_tag);
      last_tag = field.tag;
    }
    if constexpr (codec::Struct<F>) {
      check_table_covers<F>();
    } else if constexpr (codec::is_vector<F>) {
      if constexpr (codec::Struct<typename F::value_type>) check_table_covers<typename F::value_type>();
    }
    return true;
  });
  std::sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) { return a.offset < b.offset; });
  std::size_t end = 0;
  for (const Extent& extent : extents) {
    REQUIRE(extent.offset == (end + extent.alignment - 1) / extent.alignment * extent.alignment);
    end = extent.offset + extent.size;
  }
  REQUIRE((extents.empty() || sizeof(T) - end < alignof(T)));
}

}  // namespace

TEST_CASE("codec: every message survives a round trip at every version") {
  each_message([]<class M>() { check_round_trip<M>(); });
}

TEST_CASE("codec: every message cut at any byte is an error") {
  each_message([]<class M>() { check_cuts<M>(); });
}

TEST_CASE("codec: tagged fields that nobody knows are skipped") {
  each_message([]<class M>() { check_unknown_tags<M>(); });
}

TEST_CASE("codec: every member of every struct is in its table, tags in ascending order") {
  each_message([]<class M>() { check_table_covers<M>(); });
}
