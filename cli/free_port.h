// Ports of loopback on which nothing listens.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <set>

#include "base/result.h"

namespace faultline::cli {

class FreePorts {
 public:
  /// These are spoken for although nobody listens on them at present.
  void leave_out(std::initializer_list<std::uint16_t> ports) { taken_.insert(ports); }
  /// Nobody is kept from taking the port before it is used. Errors: io_error.
  Result<std::uint16_t> next();

 private:
  std::set<std::uint16_t> taken_;  // those that were handed out among them
};

}  // namespace faultline::cli
