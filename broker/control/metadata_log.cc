#include "broker/control/metadata_log.h"

#include <variant>

namespace faultline::control {

Result<> MetadataLog::wait_applied(std::int64_t applied, Time deadline) {
  return changed_.wait_until([&] { return image_.applied() >= applied; }, deadline);
}

Result<> MetadataLog::reset(const raft::Position& last, const Slice& snapshot) {
  const std::vector<metadata::Record> records = TRY(metadata::decode(snapshot));
  image_ = TRY(metadata::ClusterImage::from_snapshot(records));
  position_ = last;
  return {};
}

Result<> MetadataLog::apply(const raft::Entry& entry) {
  if (const auto* command = std::get_if<raft::Command>(&entry.body)) {
    const std::vector<metadata::Record> records = TRY(metadata::decode(command->data));
    for (const metadata::Record& record : records) TRY(image_.apply(record));
  }
  position_ = entry.at;
  return {};
}

Slice MetadataLog::snapshot() const { return metadata::encode(image_.snapshot()); }

void MetadataLog::stepped() {
  for (const std::function<void()>& listener : listeners_) listener();
  changed_.notify_all();
}

}  // namespace faultline::control
