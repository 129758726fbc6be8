// The note that a broker leaves behind when it goes down in order: everything is on the disk, and this was its epoch. At its next
// registration it is the proof that the logs lack nothing, not even of what was acknowledged from the page cache (KIP-966).
//
//   clean-shutdown    "broker-epoch N" in the form of the log's checkpoints: docs/formats/checkpoint.md
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "broker/metadata/records.h"
#include "runtime/disk.h"

namespace faultline {

/// The epoch of the incarnation before, if it went down in order; the note is gone, durably, when this returns: it speaks of one
/// shutdown only. Errors: as the disk. A note that cannot be read proves nothing, and is no error.
Result<metadata::BrokerEpoch> take_clean_shutdown(Disk& disk, Time deadline);

/// Durable when it returns. Requires: every log is closed. Errors: as replace_file.
Result<> note_clean_shutdown(Disk& disk, metadata::BrokerEpoch epoch, Time deadline);

}  // namespace faultline
