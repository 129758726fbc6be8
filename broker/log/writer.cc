// The writer: one fiber that brings what is queued to the file, as many batches in a call as there are. It runs while there is
// something to do. One writer, so that batches reach the file in the order of their offsets.
#include "broker/log/partition_log.h"

namespace faultline {

namespace {
// Gathered writes take at most 1024 pieces (IOV_MAX); fewer bytes, so that the first waiters are not kept for long.
constexpr std::size_t group_batches_max = 512;
constexpr std::size_t group_bytes_max = 8 << 20;
}  // namespace

void PartitionLog::start_writer() {
  if (writer_runs_ || queue_.empty()) return;
  writer_runs_ = true;
  tasks_.spawn("log.writer", [this] { write_queued(); });
}

void PartitionLog::write_queued() {
  while (!queue_.empty()) {
    const Result<Mutex::Guard> guard = write_lock_.lock();
    if (!guard) break;  // cancelled: the log is going away
    if (queue_.empty() || cut_to_.has_value()) break;
    std::vector<Queued> group = next_group();
    if (const Result<> written = write_group(group); !written && written.error() == Errc::cancelled) break;
  }
  writer_runs_ = false;
}

std::vector<PartitionLog::Queued> PartitionLog::next_group() {
  std::vector<Queued> group;
  std::size_t bytes = 0;
  while (!queue_.empty() && group.size() < group_batches_max) {
    const Queued& next = queue_.front();
    if (!group.empty() && (next.segment != group.front().segment || bytes + next.header.bytes > group_bytes_max)) break;
    bytes += next.header.bytes;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return group;
}

// A failure has been dealt with when this returns.
Result<> PartitionLog::write_group(std::vector<Queued>& group) {
  const SegmentPtr segment = group.front().segment;
  std::vector<Slice> pieces;
  pieces.reserve(group.size());
  for (const Queued& queued : group) pieces.push_back(queued.batch);

  const auto write = [&]() -> Result<> {
    // An epoch is on the disk before the first batch of it: a batch's own word for its epoch lies outside its checksum, and
    // recovery believes it only where the epoch file says the same.
    TRY(save_epochs());
    if (segment->written_bytes == 0 && !segment->is_open()) TRY(segment->create(context_.disk, patience()));
    const std::shared_ptr<File> file = TRY(segment->writable_file(context_.disk, patience()));
    return file->write_at(segment->written_bytes, pieces, patience().deadline());
  };
  Result<> written = write();
  if (fence_.has_value()) return *fence_;     // by the flusher, meanwhile: these appends have failed already
  if (cut_to_.has_value()) return *no_room_;  // and so have they
  if (!written) {
    if (written.error() == Errc::no_space) {
      take_back(written_end_, written.error());
    } else if (!(written.error() == Errc::cancelled)) {
      fence(written.error());
    }
    return written;
  }

  for (const Queued& queued : group) {
    segment->add(queued.header);
    bytes_since_checkpoint_ += queued.header.bytes;
  }
  written_end_ = segment->next_offset;
  if (must_flush()) start_flusher();
  if (written_listener_) written_listener_();
  if (config_.group_commit()) {
    written_progress_.notify_all();
  } else {
    tell_progress();
  }
  return {};
}

}  // namespace faultline
