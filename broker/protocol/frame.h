// Frames: a four-byte length, a header, a message. Requests of one connection are answered in order; the correlation id repeats
// what the client sent.
//
// Request header 1 is (key, version, correlation id, client id), 2 adds tagged fields; the client id is an int16-length string
// even there. Response header 0 is the correlation id, 1 adds tagged fields; ApiVersions always answers with header 0, because
// the client cannot know yet what the broker understands.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/slice.h"
#include "broker/protocol/api.h"
#include "broker/protocol/codec.h"
#include "broker/protocol/encoder.h"
#include "broker/protocol/reader.h"

namespace faultline::protocol {

/// Bytes of the length before each frame; it does not count itself.
inline constexpr std::size_t frame_length_bytes = 4;

struct RequestHeader {
  ApiKey api_key = ApiKey::produce;
  Version api_version = 0;
  std::int32_t correlation_id = 0;
  std::optional<std::string> client_id;

  bool operator==(const RequestHeader&) const = default;
};

/// Reads a request's header and leaves `reader` at the message.
///
/// Returns: also an ApiVersions header of a version above ours: such a client wants a version 0 answer with UNSUPPORTED_VERSION,
///          and the rest of its frame is not to be read. Check with find_api(ApiKey::api_versions)->has(version).
/// Errors:  unsupported for any other key or version that is not in `apis`; truncated; malformed.
Result<RequestHeader> decode_request_header(Reader& reader);

void encode_request_header(Encoder& encoder, const RequestHeader& header);

/// Reads a response's header. Returns: the correlation id. Requires: `key` and `version` are in `apis`.
Result<std::int32_t> decode_response_header(Reader& reader, ApiKey key, Version version);

void encode_response_header(Encoder& encoder, ApiKey key, Version version, std::int32_t correlation_id);

/// The length of what was encoded behind `frame_length_bytes` of room goes into that room. Returns: the frame's bytes.
std::vector<Slice> finish_frame(Encoder encoder);

/// A whole request frame, length included.
template <class M>
std::vector<Slice> request_frame(std::int32_t correlation_id, std::optional<std::string> client_id, Version version,
                                 const M& message) {
  Encoder encoder;
  encoder.integer(std::int32_t{0});
  encode_request_header(encoder, {M::api_key, version, correlation_id, std::move(client_id)});
  encode(encoder, message, version);
  return finish_frame(std::move(encoder));
}

/// A whole response frame, length included.
template <class M>
std::vector<Slice> response_frame(std::int32_t correlation_id, Version version, const M& message) {
  Encoder encoder;
  encoder.integer(std::int32_t{0});
  encode_response_header(encoder, M::api_key, version, correlation_id);
  encode(encoder, message, version);
  return finish_frame(std::move(encoder));
}

}  // namespace faultline::protocol
