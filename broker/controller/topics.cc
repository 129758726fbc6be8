// Topics and their partitions: creation, growth, deletion.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "broker/controller/controller.h"
#include "broker/controller/placement.h"
#include "broker/metadata/topic_name.h"

namespace faultline::controller {

using metadata::ConfigRecord;
using metadata::ConfigScope;
using metadata::ConfigValues;
using metadata::TopicImage;

namespace {

constexpr std::int32_t partitions_max = 100'000;

Outcome<> check_partition_count(std::int64_t count) {
  if (count >= 1 && count <= partitions_max) return {};
  return Refusal(ErrorCode::invalid_partitions, fmt::format("a topic has 1 to {} partitions, not {}", partitions_max, count));
}

// Metrics and file names of other tools make '.' and '_' the same.
std::string folded(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '.', '_');
  return text;
}

Outcome<> check_new_name(const metadata::ClusterImage& image, const std::string& name) {
  TRY(metadata::check_topic_name(name));
  if (image.topic(name) != nullptr) return Refusal(ErrorCode::topic_already_exists, fmt::format("there is a topic '{}'", name));
  for (const auto& [id, topic] : image.topics()) {
    if (folded(topic.name) == folded(name)) {
      return Refusal(ErrorCode::invalid_topic_exception,
                     fmt::format("'{}' and '{}' differ only in '.' and '_'", name, topic.name));
    }
  }
  return {};
}

}  // namespace

Outcome<> Controller::check_assignment(const std::vector<std::vector<BrokerId>>& assignment) const {
  for (const std::vector<BrokerId>& replicas : assignment) {
    const std::set<BrokerId> distinct(replicas.begin(), replicas.end());
    const bool registered =
        std::all_of(replicas.begin(), replicas.end(), [&](BrokerId id) { return image_.broker(id) != nullptr; });
    if (replicas.empty() || distinct.size() != replicas.size() || !registered) {
      return Refusal(ErrorCode::invalid_replica_assignment, "replicas are distinct, registered brokers, one at least");
    }
    if (replicas.size() != assignment.front().size()) {
      return Refusal(ErrorCode::invalid_replica_assignment, "all partitions have equally many replicas");
    }
    if (std::none_of(replicas.begin(), replicas.end(), [&](BrokerId id) { return image_.active(id); })) {
      return Refusal(ErrorCode::invalid_replica_assignment, "none of the replicas' brokers is active");
    }
  }
  return {};
}

Outcome<std::vector<std::vector<BrokerId>>> Controller::replicas_of_new(const NewTopic& topic) {
  if (!topic.assignment.empty()) {
    if (topic.partitions != -1 || topic.replication != -1) {
      return Refusal(ErrorCode::invalid_request, "an assignment stands instead of counts");
    }
    TRY(check_partition_count(static_cast<std::int64_t>(topic.assignment.size())));
    TRY(check_assignment(topic.assignment));
    return topic.assignment;
  }
  const std::int32_t count = topic.partitions == -1 ? config_.default_partitions : topic.partitions;
  const std::int32_t replication = topic.replication == -1 ? config_.default_replication : topic.replication;
  TRY(check_partition_count(count));
  return place_replicas(image_, count, replication, random_);
}

Outcome<CreatedTopic> Controller::create_topic(const NewTopic& topic, bool validate_only) {
  TRY(check_new_name(image_, topic.name));
  const std::vector<std::vector<BrokerId>> placed = TRY(replicas_of_new(topic));
  ConfigValues values;
  for (const ConfigEdit& edit : topic.config) {
    if (edit.value.has_value()) values.insert_or_assign(edit.key, *edit.value);
  }
  TRY(config_.check_config(ConfigScope::topic, values));
  const Uuid id = new_topic_id();
  const CreatedTopic created{id, static_cast<std::int32_t>(placed.size()), static_cast<std::int32_t>(placed.front().size())};
  if (validate_only) return created;
  decide(metadata::TopicRecord{id, topic.name});
  for (const auto& [key, value] : values) decide(ConfigRecord{ConfigScope::topic, topic.name, key, value});
  for (std::size_t i = 0; i < placed.size(); ++i) add_partition(id, static_cast<std::int32_t>(i), placed[i]);
  return created;
}

void Controller::add_partition(const Uuid& topic, std::int32_t index, const std::vector<BrokerId>& replicas) {
  PartitionRecord partition;
  partition.topic_id = topic;
  partition.partition = index;
  partition.replicas = replicas;
  // Nothing is written yet, so all who are there have everything.
  for (const BrokerId id : replicas) {
    if (image_.active(id)) partition.isr.push_back(id);
  }
  partition.leader = partition.isr.front();
  decide(std::move(partition));
}

Uuid Controller::new_topic_id() {
  for (;;) {
    const std::uint64_t high = random_.next();
    const std::uint64_t low = random_.next();
    const Uuid id = Uuid::of(high, low);
    if (!id.is_zero() && image_.topic(id) == nullptr) return id;
  }
}

Outcome<> Controller::delete_topic(const Uuid& topic) {
  if (image_.topic(topic) == nullptr) return Refusal(ErrorCode::unknown_topic_id);
  decide(metadata::RemoveTopicRecord{topic});
  std::erase_if(log_ends_, [&](const auto& entry) { return entry.first.topic_id == topic; });
  return {};
}

Outcome<> Controller::create_partitions(std::string_view name, std::int32_t count,
                                        const std::vector<std::vector<BrokerId>>& assignment, bool validate_only) {
  const TopicImage* topic = image_.topic(name);
  if (topic == nullptr) return Refusal(ErrorCode::unknown_topic_or_partition);
  const auto present = static_cast<std::int32_t>(topic->partitions.size());
  if (count <= present) {
    return Refusal(ErrorCode::invalid_partitions, fmt::format("topic '{}' has {} partitions already", name, present));
  }
  TRY(check_partition_count(count));
  std::vector<std::vector<BrokerId>> placed = assignment;
  if (assignment.empty()) {
    const auto replication = static_cast<std::int32_t>(topic->partitions.front().replicas.size());
    placed = TRY(place_replicas(image_, count - present, replication, random_));
  } else if (static_cast<std::int32_t>(assignment.size()) != count - present) {
    return Refusal(ErrorCode::invalid_replica_assignment,
                   fmt::format("{} new partitions, {} assignments", count - present, assignment.size()));
  } else {
    TRY(check_assignment(assignment));
  }
  if (validate_only) return {};
  const Uuid id = topic->id;
  for (std::size_t i = 0; i < placed.size(); ++i) add_partition(id, present + static_cast<std::int32_t>(i), placed[i]);
  return {};
}

}  // namespace faultline::controller
