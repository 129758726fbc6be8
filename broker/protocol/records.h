// Records: the value of a `records` field, as shared bytes that are never copied.
//
// A decoded request holds one part, a piece of the frame it arrived in. An answer to a fetch may be put together from several
// batches that live in different buffers, so there can be any number of parts; on the wire they are one run of bytes. Null and
// empty mean the same: null is read as empty, and empty is written as empty, since clients do not accept null in an answer.
#pragma once

#include <utility>
#include <vector>

#include "base/slice.h"

namespace faultline::protocol {

class Records {
 public:
  Records() = default;
  Records(Slice bytes) {  // NOLINT(google-explicit-constructor): records are bytes
    append(std::move(bytes));
  }

  /// Adds `bytes` at the end; empty ones leave no part behind.
  void append(Slice bytes) {
    if (bytes.empty()) return;
    size_ += bytes.size();
    parts_.push_back(std::move(bytes));
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const std::vector<Slice>& parts() const { return parts_; }

  /// All the bytes in one piece: the part itself if there is only one, else a copy.
  Slice joined() const { return parts_.size() == 1 ? parts_.front() : concatenate(parts_); }

  /// Equal bytes, however they are cut into parts.
  friend bool operator==(const Records& a, const Records& b);

 private:
  std::vector<Slice> parts_;
  std::size_t size_ = 0;
};

}  // namespace faultline::protocol
