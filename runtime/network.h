// The network as a node sees it: TCP, with everything that goes wrong in it.
//
// One fiber may read and another write the same stream at the same time; two readers or two writers may not. Destroying a
// Stream or Listener releases it at once, without waiting: unread data or a pending write makes it a reset, as in TCP.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/slice.h"
#include "base/time.h"

namespace faultline {

/// A host name or address, and a port.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;
};

/// "host:port", IPv6 addresses in brackets.
std::string to_string(const Endpoint& endpoint);

/// Parses "host:port" or "[v6]:port". Errors: malformed.
Result<Endpoint> parse_endpoint(std::string_view text);

class Stream {
 public:
  virtual ~Stream() = default;

  /// Reads at least one byte, at most buffer.size(). Suspends while nothing has arrived.
  /// Requires: buffer is not empty.
  /// Returns:  bytes read; 0 once the peer has shut down its side and all it sent was read.
  /// Errors:   connection_reset, timed_out (nothing was read; the stream stays usable), closed, cancelled.
  virtual Result<std::size_t> read_some(MutableBytes buffer, Time deadline) = 0;

  /// Writes at least one byte of the pieces, in order. Suspends while the peer's window is full.
  /// Requires: the pieces hold at least one byte; they stay unchanged until it returns.
  /// Returns:  bytes written.
  /// Errors:   connection_reset, timed_out (nothing was written; the stream stays usable), closed (after shutdown_write), cancelled.
  virtual Result<std::size_t> write_some(std::span<const Bytes> pieces, Time deadline) = 0;

  /// Sends end-of-stream after what was written. Reading goes on. Errors: connection_reset, closed, cancelled.
  virtual Result<> shutdown_write() = 0;

  /// Breaks the connection: both directions end now, the peer sees connection_reset. Suspended calls return `closed`.
  virtual void reset() = 0;

  virtual const Endpoint& local() const = 0;
  virtual const Endpoint& peer() const = 0;
};

class Listener {
 public:
  virtual ~Listener() = default;

  /// Suspends until a peer connects. Errors: timed_out, closed, resource_exhausted (wait a little and go on), cancelled.
  virtual Result<std::unique_ptr<Stream>> accept(Time deadline) = 0;
  /// The bound address, with the port that was chosen if 0 was asked for.
  virtual const Endpoint& local() const = 0;
  /// Stops listening. Suspended accepts return `closed`.
  virtual void close() = 0;
};

class Network {
 public:
  virtual ~Network() = default;

  /// Errors: address_in_use, unreachable (no such local address), invalid_argument, cancelled.
  virtual Result<std::unique_ptr<Listener>> listen(const Endpoint& local) = 0;
  /// Resolves and connects. Errors: connection_refused, unreachable, timed_out, connection_reset, cancelled.
  virtual Result<std::unique_ptr<Stream>> connect(const Endpoint& peer, Time deadline) = 0;
};

/// Fills `buffer`. Errors: as read_some; truncated if the stream ends before the last byte (detail says after how many).
Result<> read_exactly(Stream& stream, MutableBytes buffer, Time deadline);

/// Pieces that are written in order, over as many attempts as it takes. They must outlive this.
class PendingWrite {
 public:
  explicit PendingWrite(std::span<const Slice> pieces) : pieces_(pieces) {}
  /// Writes what is left. Errors: as write_some; after timed_out call it again.
  Result<> write_all(Stream& stream, Time deadline);

 private:
  std::span<const Slice> pieces_;
  std::size_t skip_ = 0;  // bytes of the first piece that are written
};

/// Writes all pieces, in order. Errors: as write_some; how much was written is unknown then.
Result<> write_all(Stream& stream, std::span<const Slice> pieces, Time deadline);
Result<> write_all(Stream& stream, Bytes bytes, Time deadline);

}  // namespace faultline
