#include "broker/log/epoch_checkpoint.h"

#include <fmt/format.h>

#include <limits>

#include "broker/log/text_checkpoint.h"

namespace faultline {

Slice encode_epochs(const EpochCache& cache) {
  std::string body;
  for (const EpochStart& entry : cache.entries()) body += fmt::format("epoch {} {}\n", entry.epoch, entry.start_offset);
  return seal_checkpoint(body);
}

Result<EpochCache> decode_epochs(Bytes bytes) {
  const CheckpointLines lines = TRY(open_checkpoint(bytes));
  EpochCache cache;
  for (const CheckpointLine& line : lines) {
    if (line.key != "epoch" || line.numbers.size() != 2) return Error(Errc::corrupt, "leader epochs: unknown line");
    const std::int64_t epoch = line.numbers[0];
    const std::int64_t start = line.numbers[1];
    const bool in_range = epoch >= 0 && epoch <= std::numeric_limits<std::int32_t>::max() && start >= 0;
    const bool grows =
        cache.entries().empty() || (epoch > cache.entries().back().epoch && start >= cache.entries().back().start_offset);
    if (!in_range || !grows) return Error(Errc::corrupt, "leader epochs: not in order");
    cache.assign(static_cast<std::int32_t>(epoch), start);
  }
  return cache;
}

}  // namespace faultline
