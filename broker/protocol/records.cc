#include "broker/protocol/records.h"

#include <algorithm>

namespace faultline::protocol {

bool operator==(const Records& a, const Records& b) {
  if (a.size() != b.size()) return false;
  const Slice left = a.joined();
  const Slice right = b.joined();
  return std::equal(left.bytes().begin(), left.bytes().end(), right.bytes().begin());
}

}  // namespace faultline::protocol
