#include "runtime/network.h"

#include <array>
#include <charconv>

#include "base/check.h"

namespace faultline {
namespace {

// Enough for a response of many partitions to leave in few system calls; well below IOV_MAX.
constexpr std::size_t pieces_per_write = 64;

}  // namespace

std::string to_string(const Endpoint& endpoint) {
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Error(Errc::malformed, "expected HOST:PORT, got '" + std::string(text) + "'");
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (error != std::errc{} || end != port_text.data() + port_text.size() || port_text.empty()) {
    return Error(Errc::malformed, "expected a port from 0 to 65535 after the last ':' in '" + std::string(text) + "'");
  }
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return Error(Errc::malformed, "an IPv6 address needs brackets: '[" + std::string(host) + "]:" + std::string(port_text) + "'");
  }
  if (host.empty()) return Error(Errc::malformed, "expected a host before ':' in '" + std::string(text) + "'");
  return Endpoint{std::string(host), port};
}

Result<> read_exactly(Stream& stream, MutableBytes buffer, Time deadline) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const std::size_t count = TRY(stream.read_some(buffer.subspan(filled), deadline));
    if (count == 0) {
      return Error(Errc::truncated,
                   "end of stream after " + std::to_string(filled) + " of " + std::to_string(buffer.size()) + " bytes");
    }
    filled += count;
  }
  return {};
}

Result<> PendingWrite::write_all(Stream& stream, Time deadline) {
  std::array<Bytes, pieces_per_write> window;
  for (;;) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < pieces_.size() && count < window.size(); ++i) {
      const Bytes piece = i == 0 ? pieces_[i].bytes().subspan(skip_) : pieces_[i].bytes();
      if (!piece.empty()) window[count++] = piece;
    }
    if (count == 0) return {};
    std::size_t written = TRY(stream.write_some(std::span<const Bytes>(window.data(), count), deadline));
    while (!pieces_.empty() && written >= pieces_.front().size() - skip_) {
      written -= pieces_.front().size() - skip_;
      skip_ = 0;
      pieces_ = pieces_.subspan(1);
    }
    skip_ += written;
  }
}

Result<> write_all(Stream& stream, std::span<const Slice> pieces, Time deadline) {
  return PendingWrite(pieces).write_all(stream, deadline);
}

Result<> write_all(Stream& stream, Bytes bytes, Time deadline) {
  while (!bytes.empty()) {
    const std::size_t written = TRY(stream.write_some(std::span<const Bytes>(&bytes, 1), deadline));
    bytes = bytes.subspan(written);
  }
  return {};
}

}  // namespace faultline
