// Callers that wait for something the quorum decides. Each lies on its fiber's stack and takes itself off the list when it goes,
// however that comes about.
#pragma once

#include <cstdint>
#include <optional>

#include "broker/quorum/node/node.h"

namespace faultline::quorum {

struct Node::AppliedWaiter {
  AppliedWaiter(Node& of, const raft::Position& at)
      : node(of), position(at), place(of.waiters_.emplace(at.index, this)), listed(true) {}
  ~AppliedWaiter() {
    if (listed) node.waiters_.erase(place);
  }
  AppliedWaiter(const AppliedWaiter&) = delete;
  AppliedWaiter& operator=(const AppliedWaiter&) = delete;

  /// Requires: the caller takes it off the list.
  void finish(Result<> result) {
    listed = false;
    outcome = std::move(result);
    done.set();
  }

  Node& node;
  const raft::Position position;
  const std::multimap<raft::Index, AppliedWaiter*>::iterator place;
  bool listed;
  Result<> outcome;
  Event done{};
};

struct Node::ReadWaiter {
  explicit ReadWaiter(Node& of) : node(of), id(++of.last_read_) { node.reads_.emplace(id, this); }
  ~ReadWaiter() { node.reads_.erase(id); }
  ReadWaiter(const ReadWaiter&) = delete;
  ReadWaiter& operator=(const ReadWaiter&) = delete;

  void finish(Result<raft::Index> result) {
    outcome = std::move(result);
    done.set();
  }

  Node& node;
  const std::uint64_t id;
  Result<raft::Index> outcome;
  Event done{};
};

}  // namespace faultline::quorum
