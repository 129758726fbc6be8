// The four codecs of record batches, each in the framing that Java clients write and read: gzip; snappy in the blocks of
// snappy-java (librdkafka sends it bare: both are read); lz4 frames with independent blocks; zstd frames.
//
// A few bytes can stand for gigabytes, so whoever decompresses says how much is too much; memory grows with the output and not
// with what the header promises.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/slice.h"

namespace faultline::protocol {

/// The low three bits of a batch's attributes.
enum class Codec : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

/// "lz4"; "?" for a number without a codec.
std::string_view to_string(Codec codec);

/// `bytes` compressed at the codec's default level. The same bytes give the same result every time.
///
/// Errors: unsupported for a number without a codec; internal if the library fails.
Result<Slice> compress(Codec codec, Bytes bytes);

/// What `bytes` stand for; Codec::none copies.
///
/// Errors: malformed; too_large if the result has more than `bytes_max` bytes; unsupported for a number without a codec.
Result<Slice> decompress(Codec codec, Bytes bytes, std::size_t bytes_max);

}  // namespace faultline::protocol
