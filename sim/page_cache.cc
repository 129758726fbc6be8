#include "sim/page_cache.h"

#include <algorithm>
#include <cstring>

namespace faultline::sim {
namespace {

std::uint32_t page_of(std::uint64_t offset) { return static_cast<std::uint32_t>(offset / page_bytes); }

Slice copy_page(const Slice& content) {
  Buffer copy(page_bytes);
  if (content.empty()) {
    std::memset(copy.data(), 0, page_bytes);
  } else {
    std::memcpy(copy.data(), content.data(), page_bytes);
  }
  return std::move(copy).freeze();
}

bool is_zero(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

Slice PageCache::read(std::uint64_t offset, std::size_t count) const {
  if (offset >= size_ || count == 0) return {};
  const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(count, size_ - offset));
  const std::size_t start = offset % page_bytes;
  if (start + wanted <= page_bytes && page_of(offset) < pages_.size()) {
    const Page& page = pages_[page_of(offset)];
    if (!page.owned && !page.content.empty()) return page.content.part(start, wanted);
  }
  Buffer result(wanted);
  std::size_t done = 0;
  while (done < wanted) {
    const std::size_t at = (offset + done) % page_bytes;
    const std::size_t part = std::min(wanted - done, page_bytes - at);
    const std::uint32_t index = page_of(offset + done);
    if (index < pages_.size() && !pages_[index].content.empty()) {
      std::memcpy(result.data() + done, pages_[index].content.data() + at, part);
    } else {
      std::memset(result.data() + done, 0, part);
    }
    done += part;
  }
  return std::move(result).freeze();
}

void PageCache::write(std::uint64_t offset, std::span<const Slice> pieces, std::uint64_t limit) {
  ++version_;
  std::uint64_t at = offset;
  for (const Slice& piece : pieces) {
    const std::size_t part = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), limit - (at - offset)));
    if (part > 0) write_piece(at, piece.part(0, part));
    at += part;
  }
  if (at > size_ && at > offset) set_size(at);
}

void PageCache::write_piece(std::uint64_t offset, const Slice& piece) {
  if (page_of(offset + piece.size() - 1) >= pages_.size()) pages_.resize(page_of(offset + piece.size() - 1) + 1);
  std::size_t done = 0;
  while (done < piece.size()) {
    const std::size_t at = (offset + done) % page_bytes;
    const std::size_t part = std::min(piece.size() - done, page_bytes - at);
    const std::uint32_t index = page_of(offset + done);
    Page& page = pages_[index];
    if (part == page_bytes) {
      page.undo.push_back({version_, 0, page_bytes, std::move(page.content)});
      page.content = piece.part(done, part);
      page.filled = page_bytes;
      page.owned = false;
      page.unreadable = false;
    } else {
      write_part(page, at, piece.bytes().subspan(done, part));
    }
    mark_dirty(index);
    done += part;
  }
}

void PageCache::write_part(Page& page, std::size_t at, Bytes bytes) {
  own(page);
  const bool over_zeros = at >= page.filled;
  Slice old = over_zeros ? Slice() : Slice::copy_of(page.content.bytes().subspan(at, bytes.size()));
  page.undo.push_back({version_, static_cast<std::uint16_t>(at), static_cast<std::uint16_t>(bytes.size()), std::move(old)});
  std::memcpy(page.content.writable().data() + at, bytes.data(), bytes.size());
  page.filled = std::max(page.filled, static_cast<std::uint16_t>(at + bytes.size()));
}

void PageCache::truncate(std::uint64_t size) {
  ++version_;
  if (size < size_) {
    const std::uint32_t first = page_of(size);
    for (std::uint32_t page = first; page < pages_.size(); ++page) zero_from(page, page == first ? size % page_bytes : 0);
  }
  if (size != size_) set_size(size);
}

void PageCache::zero_from(std::uint32_t index, std::size_t at) {
  Page& page = pages_[index];
  if (at >= page.filled) return;
  if (at == 0) {
    page.undo.push_back({version_, 0, page_bytes, std::move(page.content)});
    page.content = {};
    page.owned = false;
  } else {
    own(page);
    const std::size_t count = page_bytes - at;
    page.undo.push_back({version_, static_cast<std::uint16_t>(at), static_cast<std::uint16_t>(count),
                         Slice::copy_of(page.content.bytes().subspan(at))});
    std::memset(page.content.writable().data() + at, 0, count);
  }
  page.filled = static_cast<std::uint16_t>(at);
  mark_dirty(index);
}

void PageCache::own(Page& page) {
  if (page.owned) return;
  page.content = copy_page(page.content);
  page.owned = true;
}

void PageCache::mark_dirty(std::uint32_t index) {
  Page& page = pages_[index];
  page.dirty = true;
  page.cached = true;
  if (page.listed) return;
  page.listed = true;
  unsettled_.push_back(index);
}

void PageCache::set_size(std::uint64_t size) {
  used_ += size - size_;  // modulo 2^64, as the sum is never negative
  size_ = size;
  size_changes_.push_back({version_, size});
}

std::vector<std::uint32_t> PageCache::dirty_pages(std::uint64_t version) const {
  std::vector<std::uint32_t> pages;
  for (const std::uint32_t index : unsettled_) {
    if (pages_[index].dirty && pages_[index].undo.front().version <= version) pages.push_back(index);
  }
  std::sort(pages.begin(), pages.end());
  return pages;
}

void PageCache::settle_page(std::uint32_t index, std::uint64_t version) {
  Page& page = pages_[index];
  const auto newer =
      std::find_if(page.undo.begin(), page.undo.end(), [version](const Undo& undo) { return undo.version > version; });
  page.undo.erase(page.undo.begin(), newer);
  page.dirty = !page.undo.empty();
}

void PageCache::sweep() {
  std::erase_if(unsettled_, [this](std::uint32_t index) {
    pages_[index].listed = !pages_[index].undo.empty();
    return !pages_[index].listed;
  });
}

void PageCache::forget_unsettled(std::size_t index) {
  pages_[unsettled_[index]].listed = false;
  unsettled_[index] = unsettled_.back();
  unsettled_.pop_back();
}

void PageCache::settle_size(std::uint64_t version) {
  while (!size_changes_.empty() && size_changes_.front().version <= version) {
    durable_size_ = size_changes_.front().size;
    size_changes_.erase(size_changes_.begin());
  }
}

void PageCache::lose_page(std::uint32_t index, std::uint64_t version) {
  Page& page = pages_[index];
  page.dirty = !page.undo.empty() && page.undo.back().version > version;
}

bool PageCache::misdirect(std::uint32_t index, std::uint32_t victim) {
  if (!is_clean(victim) || victim == index) return false;
  Page& hit = pages_[victim];
  hit.undo.push_back({0, 0, page_bytes, copy_page(pages_[index].content)});
  hit.listed = true;
  unsettled_.push_back(victim);
  return true;
}

bool PageCache::flip_bit(std::uint64_t offset, unsigned bit) {
  const std::uint32_t index = page_of(offset);
  if (offset >= size_ || index >= pages_.size() || pages_[index].content.empty()) return false;
  ENSURE(is_clean(index));
  own(pages_[index]);
  std::uint8_t& byte = pages_[index].content.writable()[offset % page_bytes];
  byte = static_cast<std::uint8_t>(byte ^ (1u << bit));
  pages_[index].filled = page_bytes;
  return true;
}

void PageCache::make_unreadable(std::uint32_t index) {
  if (index >= pages_.size()) return;
  pages_[index].unreadable = true;
  any_unreadable_ = true;
}

bool PageCache::is_unreadable(std::uint64_t offset, std::uint64_t count) const {
  if (!any_unreadable_ || count == 0) return false;
  for (std::uint64_t index = offset / page_bytes; index <= (offset + count - 1) / page_bytes && index < pages_.size(); ++index) {
    if (pages_[index].unreadable && !pages_[index].cached) return true;
  }
  return false;
}

/// The page after its oldest `kept` changes.
Slice PageCache::version_of(const Page& page, std::size_t kept) {
  if (kept == page.undo.size()) return page.content;
  Slice image = copy_page(page.content);
  for (std::size_t i = page.undo.size(); i > kept; --i) {
    const Undo& undo = page.undo[i - 1];
    std::uint8_t* at = image.writable().data() + undo.offset;
    if (undo.old.empty()) {
      std::memset(at, 0, undo.bytes);
    } else {
      std::memcpy(at, undo.old.data(), undo.bytes);
    }
  }
  return image;
}

/// How many undo records each version of the page keeps: the durable one, then one per write, however many pieces it had.
std::vector<std::size_t> PageCache::versions_of(const Page& page) {
  std::vector<std::size_t> versions{0};
  for (std::size_t i = 0; i < page.undo.size(); ++i) {
    if (i + 1 == page.undo.size() || page.undo[i + 1].version != page.undo[i].version) versions.push_back(i + 1);
  }
  return versions;
}

void PageCache::set_content(Page& page, Slice content) {
  page.owned = false;
  page.content = std::move(content);
  if (!page.content.empty() && is_zero(page.content)) page.content = {};
  page.filled = page.content.empty() ? 0 : page_bytes;
  page.undo.clear();
  page.dirty = false;
}

void PageCache::decide_page(Page& page, Choices& choices, Loss& loss) {
  if (!page.dirty) {  // clean and lost: the disk has its own idea already
    set_content(page, version_of(page, 0));
    ++loss.pages;
    return;
  }
  const std::vector<std::size_t> versions = versions_of(page);
  if (choices.choose(Choices::Kind::tear, 2) == 0) {
    const std::uint64_t chosen = choices.choose(Choices::Kind::page, versions.size());
    loss.pages += chosen + 1 < versions.size();
    set_content(page, version_of(page, versions[chosen]));
    return;
  }
  // One version was on the disk and another one was being written over it.
  const std::size_t last = versions.size() - 1;
  const std::uint64_t below = last > 1 ? choices.choose(Choices::Kind::torn_versions, last) : 0;
  const std::uint64_t above = below + 1 + (last - below > 1 ? choices.choose(Choices::Kind::torn_versions, last - below) : 0);
  const Slice old_image = copy_page(version_of(page, versions[below]));
  const Slice new_image = copy_page(version_of(page, versions[above]));
  for (std::size_t at = 0; at < page_bytes; at += sector_bytes) {
    if (std::memcmp(old_image.data() + at, new_image.data() + at, sector_bytes) == 0) continue;
    if (choices.choose(Choices::Kind::sector, 2) == 1)
      std::memcpy(old_image.writable().data() + at, new_image.data() + at, sector_bytes);
  }
  ++loss.pages;
  ++loss.torn;
  set_content(page, old_image);
}

void PageCache::decide_length(Choices& choices, Loss& loss) {
  std::uint64_t least = durable_size_;
  std::uint64_t most = durable_size_;
  for (const SizeChange& change : size_changes_) {
    least = std::min(least, change.size);
    most = std::max(most, change.size);
  }
  std::uint64_t chosen = least;
  if (most > least) {
    const bool growing = size_ >= durable_size_;
    const std::uint64_t answer = choices.choose(Choices::Kind::length, most - least + 1);
    chosen = growing ? least + answer : most - answer;
  }
  loss.length = chosen != size_;
  used_ += chosen - size_;
  size_ = chosen;
  durable_size_ = chosen;
  size_changes_.clear();
}

PageCache::Loss PageCache::power_loss(Choices& choices) {
  Loss loss;
  std::sort(unsettled_.begin(), unsettled_.end());
  for (const std::uint32_t index : unsettled_) {
    pages_[index].listed = false;
    if (!pages_[index].undo.empty()) decide_page(pages_[index], choices, loss);
  }
  unsettled_.clear();
  decide_length(choices, loss);
  // What lies beyond the end does not come back when the file grows again.
  const std::size_t pages = static_cast<std::size_t>((size_ + page_bytes - 1) / page_bytes);
  if (pages_.size() > pages) pages_.resize(pages);
  if (const std::size_t rest = size_ % page_bytes; rest != 0 && pages_.size() == pages && !pages_.back().content.empty()) {
    own(pages_.back());
    std::memset(pages_.back().content.writable().data() + rest, 0, page_bytes - rest);
    pages_.back().filled = static_cast<std::uint16_t>(rest);
  }
  if (any_unreadable_) {
    for (Page& page : pages_) page.cached = !page.unreadable;
  }
  return loss;
}

}  // namespace faultline::sim
