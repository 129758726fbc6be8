#include "broker/client/consumer.h"

#include <algorithm>

namespace faultline::client {

using protocol::ErrorCode;

Result<> ConsumerConfig::validate() const {
  TRY(cluster.validate());
  const auto fits = [](std::size_t value, std::string_view name) -> Result<> {
    if (value > 0 && value <= INT32_MAX) return {};
    return Error(Errc::invalid_argument, std::string(name) + ": expected 1 to 2147483647");
  };
  TRY(fits(fetch_bytes_min, "fetch.min.bytes"));
  TRY(fits(fetch_bytes_max, "fetch.max.bytes"));
  TRY(fits(partition_bytes_max, "max.partition.fetch.bytes"));
  if (fetch_wait_max < 0ns || fetch_wait_max > std::chrono::milliseconds(INT32_MAX)) {
    return Error(Errc::invalid_argument, "fetch.max.wait.ms: expected 0 to 2147483647");
  }
  if (decompressed_batch_bytes_max == 0)
    return Error(Errc::invalid_argument, "the limit of a decompressed batch must be greater than zero");
  return {};
}

Consumer::Consumer(const Env& env, ConsumerConfig config, std::string_view name)
    : clock_(env.clock), trace_(env.trace), config_(std::move(config)), cluster_(env, config_.cluster, name), tasks_(env.tasks) {
  ENSURE(config_.validate().has_value());
}

Place Consumer::reset_place() const {
  return config_.offset_reset == OffsetReset::earliest ? Place::earliest() : Place::latest();
}

void Consumer::assign(const std::vector<TopicPartition>& partitions) {
  std::map<TopicPartition, Partition> next;
  for (const TopicPartition& name : partitions) {
    if (next.contains(name)) continue;
    if (const auto before = partitions_.find(name); before != partitions_.end()) {
      next[name] = std::move(before->second);
      continue;
    }
    Partition& fresh = next[name];
    fresh.assignment = ++last_assignment_;
    if (config_.offset_reset != OffsetReset::none) {
      fresh.place = reset_place();
    } else {
      fresh.error = Error(Errc::invalid_argument, to_string(name) + ": no position, and auto.offset.reset is none");
    }
  }
  partitions_ = std::move(next);
}

void Consumer::seek(const TopicPartition& name, Place place) {
  const auto found = partitions_.find(name);
  ENSURE(found != partitions_.end());
  Partition& partition = found->second;
  partition = Partition{};
  partition.assignment = ++last_assignment_;
  if (place.kind == Place::Kind::offset) {
    partition.position = place.value;
  } else {
    partition.place = place;
  }
}

std::optional<std::int64_t> Consumer::position(const TopicPartition& name) const {
  const auto found = partitions_.find(name);
  ENSURE(found != partitions_.end());
  if (found->second.place.has_value() || found->second.position < 0) return std::nullopt;
  return found->second.position;
}

std::optional<std::int64_t> Consumer::known_end(const TopicPartition& name) const {
  const auto found = partitions_.find(name);
  if (found == partitions_.end() || found->second.end < 0) return std::nullopt;
  return found->second.end;
}

Consumer::Partition* Consumer::still_asked(const TopicPartition& name, std::uint64_t assignment) {
  const auto found = partitions_.find(name);
  return found != partitions_.end() && found->second.assignment == assignment ? &found->second : nullptr;
}

ClientResult<Polled> Consumer::poll(Duration wait_max, std::size_t records_max) {
  ENSURE(records_max > 0);
  const Time deadline = after(clock_.now(), wait_max);
  for (;;) {
    Polled polled = take(records_max);
    const Time next = start_fetches();
    if (!polled.records.empty() || !polled.errors.empty() || clock_.now() >= deadline) {
      polled.retrying = std::exchange(retrying_, std::nullopt);
      return polled;
    }
    const Result<> woken = arrived_.wait(std::min(deadline, next));
    if (!woken && !(woken.error() == Errc::timed_out)) return woken.error();
  }
}

Polled Consumer::take(std::size_t records_max) {
  Polled polled;
  if (partitions_.empty()) return polled;
  auto it = served_last_.has_value() ? partitions_.upper_bound(*served_last_) : partitions_.begin();
  for (std::size_t i = 0; i < partitions_.size() && polled.records.size() < records_max; ++i, ++it) {
    if (it == partitions_.end()) it = partitions_.begin();
    auto& [name, partition] = *it;
    if (!partition.fetched.empty()) {
      served_last_ = name;
      const std::size_t room = records_max - polled.records.size();
      Result<> taken =
          partition.fetched.take(name, room, config_.decompressed_batch_bytes_max, partition.position, polled.records);
      if (!taken) {
        fail(partition, name, ClientError(ErrorCode::corrupt_message, to_string(name) + ": " + to_string(taken.error())));
      }
    }
    if (partition.error.has_value()) {
      polled.errors.push_back(
          {name, partition.place.has_value() ? -1 : partition.position, *std::exchange(partition.error, std::nullopt)});
    }
  }
  return polled;
}

ClientResult<std::map<TopicPartition, std::int64_t>> Consumer::end_offsets(const std::vector<TopicPartition>& partitions,
                                                                           Time deadline) {
  return ends(partitions, latest_offset, deadline);
}

ClientResult<std::map<TopicPartition, std::int64_t>> Consumer::beginning_offsets(const std::vector<TopicPartition>& partitions,
                                                                                 Time deadline) {
  return ends(partitions, earliest_offset, deadline);
}

ClientResult<std::map<TopicPartition, std::int64_t>> Consumer::ends(const std::vector<TopicPartition>& partitions,
                                                                    std::int64_t which, Time deadline) {
  std::map<TopicPartition, std::int64_t> wanted;
  for (const TopicPartition& partition : partitions) wanted[partition] = which;
  std::map<TopicPartition, std::int64_t> offsets;
  for (const auto& [partition, found] : TRY(offsets_for_times(wanted, deadline))) offsets[partition] = found.offset;
  return offsets;
}

ClientResult<std::map<TopicPartition, FoundOffset>> Consumer::offsets_for_times(
    const std::map<TopicPartition, std::int64_t>& times, Time deadline) {
  std::map<TopicPartition, FoundOffset> offsets;
  for (auto& [partition, found] : TRY(list_offsets(cluster_, times, config_.isolation, deadline))) {
    if (!found) return found.error();
    offsets[partition] = *found;
  }
  return offsets;
}

ClientResult<std::vector<TopicPartition>> Consumer::partitions_of(const std::string& topic, Time deadline) {
  const std::int32_t count = TRY(cluster_.partition_count(topic, deadline));
  std::vector<TopicPartition> partitions;
  for (std::int32_t i = 0; i < count; ++i) partitions.push_back({topic, i});
  return partitions;
}

}  // namespace faultline::client
