// A load generator that costs next to nothing beside the broker: blocking, one connection, frames built beforehand.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/slice.h"
#include "bench/posix.h"

namespace faultline::bench {

/// What a topic does with what is written to it.
enum class Durability : std::uint8_t {
  synced,      // answered after the sync, the default
  page_cache,  // Kafka's way: flush.messages is as large as it can be
};

struct Batch {
  Slice bytes;
  std::int64_t records = 0;
};

/// One batch of records of `record_bytes` that comes as near to `bytes` as it can from below; at least one record.
Batch make_batch(std::size_t bytes, std::size_t record_bytes);

class KafkaLoad {
 public:
  static Result<KafkaLoad> connect(std::uint16_t port);

  /// One partition. Errors: invalid_argument, with what the broker says.
  Result<> create_topic(const std::string& topic, Durability durability);
  /// Produces `batch` `count` times with acks=-1, `in_flight` at once.
  Result<> produce(const std::string& topic, const Batch& batch, std::size_t count, std::size_t in_flight);
  /// The same, one at a time. Returns: how long each took from the first byte sent to the answer, in seconds.
  Result<std::vector<double>> produce_timed(const std::string& topic, const Batch& batch, std::size_t count);
  /// Fetches `count` batches, one in an answer, from the `first`th on. Requires: all of them are `batch`.
  Result<> consume(const std::string& topic, const Batch& batch, std::size_t first, std::size_t count, std::size_t in_flight);

 private:
  explicit KafkaLoad(OwnedFd socket) : socket_(std::move(socket)) {}
  Result<> send_frame(const std::vector<std::uint8_t>& frame) { return send_all(socket_.number(), frame); }
  /// An answer without its length.
  Result<Slice> receive_frame();
  Result<> receive_produced();

  OwnedFd socket_;
};

}  // namespace faultline::bench
