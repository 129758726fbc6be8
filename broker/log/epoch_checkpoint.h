// The leader epoch cache of a log as a file: see docs/formats/checkpoint.md. The cache itself, and what it answers, is
// replication's (broker/replication/epoch_cache.h); a log fills it and keeps it.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/slice.h"
#include "broker/replication/epoch_cache.h"

namespace faultline {

using replication::EpochCache;
using replication::EpochEnd;
using replication::EpochStart;

Slice encode_epochs(const EpochCache& cache);
/// Errors: corrupt.
Result<EpochCache> decode_epochs(Bytes bytes);

}  // namespace faultline
