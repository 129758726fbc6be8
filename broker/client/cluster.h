// The cluster as one client sees it: where brokers are, who leads what, and a connection to each of them when it is needed.
//
// Producer, consumer and admin each own one. Metadata is fetched when somebody asks for a topic that is unknown, stale or old; those
// who ask while a request is on its way share its answer. Connections are opened on first use and replaced when they broke, after a
// delay that grows with the failures in a row. A long poll would hold up every answer behind it, so fetches have a connection of
// their own.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/client/backoff.h"
#include "broker/client/connection.h"
#include "broker/client/kept_connection.h"
#include "broker/client/metadata.h"
#include "runtime/sync.h"

namespace faultline::client {

/// Which of the connections to a broker.
enum class Lane : std::uint8_t { normal, fetch };

struct Leader {
  std::int32_t broker = -1;
  std::int32_t epoch = -1;
  protocol::Uuid topic_id;

  bool operator==(const Leader&) const = default;
};

class Cluster {
 public:
  /// Requires: config.validate() succeeds; `env` outlives this. `name` tells the random streams of two clients on a node apart.
  Cluster(const Env& env, ClusterConfig config, std::string_view name);

  const Metadata& metadata() const { return metadata_; }

  /// The leader if it is known and nothing speaks against it.
  std::optional<Leader> known_leader(const TopicPartition& partition) const;
  /// The leader, asking brokers until one is known. Suspends.
  /// Errors: the last reason why it is not known, when the deadline passes or retrying cannot help.
  ClientResult<Leader> leader(const TopicPartition& partition, Time deadline);
  /// How many partitions the topic has. Suspends, errors: as leader().
  ClientResult<std::int32_t> partition_count(const std::string& topic, Time deadline);
  /// A broker contradicted what is known about `topic`.
  void mark_stale(std::string_view topic);

  /// Fresh metadata of `topics`, of all of them if absent. Topics are not created. Suspends.
  ClientResult<Metadata> describe(std::optional<std::vector<std::string>> topics, Time deadline);

  /// One attempt with broker `id`. Errors: as Connection::call, and those of opening a connection (definite).
  template <class Request>
  ClientResult<Answer<Request>> call(std::int32_t id, const Request& request, const CallOptions& options,
                                     Lane lane = Lane::normal) {
    const std::shared_ptr<Connection> connection = TRY(this->connection(id, lane, options.deadline));
    ClientResult<Answer<Request>> answer = connection->call(request, options);
    if constexpr (requires { answer->throttle_time_ms; }) {
      if (answer) note_throttle(id, answer->throttle_time_ms);
    }
    return answer;
  }
  /// One attempt with any broker.
  template <class Request>
  ClientResult<Answer<Request>> call_any(const Request& request, const CallOptions& options) {
    const std::int32_t id = TRY(any_broker(options.deadline));
    return call(id, request, options);
  }
  /// One attempt with the controller. While none is known, or none that answers, any broker will do: it passes requests on.
  template <class Request>
  ClientResult<Answer<Request>> call_controller(const Request& request, const CallOptions& options) {
    const std::int32_t id = TRY(controller(options.deadline));
    ClientResult<Answer<Request>> answer = call(id, request, options);
    if (!answer) avoid_controller();
    return answer;
  }
  /// The broker that was taken for the controller is not, or cannot be reached: the next attempt is made with another.
  void avoid_controller() { avoided_controller_ = metadata_.controller; }
  template <class Request>
  ClientResult<> send_only(std::int32_t id, const Request& request, const CallOptions& options) {
    const std::shared_ptr<Connection> connection = TRY(this->connection(id, Lane::normal, options.deadline));
    return connection->send_only(request, options);
  }

  /// Calls `attempt()` until it succeeds, fails in a way that does not pass, or the deadline comes before the next try. Suspends.
  template <class Attempt>
  auto retrying(
      Time deadline, Attempt&& attempt,
      bool (*passes)(const ClientError&) = [](const ClientError& error) { return error.retriable(); }) -> decltype(attempt()) {
    bool maybe_done = false;
    for (std::uint32_t failures = 1;; ++failures) {
      auto result = attempt();
      if (result) return result;
      ClientError error = std::move(result).error();
      if (!error.definite) maybe_done = true;
      const Time again = after(clock_.now(), retry_.delay(failures));
      if (!passes(error) || again >= deadline) return std::move(error).indefinite_if(maybe_done);
      if (Result<> slept = sleep_until(again); !slept) return ClientError(slept.error()).indefinite_if(maybe_done);
    }
  }

  Clock& clock() const { return clock_; }
  Duration retry_delay(std::uint32_t failures) { return retry_.delay(failures); }

 private:
  ClientResult<std::shared_ptr<Connection>> connection(std::int32_t id, Lane lane, Time deadline);
  ClientResult<Endpoint> endpoint_of(std::int32_t id) const;
  std::vector<std::int32_t> candidates(std::int32_t avoided) const;
  /// Not `avoided`, if there is another one.
  ClientResult<std::int32_t> any_broker(Time deadline, std::int32_t avoided = -1);
  ClientResult<std::int32_t> controller(Time deadline);
  ClientResult<protocol::MetadataResponse> ask_metadata(const protocol::MetadataRequest& request, Time deadline);
  ClientResult<> refresh(Time deadline);
  ClientResult<> refresh_if_needed(const std::string& topic, Time deadline);
  bool is_fresh(const TopicMetadata& topic) const;
  void note_throttle(std::int32_t id, std::int32_t throttle_time_ms);

  // Constant after construction.
  const Env env_;
  Clock& clock_;
  const ClusterConfig config_;
  // Volatile.
  Metadata metadata_;
  std::set<std::string> topics_;  // every topic that was ever asked for
  std::uint64_t refreshes_ = 0;
  Mutex refreshing_;
  std::map<std::pair<std::int32_t, Lane>, KeptConnection> connections_;  // negative ids: -1 - index into the bootstrap list
  std::uint32_t next_candidate_ = 0;
  std::int32_t avoided_controller_ = -1;  // until another one is named
  Backoff retry_;
  Backoff reconnect_;
  TaskGroup tasks_;  // the fibers of all connections
};

}  // namespace faultline::client
