// From a request frame to its handler and from its response to a frame.
#pragma once

#include "broker/server/connection.h"
#include "broker/server/handler.h"

namespace faultline {

class Dispatcher : public RequestStarter {
 public:
  Dispatcher(Env& env, Broker& broker, Semaphore& response_memory)
      : env_(env), broker_(broker), response_memory_(response_memory) {}

  /// Errors: unsupported (an API or version we do not serve), malformed, truncated: the connection is to be closed.
  Result<FinishRequest> start(const Slice& frame, LongPolls& polls) override;

 private:
  Env& env_;
  Broker& broker_;
  Semaphore& response_memory_;
};

}  // namespace faultline
