// Views of raw bytes. Everything that crosses the wire or the disk is one of these two spans; ownership is in base/slice.h.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace faultline {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

/// The bytes of `text`, not copied.
inline Bytes as_bytes(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

/// `bytes` read as text, not copied.
inline std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace faultline
