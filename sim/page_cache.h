// The content of one file as the kernel caches it, and how it differs from what the disk holds.
//
// Only the newest content is stored. Each page remembers, oldest first, how to undo the writes that are not durable; what the disk
// holds is the content with all of them undone. A sync forgets undo records and copies nothing, an append of 100 bytes copies 100
// bytes, and a write of whole pages shares the writer's bytes. Undoing the newest few gives every intermediate version.
//
// A page with undo records is either dirty (a sync will write it) or clean and lost: the disk silently holds something else. That
// second state is what a failed sync, a lost write and a misdirected write leave behind (after Rebello et al., "Can Applications
// Recover from fsync Failures?", ATC'20).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/slice.h"
#include "sim/choices.h"

namespace faultline::sim {

inline constexpr std::size_t page_bytes = 4096;
inline constexpr std::size_t sector_bytes = 512;

class PageCache {
 public:
  /// Bytes on the disk are added to and taken from `used`.
  explicit PageCache(std::uint64_t& used) : used_(used) {}
  ~PageCache() { used_ -= size_; }
  PageCache(const PageCache&) = delete;
  PageCache& operator=(const PageCache&) = delete;

  std::uint64_t size() const { return size_; }
  /// The number of the newest change.
  std::uint64_t version() const { return version_; }
  Slice read(std::uint64_t offset, std::size_t count) const;
  /// One write. At most `limit` bytes of the pieces are taken.
  void write(std::uint64_t offset, std::span<const Slice> pieces, std::uint64_t limit);
  void truncate(std::uint64_t size);

  // --- what a sync that was issued at `version` does ---
  /// The pages it has to write, in order.
  std::vector<std::uint32_t> dirty_pages(std::uint64_t version) const;
  /// It reached the disk.
  void settle_page(std::uint32_t page, std::uint64_t version);
  void settle_size(std::uint64_t version);
  /// Call it after the last settle_page().
  void sweep();
  /// It is believed to have reached the disk: the page is clean and still reads new.
  void lose_page(std::uint32_t page, std::uint64_t version);
  /// The disk's copy of `victim` is overwritten with the content of `page`, unnoticed. Returns: false if victim is not clean.
  bool misdirect(std::uint32_t page, std::uint32_t victim);

  // --- at rest ---
  /// Flips a bit on the disk and in the cache. Requires: the page is clean. Returns: false if it holds nothing.
  bool flip_bit(std::uint64_t offset, unsigned bit);
  void make_unreadable(std::uint32_t page);
  /// Whether a page of the range cannot be read from the disk and is not cached either.
  bool is_unreadable(std::uint64_t offset, std::uint64_t count) const;
  /// Clean pages leave the cache: lost ones read as the disk holds them. `spare(page)` keeps a page in the cache.
  template <class Spare>
  std::size_t evict(Spare&& spare);

  struct Loss {
    std::size_t pages = 0;  // that were not kept in their newest version
    std::size_t torn = 0;
    bool length = false;
  };
  /// The power goes: what is not durable is decided by `choices`, and is durable then.
  Loss power_loss(Choices& choices);

  std::size_t page_count() const { return pages_.size(); }
  bool is_clean(std::uint32_t page) const { return page < pages_.size() && pages_[page].undo.empty(); }

 private:
  struct Undo {
    std::uint64_t version;
    std::uint16_t offset;
    std::uint16_t bytes;
    Slice old;  // empty: zeros
  };
  struct Page {
    Slice content;             // page_bytes, or empty: zeros
    std::uint16_t filled = 0;  // bytes from here on are zeros
    bool owned = false;        // content is ours alone and may be changed in place
    bool dirty = false;
    bool listed = false;  // in unsettled_
    bool unreadable = false;
    bool cached = true;
    std::vector<Undo> undo;
  };
  struct SizeChange {
    std::uint64_t version;
    std::uint64_t size;
  };

  void write_piece(std::uint64_t offset, const Slice& piece);
  void write_part(Page& page, std::size_t at, Bytes bytes);
  void zero_from(std::uint32_t page, std::size_t at);
  void mark_dirty(std::uint32_t page);
  void set_size(std::uint64_t size);
  static void own(Page& page);
  static Slice version_of(const Page& page, std::size_t kept);
  static std::vector<std::size_t> versions_of(const Page& page);
  void set_content(Page& page, Slice content);
  void decide_page(Page& page, Choices& choices, Loss& loss);
  void decide_length(Choices& choices, Loss& loss);
  void forget_unsettled(std::size_t index);

  std::uint64_t& used_;
  std::uint64_t version_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t durable_size_ = 0;
  std::vector<SizeChange> size_changes_;  // not durable, oldest first
  std::vector<Page> pages_;
  std::vector<std::uint32_t> unsettled_;  // pages with undo records
  bool any_unreadable_ = false;
};

template <class Spare>
std::size_t PageCache::evict(Spare&& spare) {
  std::size_t changed = 0;
  for (std::size_t i = 0; i < unsettled_.size();) {
    Page& page = pages_[unsettled_[i]];
    if (page.dirty || spare(unsettled_[i])) {
      ++i;
      continue;
    }
    set_content(page, version_of(page, 0));
    ++changed;
    forget_unsettled(i);
  }
  if (any_unreadable_) {
    for (Page& page : pages_) page.cached = page.dirty || !page.unreadable;
  }
  return changed;
}

}  // namespace faultline::sim
