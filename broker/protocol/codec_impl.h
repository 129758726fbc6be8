// The decoder, encoder and printer of every message, by recursion over field tables. Included by the one .cc file of each API
// only. All decisions on types are `if constexpr`; those on versions are comparisons with constants from the table.
#pragma once

#include <fmt/format.h>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/check.h"
#include "broker/protocol/codec.h"
#include "broker/protocol/error_code.h"
#include "broker/protocol/reader.h"
#include "broker/protocol/records.h"
#include "broker/protocol/tables.h"
#include "broker/protocol/uuid.h"

namespace faultline::protocol::codec {

/// A lower bound of the encoded size of one T, for the check of array counts.
template <class T>
constexpr std::size_t bytes_min(Format format) {
  if constexpr (Number<T>) {
    return sizeof(T);
  } else if constexpr (std::same_as<T, double>) {
    return sizeof(double);
  } else if constexpr (std::same_as<T, Uuid>) {
    return sizeof(Uuid);
  } else if constexpr (Struct<T>) {
    std::size_t sum = format.flexible ? 1 : 0;
    each_field<T>([&]<class F>(const Field<T, F>& field) {
      if (field.exists(format.version) && !field.is_tagged()) sum += bytes_min<F>(format);
      return true;
    });
    return sum == 0 ? 1 : sum;
  } else {
    return 1;  // anything with a length or a null marker
  }
}

// ---- decoding ----

enum class Length : std::uint8_t { failed, null, present };

/// A length before a string, array or records: compact (n + 1 as a varint, 0 is null) or an integer (-1 is null).
template <class Fixed>
Length read_length(Reader& reader, Format format, std::size_t& length) {
  if (format.flexible) {
    std::uint32_t raw = 0;
    if (!reader.uvarint(raw)) return Length::failed;
    if (raw == 0) return Length::null;
    length = raw - 1;
    return Length::present;
  }
  Fixed raw = 0;
  if (!reader.integer(raw)) return Length::failed;
  if (raw == -1) return Length::null;
  if (raw < 0) {
    reader.fail(Errc::malformed, "negative length");
    return Length::failed;
  }
  length = static_cast<std::size_t>(raw);
  return Length::present;
}

template <class T>
bool read(Reader& reader, T& value, Format format);

template <class T>
bool read_array(Reader& reader, std::vector<T>& value, std::size_t count, Format format) {
  if (!reader.begin_array(count, bytes_min<T>(format))) return false;
  value.resize(count);
  for (T& element : value) {
    if (!read(reader, element, format)) return false;
  }
  return true;
}

/// A value that has a length in front: std::string, std::vector, Records.
template <class T>
Length read_sized(Reader& reader, T& value, Format format) {
  using Fixed = std::conditional_t<std::same_as<T, std::string>, std::int16_t, std::int32_t>;
  std::size_t length = 0;
  const Length kind = read_length<Fixed>(reader, format, length);
  if (kind != Length::present) return kind;
  bool ok = false;
  if constexpr (std::same_as<T, std::string>) {
    Bytes bytes;
    ok = reader.view(length, bytes);
    if (ok) value.assign(as_text(bytes));
  } else if constexpr (std::same_as<T, Records>) {
    Slice bytes;
    ok = reader.slice(length, bytes);
    if (ok) value = Records(std::move(bytes));
  } else {
    ok = read_array(reader, value, length, format);
  }
  return ok ? Length::present : Length::failed;
}

template <class T>
bool read_optional(Reader& reader, std::optional<T>& value, Format format) {
  value.emplace();
  if constexpr (Struct<T>) {
    std::int8_t marker = 0;
    if (!reader.integer(marker)) return false;
    if (marker < 0) {
      value.reset();
      return true;
    }
    return read(reader, *value, format);
  } else {
    const Length kind = read_sized(reader, *value, format);
    if (kind == Length::null) value.reset();
    return kind != Length::failed;
  }
}

template <Struct T>
bool read_tagged_field(Reader& reader, T& value, std::uint32_t tag, std::uint32_t size, Format format) {
  bool known = false;
  const bool ok = each_field<T>([&]<class F>(const Field<T, F>& field) {
    if (known || !field.is_tagged() || static_cast<std::uint32_t>(field.tag) != tag || !field.exists(format.version)) return true;
    known = true;
    Reader::Scope scope;
    if (reader.begin_scope(size, scope) && read(reader, value.*field.member, format) && reader.end_scope(scope)) return true;
    reader.failed_inside(field.name);
    return false;
  });
  if (!ok) return false;
  return known || reader.skip(size);
}

template <Struct T>
bool read_tagged_fields(Reader& reader, T& value, Format format) {
  if constexpr (!has_tagged_fields<T>()) {
    return reader.skip_tagged_fields();
  } else {
    std::uint32_t count = 0;
    if (!reader.uvarint(count)) return false;
    for (std::uint32_t i = 0; i < count; ++i) {
      std::uint32_t tag = 0;
      std::uint32_t size = 0;
      if (!reader.uvarint(tag)) return false;
      if (!reader.uvarint(size)) return false;
      if (!read_tagged_field(reader, value, tag, size, format)) return false;
    }
    return true;
  }
}

template <Struct T>
bool read_struct(Reader& reader, T& value, Format format) {
  const bool ok = each_field<T>([&]<class F>(const Field<T, F>& field) {
    if (field.is_tagged() || !field.exists(format.version)) return true;
    if (!read(reader, value.*field.member, format)) [[unlikely]] {
      reader.failed_inside(field.name);
      return false;
    }
    if constexpr (is_optional<F>) {
      if (format.version < field.nullable_since && !(value.*field.member).has_value()) [[unlikely]] {
        reader.fail(Errc::malformed, "null");
        reader.failed_inside(field.name);
        return false;
      }
    }
    return true;
  });
  return ok && (!format.flexible || read_tagged_fields(reader, value, format));
}

template <class T>
bool read(Reader& reader, T& value, Format format) {
  if constexpr (std::same_as<T, bool>) {
    std::int8_t raw = 0;
    if (!reader.integer(raw)) return false;
    value = raw != 0;
    return true;
  } else if constexpr (std::is_enum_v<T>) {
    std::underlying_type_t<T> raw{};
    if (!reader.integer(raw)) return false;
    value = static_cast<T>(raw);
    return true;
  } else if constexpr (std::integral<T>) {
    return reader.integer(value);
  } else if constexpr (std::same_as<T, double>) {
    std::uint64_t raw = 0;
    if (!reader.integer(raw)) return false;
    value = std::bit_cast<double>(raw);
    return true;
  } else if constexpr (std::same_as<T, Uuid>) {
    Bytes bytes;
    if (!reader.view(value.bytes.size(), bytes)) return false;
    std::memcpy(value.bytes.data(), bytes.data(), bytes.size());
    return true;
  } else if constexpr (is_optional<T>) {
    return read_optional(reader, value, format);
  } else if constexpr (Struct<T>) {
    return read_struct(reader, value, format);
  } else {
    const Length kind = read_sized(reader, value, format);
    if (kind == Length::null && !std::same_as<T, Records>) return reader.fail(Errc::malformed, "null");
    return kind != Length::failed;
  }
}

// ---- encoding ----

template <class Fixed>
void write_length(Encoder& encoder, std::size_t length, Format format) {
  if (format.flexible) return encoder.uvarint(static_cast<std::uint32_t>(length + 1));
  encoder.integer(static_cast<Fixed>(length));
}

template <class T>
void write(Encoder& encoder, const T& value, Format format);

/// Null of a field that may be null in this version.
template <class T>
void write_null(Encoder& encoder, Format format) {
  if constexpr (Struct<T>) {
    encoder.integer(std::int8_t{-1});
  } else if (format.flexible) {
    encoder.uvarint(0);
  } else {
    encoder.integer(static_cast<std::conditional_t<std::same_as<T, std::string>, std::int16_t, std::int32_t>>(-1));
  }
}

template <Struct T>
void write_tagged_fields(Encoder& encoder, const T& value, Format format) {
  if constexpr (!has_tagged_fields<T>()) {
    encoder.uvarint(0);
  } else {
    static const T defaults{};
    const auto is_written = [&](const auto& field) {
      return field.is_tagged() && field.exists(format.version) && !(value.*field.member == defaults.*field.member);
    };
    std::uint32_t count = 0;
    each_field<T>([&](const auto& field) {
      if (is_written(field)) ++count;
      return true;
    });
    encoder.uvarint(count);
    each_field<T>([&](const auto& field) {
      if (!is_written(field)) return true;
      encoder.uvarint(static_cast<std::uint32_t>(field.tag));
      const std::size_t start = encoder.mark();
      write(encoder, value.*field.member, format);
      encoder.insert_length(start);
      return true;
    });
  }
}

template <Struct T>
void write_struct(Encoder& encoder, const T& value, Format format) {
  each_field<T>([&]<class F>(const Field<T, F>& field) {
    if (field.is_tagged() || !field.exists(format.version)) return true;
    if constexpr (is_optional<F>) {
      if (!(value.*field.member).has_value() && format.version < field.nullable_since) {
        write(encoder, typename F::value_type{}, format);
        return true;
      }
    }
    write(encoder, value.*field.member, format);
    return true;
  });
  if (format.flexible) write_tagged_fields(encoder, value, format);
}

template <class T>
void write(Encoder& encoder, const T& value, Format format) {
  if constexpr (std::same_as<T, bool>) {
    encoder.integer(static_cast<std::int8_t>(value ? 1 : 0));
  } else if constexpr (std::is_enum_v<T>) {
    encoder.integer(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::integral<T>) {
    encoder.integer(value);
  } else if constexpr (std::same_as<T, double>) {
    encoder.integer(std::bit_cast<std::uint64_t>(value));
  } else if constexpr (std::same_as<T, Uuid>) {
    encoder.bytes(value.bytes);
  } else if constexpr (std::same_as<T, std::string>) {
    ENSURE(format.flexible || value.size() <= INT16_MAX);
    write_length<std::int16_t>(encoder, value.size(), format);
    encoder.bytes(as_bytes(value));
  } else if constexpr (std::same_as<T, Records>) {
    write_length<std::int32_t>(encoder, value.size(), format);
    for (const Slice& part : value.parts()) encoder.splice(part);
  } else if constexpr (is_vector<T>) {
    write_length<std::int32_t>(encoder, value.size(), format);
    for (const auto& element : value) write(encoder, element, format);
  } else if constexpr (is_optional<T>) {
    if (!value.has_value()) return write_null<typename T::value_type>(encoder, format);
    if constexpr (Struct<typename T::value_type>) encoder.integer(std::int8_t{1});
    write(encoder, *value, format);
  } else {
    write_struct(encoder, value, format);
  }
}

// ---- printing ----

template <class T>
void print_value(std::string& out, const T& value, Version version) {
  if constexpr (std::same_as<T, ErrorCode>) {
    out += to_string(value);
  } else if constexpr (std::is_enum_v<T>) {
    fmt::format_to(std::back_inserter(out), "{}", static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_arithmetic_v<T>) {
    fmt::format_to(std::back_inserter(out), "{}", value);
  } else if constexpr (std::same_as<T, Uuid>) {
    out += to_string(value);
  } else if constexpr (std::same_as<T, std::string>) {
    fmt::format_to(std::back_inserter(out), "{:?}", value);
  } else if constexpr (std::same_as<T, Records>) {
    fmt::format_to(std::back_inserter(out), "<{} bytes>", value.size());
  } else if constexpr (is_vector<T>) {
    std::string_view separator = "";
    out += '[';
    for (const auto& element : value) {
      out += separator;
      separator = ", ";
      print_value(out, element, version);
    }
    out += ']';
  } else if constexpr (is_optional<T>) {
    if (!value.has_value()) {
      out += "null";
    } else {
      print_value(out, *value, version);
    }
  } else {
    std::string_view separator = "";
    out += '{';
    each_field<T>([&](const auto& field) {
      if (!field.exists(version)) return true;
      out += separator;
      separator = ", ";
      out += field.name;
      out += '=';
      print_value(out, value.*field.member, version);
      return true;
    });
    out += '}';
  }
}

}  // namespace faultline::protocol::codec

namespace faultline::protocol {

template <class M>
Result<M> decode(const Slice& body, Version version) {
  const codec::Format format = codec::format_of<M>(version);
  Reader reader(body);
  M message;
  if (!codec::read(reader, message, format)) return reader.error();
  if (reader.remaining() != 0) return Error(Errc::malformed, fmt::format("{} bytes after the message", reader.remaining()));
  return message;
}

template <class M>
void encode(Encoder& encoder, const M& message, Version version) {
  codec::write(encoder, message, codec::format_of<M>(version));
}

template <class M>
std::string print(const M& message, Version version) {
  std::string out;
  codec::print_value(out, message, version);
  return out;
}

}  // namespace faultline::protocol

// All that a message header promises, compiled here.
#define FAULTLINE_MESSAGE(M)                            \
  template Result<M> decode<M>(const Slice&, Version);  \
  template void encode<M>(Encoder&, const M&, Version); \
  template std::string print<M>(const M&, Version)
