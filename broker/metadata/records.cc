#include "broker/metadata/records.h"

#include <array>
#include <utility>

#include "broker/protocol/codec_impl.h"

namespace faultline::metadata {

namespace {

constexpr std::uint8_t format_version = 0;
constexpr protocol::codec::Format format{0, true};

constexpr std::array<std::string_view, std::variant_size_v<Record>> type_names{
    "Snapshot", "Broker", "RemoveBroker", "Topic", "RemoveTopic", "Partition", "Config", "ProducerIds", "Feature"};

template <std::size_t Type = 0>
bool read_record(protocol::Reader& reader, std::size_t type, Record& record) {
  if constexpr (Type == std::variant_size_v<Record>) {
    return reader.fail(Errc::unsupported, "unknown record type");
  } else {
    if (type != Type) return read_record<Type + 1>(reader, type, record);
    return protocol::codec::read(reader, record.emplace<Type>(), format);
  }
}

}  // namespace

Slice encode(std::span<const Record> records) {
  protocol::Encoder encoder;
  encoder.integer(format_version);
  encoder.uvarint(static_cast<std::uint32_t>(records.size()));
  for (const Record& record : records) {
    encoder.integer(static_cast<std::uint8_t>(record.index()));
    std::visit([&](const auto& body) { protocol::codec::write(encoder, body, format); }, record);
  }
  std::vector<Slice> parts = std::move(encoder).finish();
  return parts.empty() ? Slice() : std::move(parts.front());
}

Result<std::vector<Record>> decode(const Slice& bytes) {
  protocol::Reader reader(bytes);
  std::uint8_t version = 0;
  std::uint32_t count = 0;
  if (!reader.integer(version)) return reader.error();
  if (version != format_version) return Error(Errc::unsupported, fmt::format("metadata records of version {}", version));
  if (!reader.uvarint(count)) return reader.error();
  constexpr std::size_t record_bytes_min = 2;
  if (!reader.begin_array(count, record_bytes_min)) return reader.error();
  std::vector<Record> records(count);
  for (Record& record : records) {
    std::uint8_t type = 0;
    if (!reader.integer(type) || !read_record(reader, type, record)) return reader.error();
  }
  if (reader.remaining() != 0) return Error(Errc::malformed, fmt::format("{} bytes after the records", reader.remaining()));
  return records;
}

std::string to_string(const Record& record) {
  std::string text(type_names[record.index()]);
  text += ' ';
  std::visit([&](const auto& body) { protocol::codec::print_value(text, body, format.version); }, record);
  return text;
}

}  // namespace faultline::metadata
