#include "broker/node/producer_ids.h"

#include <limits>
#include <string>
#include <string_view>

#include "broker/log/text_checkpoint.h"

namespace faultline {
namespace {

constexpr std::string_view file_name = "producer-ids";
constexpr std::string_view key = "next-block";
constexpr std::size_t file_bytes_max = 4096;
constexpr std::int64_t block_size = 1000;

Result<std::int64_t> decode(Bytes bytes) {
  const CheckpointLines lines = TRY(open_checkpoint(bytes));
  const bool right = lines.size() == 1 && lines[0].key == key && lines[0].numbers.size() == 1;
  if (!right || lines[0].numbers[0] < 0) return Error(Errc::corrupt, std::string(file_name) + ": unknown line");
  return lines[0].numbers[0];
}

}  // namespace

Result<std::unique_ptr<ProducerIds>> ProducerIds::open(Env& env, Duration disk_timeout) {
  const Result<Slice> bytes = read_whole(env.disk, file_name, file_bytes_max, after(env.clock.now(), disk_timeout));
  std::int64_t next_block = 0;
  if (bytes) {
    next_block = TRY(decode(*bytes));
  } else if (!(bytes.error() == Errc::not_found)) {
    return bytes.error();
  }
  return std::unique_ptr<ProducerIds>(new ProducerIds(env, disk_timeout, next_block));
}

Outcome<std::int64_t> ProducerIds::next() {
  const Result<Mutex::Guard> guard = taking_.lock();
  if (!guard) return Refusal(guard.error());
  if (next_ == end_) {
    if (const Result<> taken = take_block(); !taken) return Refusal(ErrorCode::kafka_storage_error, to_string(taken.error()));
  }
  return next_++;
}

// A write that failed may have happened all the same: its block is left out.
Result<> ProducerIds::take_block() {
  if (next_block_ > std::numeric_limits<std::int64_t>::max() - block_size) {
    return Error(Errc::resource_exhausted, "all producer ids have been given out");
  }
  const std::int64_t first = next_block_;
  next_block_ += block_size;
  const std::string body = std::string(key) + " " + std::to_string(next_block_) + "\n";
  TRY(replace_file(env_.disk, file_name, seal_checkpoint(body), after(env_.clock.now(), disk_timeout_)));
  next_ = first;
  end_ = next_block_;
  return {};
}

}  // namespace faultline
