// errno as an Error of the seam: once for files, once for sockets, because EINVAL of a path is not EINVAL of a peer.
#pragma once

#include <string_view>

#include "base/result.h"

namespace faultline {

/// `number` is an errno that a call on the file or directory `path` left behind.
Error file_error(int number, std::string_view call, std::string_view path);

/// `number` is an errno of a call on a socket that is connected.
Error stream_error(int number);

/// `number` is an errno of socket, bind, listen, accept or connect; `endpoint` is what it was called for.
Error endpoint_error(int number, std::string_view call, std::string_view endpoint);

}  // namespace faultline
