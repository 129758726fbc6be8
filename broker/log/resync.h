// After a bad batch nothing tells where the next one starts. This looks for any whole batch behind it, to tell "the end of the file
// was not written" from "something in the middle is damaged".
#pragma once

#include <cstdint>

#include "broker/log/batch_walker.h"

namespace faultline {

/// Whether a batch with a right checksum and offsets from `next_offset` on starts somewhere in (from, to) of `file`.
/// Looks at most at the first 16 MiB: the answer goes into a report.
Result<bool> has_later_batch(File& file, DiskPatience patience, std::uint64_t from, std::uint64_t to, std::int64_t next_offset);

}  // namespace faultline
