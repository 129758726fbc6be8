#include "broker/node/clean_shutdown.h"

#include <string>
#include <string_view>

#include "broker/log/text_checkpoint.h"

namespace faultline {
namespace {

constexpr std::string_view file_name = "clean-shutdown";
constexpr std::string_view key = "broker-epoch";
constexpr std::size_t file_bytes_max = 4096;

metadata::BrokerEpoch epoch_in(Bytes bytes) {
  const Result<CheckpointLines> lines = open_checkpoint(bytes);
  const bool right = lines && lines->size() == 1 && (*lines)[0].key == key && (*lines)[0].numbers.size() == 1;
  return right ? (*lines)[0].numbers[0] : metadata::no_broker_epoch;
}

}  // namespace

Result<metadata::BrokerEpoch> take_clean_shutdown(Disk& disk, Time deadline) {
  const Result<Slice> bytes = read_whole(disk, file_name, file_bytes_max, deadline);
  if (!bytes && bytes.error() == Errc::not_found) return metadata::no_broker_epoch;
  TRY(disk.remove(file_name, deadline));
  TRY(disk.sync_dir("", deadline));
  return bytes ? epoch_in(*bytes) : metadata::no_broker_epoch;
}

Result<> note_clean_shutdown(Disk& disk, metadata::BrokerEpoch epoch, Time deadline) {
  const std::string body = std::string(key) + " " + std::to_string(epoch) + "\n";
  return replace_file(disk, file_name, seal_checkpoint(body), deadline);
}

}  // namespace faultline
