// The consumer: reads the partitions it is assigned, each from where it was told to begin.
//
// Fetches run in the background, one at a time to each broker, and continue while the user looks at what poll() returned: the next
// one starts when all that came from that broker has been handed out. Group membership is not part of this class.
//
//   retried here      broken connections, moved leaders, whatever else passes; Polled::retrying names the last such error
//   told to the user  what concerns one partition and does not pass by itself: Polled::errors. A batch that fails its checksum is
//                     an error at its offset, never data; the position stays there, and the next poll fetches it again
//   skipped           control batches and, with read_committed, aborted transactions; the position passes over them
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "broker/client/cluster.h"
#include "broker/client/consumer_config.h"
#include "broker/client/fetched.h"
#include "broker/client/offsets.h"
#include "broker/client/record.h"
#include "broker/protocol/fetch.h"

namespace faultline::client {

/// A place in a partition, as the user names it.
struct Place {
  enum class Kind : std::uint8_t { offset, time, earliest, latest };
  Kind kind = Kind::latest;
  std::int64_t value = 0;  // an offset, or milliseconds since 1970

  static Place offset(std::int64_t offset) { return {Kind::offset, offset}; }
  /// The first record at or after it; the end if there is none.
  static Place time(std::int64_t timestamp_ms) { return {Kind::time, timestamp_ms}; }
  static Place earliest() { return {Kind::earliest, 0}; }
  static Place latest() { return {Kind::latest, 0}; }
};

struct PartitionError {
  TopicPartition partition;
  std::int64_t position = -1;  // where; -1 if it was not known yet
  ClientError error;
};

struct Polled {
  std::vector<ConsumerRecord> records;  // in order within each partition
  std::vector<PartitionError> errors;
  std::optional<ClientError> retrying;  // why some partition had nothing to give, for people; it is being tried again
};

class Consumer {
 public:
  /// Requires: config.validate() succeeds; `env` outlives this. `name` tells two consumers of one node apart.
  Consumer(const Env& env, ConsumerConfig config, std::string_view name = "consumer");
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  /// Reads exactly these from now on. Partitions that were assigned before keep their position, new ones begin where
  /// offset_reset says unless seek() is called.
  void assign(const std::vector<TopicPartition>& partitions);
  /// Continues there; forgets what was fetched ahead. Requires: the partition is assigned.
  void seek(const TopicPartition& partition, Place place);

  /// Records, as soon as there are any. Suspends until then, `wait_max` at most. Returns: nothing after that time.
  /// Errors: cancelled.
  ClientResult<Polled> poll(Duration wait_max, std::size_t records_max = 500);

  /// The next offset that poll() will hand out; nothing while a place is not an offset yet. Requires: the partition is assigned.
  std::optional<std::int64_t> position(const TopicPartition& partition) const;
  /// Turns places into offsets now. Suspends. Errors: the first partition's; timed_out; cancelled.
  ClientResult<> resolve_positions(Time deadline);
  /// The high watermark that came with the last fetch (with read_committed: the last stable offset), if any did.
  std::optional<std::int64_t> known_end(const TopicPartition& partition) const;

  /// Ends of partitions, assigned or not. Suspends. Errors: the first partition's; timed_out; cancelled.
  ClientResult<std::map<TopicPartition, std::int64_t>> end_offsets(const std::vector<TopicPartition>& partitions, Time deadline);
  ClientResult<std::map<TopicPartition, std::int64_t>> beginning_offsets(const std::vector<TopicPartition>& partitions,
                                                                         Time deadline);
  /// The first record at or after each time (milliseconds since 1970); FoundOffset::offset is -1 where there is none.
  ClientResult<std::map<TopicPartition, FoundOffset>> offsets_for_times(const std::map<TopicPartition, std::int64_t>& times,
                                                                        Time deadline);

  /// All partitions of a topic. Suspends. Errors: UNKNOWN_TOPIC_OR_PARTITION and others, at the deadline.
  ClientResult<std::vector<TopicPartition>> partitions_of(const std::string& topic, Time deadline);

 private:
  struct Partition {
    std::optional<Place> place;    // not resolved yet
    std::int64_t position = -1;    // once there is no place; -1 until seek() if offset_reset is none
    std::uint64_t assignment = 0;  // changes with each seek: answers to older questions are dropped
    bool preparing = false;        // a fiber looks for its leader or resolves its place
    FetchedBatches fetched;
    std::int64_t end = -1;
    std::uint32_t failures = 0;  // in a row
    Time not_before{};
    std::optional<ClientError> error;  // to be told
  };
  /// What was asked of one broker, for judging its answer.
  struct Asked {
    TopicPartition partition;
    std::uint64_t assignment;
    std::int64_t position;
    Leader leader;
  };

  Polled take(std::size_t records_max);
  Place reset_place() const;
  Partition* still_asked(const TopicPartition& partition, std::uint64_t assignment);
  void fail(Partition& partition, const TopicPartition& name, ClientError error);

  // consumer_fetch.cc
  Time start_fetches();
  void prepare(const TopicPartition& partition, std::uint64_t assignment);
  ClientResult<std::int64_t> resolve(const TopicPartition& partition, Place place, Time deadline);
  void fetch(std::int32_t broker, const std::vector<Asked>& asked);
  void accept(const Asked& asked, const protocol::FetchResponse::Topic::Partition& said);
  ClientResult<std::map<TopicPartition, std::int64_t>> ends(const std::vector<TopicPartition>& partitions, std::int64_t which,
                                                            Time deadline);

  // Constant after construction.
  Clock& clock_;
  Trace& trace_;
  const ConsumerConfig config_;
  // Volatile.
  Cluster cluster_;
  std::map<TopicPartition, Partition> partitions_;
  std::optional<TopicPartition> served_last_;  // poll() begins after it
  std::set<std::int32_t> fetching_;            // brokers
  std::uint64_t last_assignment_ = 0;
  std::optional<ClientError> retrying_;
  Condition arrived_;
  TaskGroup tasks_;
};

}  // namespace faultline::client
