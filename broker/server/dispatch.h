// From a request frame to its handler and from its response to a frame.
#pragma once

#include "broker/server/connection.h"
#include "broker/server/handler.h"

namespace faultline {

class Dispatcher : public RequestStarter {
 public:
  explicit Dispatcher(HandlerContext context) : context_(context) {}

  /// Errors: unsupported (an API or version we do not serve), malformed, truncated: the connection is to be closed.
  Result<FinishRequest> start(const Slice& frame) override;

 private:
  const HandlerContext context_;
};

}  // namespace faultline
