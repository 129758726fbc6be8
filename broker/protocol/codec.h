// Messages to bytes and back. M is any request or response struct of this folder; the definitions are instantiated once per
// API, in its .cc file, so that including a message header does not compile its codec.
#pragma once

#include <string>

#include "base/result.h"
#include "base/slice.h"
#include "broker/protocol/encoder.h"
#include "broker/protocol/schema.h"

namespace faultline::protocol {

/// Reads a whole message body; `records` fields share `body`.
///
/// Requires: `version` is one that api.h lists for M.
/// Errors:   truncated, malformed (also when bytes are left over), too_large; the detail is the path of the field.
template <class M>
Result<M> decode(const Slice& body, Version version);

/// Appends `message` to `encoder`. Requires: as decode. Fields that `version` does not have are left out.
template <class M>
void encode(Encoder& encoder, const M& message, Version version);

/// One line for traces: "{throttle_time_ms=0, topics=[{name=a}]}", with the fields of `version` only; records as their size.
template <class M>
std::string print(const M& message, Version version);

}  // namespace faultline::protocol
