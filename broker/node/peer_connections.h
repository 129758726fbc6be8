// PeerConnections: one connection to each other broker that this one replicates from, to where the metadata say that it listens.
#pragma once

#include <map>

#include "broker/client/kept_connection.h"
#include "broker/metadata/image.h"
#include "broker/protocol/fetch.h"
#include "runtime/env.h"

namespace faultline {

class PeerConnections {
 public:
  /// `image` outlives this.
  PeerConnections(Env& env, const metadata::ClusterImage& image);

  /// One attempt. Suspends. Errors: not_found (no such broker); as Connection::call.
  Result<protocol::FetchResponse> fetch(metadata::BrokerId broker, const protocol::FetchRequest& request, Time deadline);

 private:
  client::ClientResult<Endpoint> endpoint_of(metadata::BrokerId broker) const;

  // Constant after construction.
  Env& env_;
  const metadata::ClusterImage& image_;
  const client::ConnectionConfig config_;
  // Volatile.
  client::Backoff reconnect_;
  std::map<metadata::BrokerId, client::KeptConnection> connections_;
  TaskGroup tasks_;
};

}  // namespace faultline
