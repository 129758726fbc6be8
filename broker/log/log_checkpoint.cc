#include "broker/log/log_checkpoint.h"

#include <fmt/format.h>

#include "broker/log/text_checkpoint.h"

namespace faultline {

Slice LogCheckpoint::encode() const {
  return seal_checkpoint(fmt::format("log-start {}\nrecovery-point {}\nhigh-watermark {}\nclean {}\n", log_start, recovery_point,
                                     high_watermark, clean ? 1 : 0));
}

Result<LogCheckpoint> LogCheckpoint::decode(Bytes bytes) {
  const CheckpointLines lines = TRY(open_checkpoint(bytes));
  constexpr std::string_view keys[] = {"log-start", "recovery-point", "high-watermark", "clean"};
  if (lines.size() != std::size(keys)) return Error(Errc::corrupt, "log checkpoint: wrong number of lines");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].key != keys[i] || lines[i].numbers.size() != 1) return Error(Errc::corrupt, "log checkpoint: unknown line");
  }
  LogCheckpoint checkpoint{lines[0].numbers[0], lines[1].numbers[0], lines[2].numbers[0], lines[3].numbers[0] == 1};
  if (checkpoint.log_start < 0 || checkpoint.recovery_point < checkpoint.log_start || checkpoint.high_watermark < 0) {
    return Error(Errc::corrupt, "log checkpoint: offsets out of order");
  }
  return checkpoint;
}

}  // namespace faultline
