// Tickets: an append is decided before it is written, so it can be taken back, and its offsets are then given to others. A ticket
// remembers in which generation of the log's end the append was made; TakenBack remembers what each later generation took back.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"

namespace faultline {

struct AppendTicket {
  std::int64_t end_offset = 0;  // last offset of the append + 1
  std::uint64_t generation = 0;
};

class TakenBack {
 public:
  std::uint64_t generation() const { return generation_; }

  /// Everything from `offset` on is taken back, because of `why`.
  void add(std::int64_t offset, Errc why) {
    // An older entry at a higher offset is covered by this one for every ticket that it could judge.
    while (!entries_.empty() && entries_.back().offset >= offset) entries_.pop_back();
    entries_.push_back({generation_, offset, why});
    ++generation_;
  }

  /// Why the append was taken back, if it was.
  std::optional<Errc> reason(const AppendTicket& ticket) const {
    for (const Entry& entry : entries_) {
      if (entry.last_generation >= ticket.generation && ticket.end_offset > entry.offset) return entry.why;
    }
    return std::nullopt;
  }

 private:
  struct Entry {
    std::uint64_t last_generation;  // of the tickets that it judges
    std::int64_t offset;
    Errc why;
  };

  std::uint64_t generation_ = 0;
  std::vector<Entry> entries_;  // offsets grow
};

}  // namespace faultline
