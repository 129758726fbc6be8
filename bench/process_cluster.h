// Three processes of this program as one cluster on loopback, each broker and controller.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/child_process.h"
#include "bench/posix.h"
#include "runtime/network.h"

namespace faultline::bench {

class ProcessCluster {
 public:
  /// Formats, starts and waits until every broker is ready. `options` are given to each.
  static Result<ProcessCluster> start(std::int32_t brokers, const std::vector<std::string>& options);

  std::vector<Endpoint> bootstrap() const;
  /// Node ids begin at 1.
  pid_t pid_of(std::int32_t node) const { return nodes_.at(static_cast<std::size_t>(node) - 1).child.pid(); }
  /// kill -9, and a new process on the same directory and ports, which is ready when this returns.
  Result<> kill(std::int32_t node);
  Result<> start_again(std::int32_t node);
  /// Processor seconds of all.
  Result<double> processor_seconds() const;
  Result<> stop();

 private:
  struct Node {
    std::vector<std::string> command;
    std::uint16_t port = 0;
    ChildProcess child;
  };

  explicit ProcessCluster(TemporaryDirectory directory) : directory_(std::move(directory)) {}

  TemporaryDirectory directory_;
  std::vector<Node> nodes_;
};

}  // namespace faultline::bench
