// SpaceReserve: room on the disk that is kept for the day when it is full.
//
// The list of topics is replaced by a new file, also when a topic is deleted. On a full disk there would be no room for that file,
// and so no way to make room by deleting. Therefore a file of zeros is kept beside it, which makes way when it has to. The same
// helps a broker to start on a full disk, where it notes its new incarnation.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/time.h"
#include "runtime/disk.h"

namespace faultline {

class SpaceReserve {
 public:
  explicit SpaceReserve(Disk& disk) : disk_(disk) {}

  /// Keeps at least `bytes`; a reserve that is large enough stays as it is. Errors: as Disk::open, write_at and sync.
  Result<> hold(std::uint64_t bytes, Time deadline);
  /// Gives the room back to the disk. Errors: not_found, if there is none; as File::truncate and sync, Disk::remove and sync_dir.
  Result<> release(Time deadline);

 private:
  // Constant after construction.
  Disk& disk_;
  // Volatile.
  std::uint64_t held_bytes_ = 0;  // that this process knows of
};

}  // namespace faultline
