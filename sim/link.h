// One direction of the network between two machines, shared by all connections that use it.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/random.h"
#include "sim/connection.h"
#include "sim/options.h"

namespace faultline::sim {

struct Link {
  Link(NodeId link_from, NodeId link_to, const LinkOptions& link_options, const RandomSource& link_random)
      : from(link_from),
        to(link_to),
        options(link_options),
        random(link_random),
        refuse(link_random.stream("refuse")),
        small_window(link_random.stream("small_window")),
        setup(link_random.stream("setup")) {}

  bool blocked() const { return blocks > 0; }
  /// The streams of the next connection made over this link, or over the reverse of it.
  PipeRandom next_pipe_random();
  /// When `bytes` written now by `pipe` arrive; later than everything written to it before.
  Time arrival(Pipe& pipe, Time now, std::uint64_t bytes);

  // Constant after construction.
  const NodeId from;
  const NodeId to;
  // Volatile.
  LinkOptions options;
  RandomSource random;
  RandomStream refuse;
  RandomStream small_window;
  RandomStream setup;
  std::uint32_t blocks = 0;  // partitions and clogs in force
  Time free_at{};            // when the wire is free again; only with limited bandwidth
  std::uint64_t connections = 0;
};

}  // namespace faultline::sim
