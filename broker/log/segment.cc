#include "broker/log/segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace faultline {

namespace {
constexpr std::size_t name_digits = 20;
constexpr std::string_view log_suffix = ".log";
// Sealed segments are read in long runs: an entry for so many bytes is enough.
constexpr std::uint64_t sealed_index_interval_bytes = 64 << 10;
}  // namespace

std::string segment_file_name(std::int64_t base_offset) { return fmt::format("{:020}{}", base_offset, log_suffix); }

std::int64_t parse_segment_file_name(std::string_view name) {
  if (name.size() != name_digits + log_suffix.size() || !name.ends_with(log_suffix)) return -1;
  std::int64_t offset = 0;
  const std::string_view digits = name.substr(0, name_digits);
  const auto [stopped, error] = std::from_chars(digits.data(), digits.data() + digits.size(), offset);
  return error == std::errc{} && stopped == digits.data() + digits.size() ? offset : -1;
}

Segment::Segment(std::string_view directory, std::int64_t base, std::uint64_t index_interval_bytes, Time now)
    : base_offset(base),
      path(fmt::format("{}/{}", directory, segment_file_name(base))),
      next_offset(base),
      first_append(now),
      last_append(now),
      index(index_interval_bytes) {}

void Segment::add(const BatchHeader& header) {
  ENSURE(header.base_offset == next_offset);
  index.add(header.base_offset, written_bytes, header.max_timestamp);
  written_bytes += header.bytes;
  next_offset = header.next_offset();
}

Result<> Segment::create(Disk& disk, DiskPatience patience) {
  ENSURE(written_bytes == 0);
  std::shared_ptr<File> made = TRY(disk.open(path, OpenMode::create, patience.deadline()));
  // Left behind by an earlier attempt that ran out of space.
  if (TRY(made->size()) != 0) TRY(made->truncate(0, patience.deadline()));
  file_ = std::move(made);
  writable_ = true;
  return {};
}

void Segment::seal() {
  index.thin(sealed_index_interval_bytes);
  file_.reset();
  writable_ = false;
}

Result<std::shared_ptr<File>> Segment::file(Disk& disk, DiskPatience patience) {
  if (file_ == nullptr) {
    std::shared_ptr<File> opened = TRY(disk.open(path, OpenMode::read, patience.deadline()));
    if (file_ == nullptr) file_ = std::move(opened);  // another fiber may have been quicker
  }
  return file_;
}

Result<std::shared_ptr<File>> Segment::writable_file(Disk& disk, DiskPatience patience) {
  if (!writable_) {
    file_ = TRY(disk.open(path, OpenMode::write, patience.deadline()));
    writable_ = true;
  }
  return file_;
}

Error Segment::corrupt_at(std::uint64_t position, std::string_view what) const {
  return Error(Errc::corrupt, fmt::format("{} at {}: {}", path, position, what));
}

// Calls visit(position, header) for batch after batch from `position`, where `expected` starts, until it returns false or the
// written part ends. Only headers are looked at; they must follow each other.
template <class Visit>
Result<> Segment::walk(Disk& disk, DiskPatience patience, std::uint64_t position, std::int64_t expected, Visit&& visit) {
  const std::shared_ptr<File> opened = TRY(file(disk, patience));
  BatchWalker walker(*opened, patience, position, written_bytes);
  for (;;) {
    const std::uint64_t at = walker.position();
    const Result<std::optional<BatchHeader>> next = walker.next(BatchWalker::Depth::headers);
    if (!next) return next.error() == Errc::corrupt ? corrupt_at(at, next.error().detail) : next.error();
    if (!next->has_value()) return {};
    const BatchHeader& header = **next;
    if (header.base_offset != expected) return corrupt_at(at, "not the batch that was written here");
    if (!visit(at, header)) return {};
    expected = header.next_offset();
  }
}

Result<Segment::Place> Segment::find(Disk& disk, DiskPatience patience, std::int64_t offset) {
  ENSURE(offset >= base_offset);
  ENSURE(offset < next_offset);
  const SparseIndex::Entry* entry = index.at_or_before(offset);
  std::optional<Place> place;
  TRY(walk(disk, patience, entry == nullptr ? 0 : entry->position, entry == nullptr ? base_offset : entry->offset,
           [&](std::uint64_t position, const BatchHeader& header) {
             if (offset < header.next_offset()) place = Place{position, header};
             return !place.has_value();
           }));
  if (!place.has_value()) return corrupt_at(written_bytes, "the segment ends too early");
  return *place;
}

Result<ReadResult> Segment::read(Disk& disk, DiskPatience patience, std::int64_t offset, const ReadLimits& limits) {
  ENSURE(offset >= base_offset);
  ENSURE(offset < next_offset);
  const std::uint64_t cuts = cuts_;
  std::uint64_t start = read_on_position_;
  std::int64_t expected = offset;  // where one reads on a batch begins; else the one that holds `offset` may begin before it
  if (offset != read_on_offset_) {
    const Place place = TRY(find(disk, patience, offset));
    start = place.position;
    expected = place.header.base_offset;
  }
  const std::shared_ptr<File> file = TRY(this->file(disk, patience));

  const std::uint64_t left = written_bytes - start;
  std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(std::max(limits.max_bytes, batch_header_bytes), left));
  Slice run = TRY(file->read_at(start, wanted, patience.deadline()));
  if (limits.min_one_batch && run.size() >= batch_header_bytes) {
    const Result<BatchHeader> first = read_batch_header(run);
    if (first.has_value() && first->bytes > run.size() && first->bytes <= left) {
      wanted = first->bytes;
      run = TRY(file->read_at(start, wanted, patience.deadline()));
    }
  }
  if (run.size() < wanted) return corrupt_at(start + run.size(), "the file is shorter than what was written");

  ReadResult result;
  result.next_offset = offset;
  std::size_t at = 0;
  while (run.size() - at >= batch_header_bytes) {
    const Result<BatchHeader> header = read_batch_header(run.from(at));
    const bool whole = header.has_value() && header->bytes <= run.size() - at;
    if (header.has_value() && !whole && header->bytes <= left - at) break;  // larger than what was asked for
    const bool in_place = whole && header->base_offset == expected;
    if (!in_place || !batch_checksum_matches(run.part(at, header->bytes))) {
      // What came before is sound; the next read starts here and reports it.
      if (!result.batches.empty()) break;
      return corrupt_at(start + at, "not the batch that was written here, or damaged");
    }
    if (header->next_offset() > limits.upper_bound) break;
    if (header->bytes > limits.max_bytes && !(limits.min_one_batch && result.batches.empty())) break;
    result.batches.push_back(run.part(at, header->bytes));
    result.bytes += header->bytes;
    result.next_offset = header->next_offset();
    expected = header->next_offset();
    at += header->bytes;
  }
  // After a cut these places are of batches that are gone; and with nothing read no batch need begin at `offset`.
  if (cuts == cuts_ && !result.batches.empty()) {
    read_on_offset_ = result.next_offset;
    read_on_position_ = start + at;
  }
  return result;
}

Result<std::int64_t> Segment::batch_at_timestamp(Disk& disk, DiskPatience patience, std::int64_t timestamp, std::int64_t from) {
  if (index.max_timestamp() < timestamp) return next_offset;
  const SparseIndex::Entry* entry = index.before_timestamp(timestamp);
  if (const SparseIndex::Entry* later = index.at_or_before(from);
      later != nullptr && (entry == nullptr || later->offset > entry->offset)) {
    entry = later;
  }
  std::int64_t found = next_offset;
  TRY(walk(disk, patience, entry == nullptr ? 0 : entry->position, entry == nullptr ? base_offset : entry->offset,
           [&](std::uint64_t, const BatchHeader& header) {
             const bool here = header.next_offset() > from && header.max_timestamp >= timestamp;
             if (here) found = header.base_offset;
             return !here;
           }));
  return found;
}

Result<Segment::Newest> Segment::newest_batch(Disk& disk, DiskPatience patience, std::int64_t from, std::int64_t to) {
  // The end of that batch is not known, but a whole segment below `to` needs no walk.
  if (index.max_timestamp_offset() >= from && next_offset <= to)
    return Newest{index.max_timestamp(), index.max_timestamp_offset()};
  Newest newest;
  TRY(walk(disk, patience, 0, base_offset, [&](std::uint64_t, const BatchHeader& header) {
    if (header.next_offset() > to) return false;
    if (header.next_offset() > from && header.max_timestamp > newest.timestamp)
      newest = {header.max_timestamp, header.base_offset};
    return true;
  }));
  return newest;
}

Result<> Segment::cut(Disk& disk, DiskPatience patience, std::int64_t offset) {
  const Place place = TRY(find(disk, patience, offset));
  const std::shared_ptr<File> opened = TRY(writable_file(disk, patience));
  TRY(opened->truncate(place.position, patience.deadline()));
  index.clear();
  ++cuts_;
  read_on_offset_ = -1;
  written_bytes = place.position;
  assigned_bytes = place.position;
  next_offset = place.header.base_offset;
  return walk(disk, patience, 0, base_offset, [&](std::uint64_t position, const BatchHeader& header) {
    index.add(header.base_offset, position, header.max_timestamp);
    return true;
  });
}

}  // namespace faultline
