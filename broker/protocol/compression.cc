#include "broker/protocol/compression.h"

#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <climits>
#include <cstring>
#include <memory>
#include <string>

#include "broker/protocol/endian.h"

namespace faultline::protocol {
namespace {

/// Output that grows by doubling and never past its limit.
class Output {
 public:
  Output(std::size_t first_bytes, std::size_t bytes_max)
      : bytes_max_(bytes_max), buffer_(std::min(std::max<std::size_t>(first_bytes, 256), bytes_max)) {}

  std::uint8_t* at() { return buffer_.data() + used_; }
  std::size_t room() const { return buffer_.size() - used_; }
  void advance(std::size_t count) { used_ += count; }

  /// Makes room for one byte more, at least. Returns: whether the limit allows it.
  bool grow() {
    if (buffer_.size() >= bytes_max_) return false;
    Buffer bigger(std::min(std::max<std::size_t>(buffer_.size() * 2, 256), bytes_max_));
    if (used_ != 0) std::memcpy(bigger.data(), buffer_.data(), used_);
    buffer_ = std::move(bigger);
    return true;
  }
  bool reserve(std::size_t count) {
    while (room() < count) {
      if (!grow()) return false;
    }
    return true;
  }

  Slice finish() && { return std::move(buffer_).freeze(used_); }

 private:
  std::size_t bytes_max_;
  Buffer buffer_;
  std::size_t used_ = 0;
};

// What compressed records usually grow by; a wrong guess costs one copy.
constexpr std::size_t expected_ratio = 4;

Error too_large(std::size_t bytes_max) {
  return Error(Errc::too_large, "decompresses to more than " + std::to_string(bytes_max) + " bytes");
}

Error library_failure(std::string_view library, std::string_view what) {
  return Error(Errc::internal, std::string(library) + ": " + std::string(what));
}

// ---- gzip ----

constexpr int gzip_window_bits = 15 + 16;  // zlib's way of asking for the gzip wrapper
constexpr int gzip_memory_level = 8;       // zlib's default

Result<Slice> gzip_compress(Bytes bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window_bits, gzip_memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
    return library_failure("zlib", "deflateInit2");
  }
  const std::unique_ptr<z_stream, decltype(&deflateEnd)> guard(&stream, deflateEnd);
  if (bytes.size() > UINT_MAX / 2) return Error(Errc::too_large, "gzip input");
  Buffer out(deflateBound(&stream, static_cast<uLong>(bytes.size())));
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) return library_failure("zlib", "deflate");
  return std::move(out).freeze(stream.total_out);
}

Result<Slice> gzip_decompress(Bytes bytes, std::size_t bytes_max) {
  if (bytes.empty()) return Error(Errc::malformed, "gzip: empty");
  if (bytes.size() > UINT_MAX) return Error(Errc::too_large, "gzip input");
  z_stream stream{};
  if (inflateInit2(&stream, gzip_window_bits) != Z_OK) return library_failure("zlib", "inflateInit2");
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> guard(&stream, inflateEnd);
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  Output out(bytes.size() * expected_ratio, bytes_max);
  while (true) {
    const std::size_t room = std::min<std::size_t>(out.room(), UINT_MAX);
    std::uint8_t nowhere = 0;  // shows whether output is left when the limit is used up
    stream.next_out = room == 0 ? &nowhere : out.at();
    stream.avail_out = room == 0 ? 1 : static_cast<uInt>(room);
    const int status = inflate(&stream, Z_NO_FLUSH);
    const std::size_t produced = (room == 0 ? 1 : room) - stream.avail_out;
    if (room == 0 && produced != 0) return too_large(bytes_max);
    out.advance(produced);
    if (status == Z_STREAM_END) {
      if (stream.avail_in == 0) return std::move(out).finish();
      if (inflateReset(&stream) != Z_OK) return library_failure("zlib", "inflateReset");  // a file of several members
      continue;
    }
    if (status != Z_OK) return Error(Errc::malformed, "gzip: bad or cut stream");
    if (out.room() == 0) out.grow();
  }
}

// ---- snappy ----

// The stream of snappy-java: an eight-byte magic, version and oldest compatible version, then blocks, each after its length.
constexpr std::string_view snappy_java_magic("\x82SNAPPY\0", 8);
constexpr std::size_t snappy_java_header_bytes = 16;
constexpr std::size_t snappy_java_block_bytes = 32 * 1024;
constexpr std::int32_t snappy_java_version = 1;

Result<Slice> snappy_compress(Bytes bytes) {
  const std::size_t blocks = (bytes.size() + snappy_java_block_bytes - 1) / snappy_java_block_bytes;
  Buffer out(snappy_java_header_bytes + blocks * (4 + snappy::MaxCompressedLength(snappy_java_block_bytes)));
  std::memcpy(out.data(), snappy_java_magic.data(), snappy_java_magic.size());
  store_be(out.data() + 8, snappy_java_version);
  store_be(out.data() + 12, snappy_java_version);
  std::size_t used = snappy_java_header_bytes;
  for (std::size_t from = 0; from < bytes.size(); from += snappy_java_block_bytes) {
    const std::string_view block = as_text(bytes.subspan(from, std::min(snappy_java_block_bytes, bytes.size() - from)));
    std::size_t length = 0;
    snappy::RawCompress(block.data(), block.size(), reinterpret_cast<char*>(out.data() + used + 4), &length);
    store_be(out.data() + used, static_cast<std::int32_t>(length));
    used += 4 + length;
  }
  return std::move(out).freeze(used);
}

/// Appends one bare block.
Result<> snappy_block(Bytes block, Output& out, std::size_t bytes_max) {
  const auto* data = reinterpret_cast<const char*>(block.data());
  std::size_t length = 0;
  if (!snappy::GetUncompressedLength(data, block.size(), &length)) return Error(Errc::malformed, "snappy: no length");
  // The promised length is only believed once the block is known to be whole: checking costs less than a gigabyte of zeros.
  if (length > bytes_max) return too_large(bytes_max);
  if (!snappy::IsValidCompressedBuffer(data, block.size())) return Error(Errc::malformed, "snappy: bad block");
  if (!out.reserve(length)) return too_large(bytes_max);
  if (!snappy::RawUncompress(data, block.size(), reinterpret_cast<char*>(out.at())))
    return Error(Errc::malformed, "snappy: bad block");
  out.advance(length);
  return {};
}

Result<Slice> snappy_decompress(Bytes bytes, std::size_t bytes_max) {
  Output out(std::min(bytes.size() * expected_ratio, bytes_max), bytes_max);
  if (!as_text(bytes).starts_with(snappy_java_magic)) {
    TRY(snappy_block(bytes, out, bytes_max));
    return std::move(out).finish();
  }
  if (bytes.size() < snappy_java_header_bytes) return Error(Errc::malformed, "snappy: cut header");
  bytes = bytes.subspan(snappy_java_header_bytes);
  while (!bytes.empty()) {
    if (bytes.size() < 4) return Error(Errc::malformed, "snappy: cut block length");
    const auto length = load_be<std::uint32_t>(bytes.data());
    bytes = bytes.subspan(4);
    if (length > bytes.size()) return Error(Errc::malformed, "snappy: cut block");
    TRY(snappy_block(bytes.first(length), out, bytes_max));
    bytes = bytes.subspan(length);
  }
  return std::move(out).finish();
}

// ---- lz4 ----

Result<Slice> lz4_compress(Bytes bytes) {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockSizeID = LZ4F_max64KB;
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;  // Java clients refuse linked blocks
  Buffer out(LZ4F_compressFrameBound(bytes.size(), &preferences));
  const std::size_t length = LZ4F_compressFrame(out.data(), out.size(), bytes.data(), bytes.size(), &preferences);
  if (LZ4F_isError(length) != 0) return library_failure("lz4", LZ4F_getErrorName(length));
  return std::move(out).freeze(length);
}

Result<Slice> lz4_decompress(Bytes bytes, std::size_t bytes_max) {
  LZ4F_dctx* raw = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&raw, LZ4F_VERSION)) != 0) return library_failure("lz4", "no context");
  const std::unique_ptr<LZ4F_dctx, decltype(&LZ4F_freeDecompressionContext)> context(raw, LZ4F_freeDecompressionContext);
  Output out(bytes.size() * expected_ratio, bytes_max);
  while (true) {
    std::uint8_t nowhere = 0;
    const bool full = out.room() == 0;
    std::size_t produced = full ? 1 : out.room();
    std::size_t consumed = bytes.size();
    const std::size_t hint =
        LZ4F_decompress(context.get(), full ? &nowhere : out.at(), &produced, bytes.data(), &consumed, nullptr);
    if (LZ4F_isError(hint) != 0) return Error(Errc::malformed, std::string("lz4: ") + LZ4F_getErrorName(hint));
    if (full && produced != 0) return too_large(bytes_max);
    out.advance(produced);
    bytes = bytes.subspan(consumed);
    if (hint == 0) {
      if (!bytes.empty()) return Error(Errc::malformed, "lz4: bytes after the frame");
      return std::move(out).finish();
    }
    if (consumed == 0 && produced == 0 && bytes.empty()) return Error(Errc::malformed, "lz4: cut frame");
    if (out.room() == 0) out.grow();
  }
}

// ---- zstd ----

Result<Slice> zstd_compress(Bytes bytes) {
  Buffer out(ZSTD_compressBound(bytes.size()));
  const std::size_t length = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), ZSTD_CLEVEL_DEFAULT);
  if (ZSTD_isError(length) != 0) return library_failure("zstd", ZSTD_getErrorName(length));
  return std::move(out).freeze(length);
}

Result<Slice> zstd_decompress(Bytes bytes, std::size_t bytes_max) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (context == nullptr) return library_failure("zstd", "no context");
  // A frame's window is allocated before anything is produced; one wider than the limit is of no use to a batch that fits.
  constexpr int window_log_min = 10;
  const int window_log = std::clamp(static_cast<int>(std::bit_width(bytes_max)), window_log_min, 27);
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, window_log);
  Output out(bytes.size() * expected_ratio, bytes_max);
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  while (true) {
    std::uint8_t nowhere = 0;
    const bool full = out.room() == 0;
    ZSTD_outBuffer output{full ? &nowhere : out.at(), full ? 1 : out.room(), 0};
    const std::size_t consumed_before = input.pos;
    const std::size_t hint = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(hint) != 0) return Error(Errc::malformed, std::string("zstd: ") + ZSTD_getErrorName(hint));
    if (full && output.pos != 0) return too_large(bytes_max);
    out.advance(output.pos);
    // Several frames in a row are one stream.
    if (hint == 0 && input.pos == input.size) return std::move(out).finish();
    if (input.pos == input.size && output.pos == 0 && input.pos == consumed_before)
      return Error(Errc::malformed, "zstd: cut frame");
    if (out.room() == 0) out.grow();
  }
}

}  // namespace

std::string_view to_string(Codec codec) {
  switch (codec) {
    case Codec::none: return "none";
    case Codec::gzip: return "gzip";
    case Codec::snappy: return "snappy";
    case Codec::lz4: return "lz4";
    case Codec::zstd: return "zstd";
  }
  return "?";
}

Result<Slice> compress(Codec codec, Bytes bytes) {
  switch (codec) {
    case Codec::none: return Slice::copy_of(bytes);
    case Codec::gzip: return gzip_compress(bytes);
    case Codec::snappy: return snappy_compress(bytes);
    case Codec::lz4: return lz4_compress(bytes);
    case Codec::zstd: return zstd_compress(bytes);
  }
  return Error(Errc::unsupported, "codec " + std::to_string(static_cast<int>(codec)));
}

Result<Slice> decompress(Codec codec, Bytes bytes, std::size_t bytes_max) {
  switch (codec) {
    case Codec::none:
      if (bytes.size() > bytes_max) return too_large(bytes_max);
      return Slice::copy_of(bytes);
    case Codec::gzip: return gzip_decompress(bytes, bytes_max);
    case Codec::snappy: return snappy_decompress(bytes, bytes_max);
    case Codec::lz4: return lz4_decompress(bytes, bytes_max);
    case Codec::zstd: return zstd_decompress(bytes, bytes_max);
  }
  return Error(Errc::unsupported, "codec " + std::to_string(static_cast<int>(codec)));
}

}  // namespace faultline::protocol
