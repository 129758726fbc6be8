#include "broker/protocol/frame.h"

#include <fmt/format.h>

namespace faultline::protocol {
namespace {

bool response_header_is_flexible(ApiKey key, Version version) {
  return key != ApiKey::api_versions && version >= api_info(key).flexible_since;
}

bool read_client_id(Reader& reader, std::optional<std::string>& client_id) {
  std::int16_t length = 0;
  if (!reader.integer(length)) return false;
  if (length == -1) return true;
  if (length < 0) return reader.fail(Errc::malformed, "negative length");
  Bytes text;
  if (!reader.view(static_cast<std::size_t>(length), text)) return false;
  client_id.emplace(as_text(text));
  return true;
}

Error header_error(Reader& reader, std::string_view field) {
  reader.failed_inside(field);
  return reader.error();
}

}  // namespace

Result<RequestHeader> decode_request_header(Reader& reader) {
  RequestHeader header;
  std::int16_t key = 0;
  if (!reader.integer(key)) return header_error(reader, "api_key");
  if (!reader.integer(header.api_version)) return header_error(reader, "api_version");
  if (!reader.integer(header.correlation_id)) return header_error(reader, "correlation_id");
  header.api_key = static_cast<ApiKey>(key);
  const ApiInfo* api = find_api(header.api_key);
  if (api == nullptr) return Error(Errc::unsupported, fmt::format("api key {}", key));
  if (!api->has(header.api_version)) {
    if (header.api_key == ApiKey::api_versions && header.api_version > api->max_version) return header;
    return Error(Errc::unsupported, fmt::format("{} version {}", api->name, header.api_version));
  }
  if (!read_client_id(reader, header.client_id)) return header_error(reader, "client_id");
  if (header.api_version >= api->flexible_since && !reader.skip_tagged_fields()) return header_error(reader, "header tags");
  return header;
}

void encode_request_header(Encoder& encoder, const RequestHeader& header) {
  encoder.integer(static_cast<std::int16_t>(header.api_key));
  encoder.integer(header.api_version);
  encoder.integer(header.correlation_id);
  if (header.client_id.has_value()) {
    ENSURE(header.client_id->size() <= INT16_MAX);
    encoder.integer(static_cast<std::int16_t>(header.client_id->size()));
    encoder.bytes(as_bytes(*header.client_id));
  } else {
    encoder.integer(std::int16_t{-1});
  }
  if (header.api_version >= api_info(header.api_key).flexible_since) encoder.uvarint(0);
}

Result<std::int32_t> decode_response_header(Reader& reader, ApiKey key, Version version) {
  std::int32_t correlation_id = 0;
  if (!reader.integer(correlation_id)) return header_error(reader, "correlation_id");
  if (response_header_is_flexible(key, version) && !reader.skip_tagged_fields()) return header_error(reader, "header tags");
  return correlation_id;
}

void encode_response_header(Encoder& encoder, ApiKey key, Version version, std::int32_t correlation_id) {
  encoder.integer(correlation_id);
  if (response_header_is_flexible(key, version)) encoder.uvarint(0);
}

std::vector<Slice> finish_frame(Encoder encoder) {
  ENSURE(encoder.size() >= frame_length_bytes);
  ENSURE(encoder.size() - frame_length_bytes <= INT32_MAX);
  encoder.patch(0, static_cast<std::int32_t>(encoder.size() - frame_length_bytes));
  return std::move(encoder).finish();
}

}  // namespace faultline::protocol
