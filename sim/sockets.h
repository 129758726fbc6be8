// What a node holds of the simulated network: its Network, Listeners and Streams. They suspend and wake; what happens on the wire
// is decided in sim/internet.h.
#pragma once

#include <deque>
#include <memory>

#include "runtime/network.h"
#include "runtime/sync.h"
#include "sim/internet.h"

namespace faultline::sim {

class SimStream final : public Stream {
 public:
  SimStream(Internet& internet, Connection& connection, std::size_t side);
  ~SimStream() override;

  Result<std::size_t> read_some(MutableBytes buffer, Time deadline) override;
  Result<std::size_t> write_some(std::span<const Bytes> pieces, Time deadline) override;
  Result<> shutdown_write() override;
  void reset() override;
  const Endpoint& local() const override { return connection_.half[side_].local; }
  const Endpoint& peer() const override { return connection_.half[1 - side_].local; }

 private:
  Internet& internet_;
  Host& host_;
  Connection& connection_;
  const std::size_t side_;
};

class SimListener final : public Listener {
 public:
  SimListener(Internet& internet, Host& host, Endpoint local) : internet_(internet), host_(host), local_(std::move(local)) {}
  ~SimListener() override { close(); }

  Result<std::unique_ptr<Stream>> accept(Time deadline) override;
  const Endpoint& local() const override { return local_; }
  void close() override;

  /// Linux's default for the queue of connections that nobody has accepted yet.
  static constexpr std::size_t backlog = 4096;

 private:
  friend class Internet;

  Internet& internet_;
  Host& host_;
  const Endpoint local_;
  bool closed_ = false;
  std::deque<std::pair<std::uint32_t, std::uint32_t>> pending_;  // slot and generation of what waits to be accepted
  WaitQueue acceptors_;
};

class SimNetwork final : public Network {
 public:
  SimNetwork(Internet& internet, Host& host) : internet_(internet), host_(host) {}

  Result<std::unique_ptr<Listener>> listen(const Endpoint& local) override;
  Result<std::unique_ptr<Stream>> connect(const Endpoint& peer, Time deadline) override;

 private:
  Internet& internet_;
  Host& host_;
};

}  // namespace faultline::sim
