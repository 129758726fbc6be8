#include "broker/metadata/image.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace faultline::metadata {
namespace {

const Uuid topic_id = Uuid::of(1, 2);

BrokerRecord broker(BrokerId id, BrokerEpoch epoch) {
  BrokerRecord record;
  record.broker_id = id;
  record.broker_epoch = epoch;
  record.incarnation = Uuid::of(9, static_cast<std::uint64_t>(epoch));
  record.endpoints = {{"PLAINTEXT", "host-1", 9092}};
  record.rack = "rack-a";
  record.directories = {Uuid::of(7, static_cast<std::uint64_t>(id))};
  record.fenced = false;
  return record;
}

PartitionRecord partition(std::int32_t index) {
  PartitionRecord record;
  record.topic_id = topic_id;
  record.partition = index;
  record.replicas = {1, 2};
  record.isr = {1, 2};
  record.leader = 1;
  return record;
}

std::vector<Record> a_cluster() {
  return {broker(1, 0),
          broker(2, 1),
          TopicRecord{topic_id, "orders"},
          partition(0),
          partition(1),
          ConfigRecord{ConfigScope::topic, "orders", "retention.ms", "1000"},
          ConfigRecord{ConfigScope::broker, "", "min.insync.replicas", "2"},
          ProducerIdsRecord{1000}};
}

ClusterImage image_of(const std::vector<Record>& records) {
  ClusterImage image;
  for (const Record& record : records) REQUIRE(image.apply(record).has_value());
  return image;
}

TEST_CASE("metadata: records are read back as they were written, and every cut of them is refused") {
  const std::vector<Record> records = a_cluster();
  const Slice bytes = encode(records);
  REQUIRE(decode(bytes).has_value());
  CHECK(*decode(bytes) == records);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    INFO("cut at " << length);
    CHECK_FALSE(decode(bytes.part(0, length)).has_value());
  }
}

TEST_CASE("metadata: records of a later version, of an unknown type, or with bytes behind them are refused") {
  std::vector<Record> records{ProducerIdsRecord{7}};
  const Slice good = encode(records);
  const auto changed = [&](std::size_t at, std::uint8_t value) {
    std::vector<std::uint8_t> bytes(good.data(), good.data() + good.size());
    bytes[at] = value;
    return decode(Slice::copy_of(Bytes(bytes)));
  };
  CHECK(changed(0, 1).error() == Errc::unsupported);
  CHECK(changed(2, 200).error() == Errc::unsupported);
  std::vector<std::uint8_t> longer(good.data(), good.data() + good.size());
  longer.push_back(0);
  CHECK(decode(Slice::copy_of(Bytes(longer))).error() == Errc::malformed);
}

TEST_CASE("metadata: the worked example of the format page") {
  const std::vector<Record> records{ProducerIdsRecord{1000}};
  const std::vector<std::uint8_t> bytes{0x00, 0x01, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xe8, 0x00};
  CHECK(std::ranges::equal(encode(records).bytes(), bytes));
}

TEST_CASE("metadata: a snapshot gives back the same image, and the same count of records") {
  ClusterImage image = image_of(a_cluster());
  REQUIRE(image.apply(RemoveBrokerRecord{2}).has_value());
  const Result<std::vector<Record>> stored = decode(encode(image.snapshot()));
  REQUIRE(stored.has_value());
  const Result<ClusterImage> restored = ClusterImage::from_snapshot(*stored);
  REQUIRE(restored.has_value());
  CHECK(*restored == image);
  CHECK(restored->applied() == 9);
  CHECK(restored->broker(2) == nullptr);
  CHECK(restored->topic("orders")->partitions.size() == 2);
  CHECK(restored->config(ConfigScope::broker, "").at("min.insync.replicas") == "2");
}

TEST_CASE("metadata: a record that does not fit is refused and changes nothing") {
  ClusterImage image = image_of(a_cluster());
  PartitionRecord stale = partition(0);  // the same partition epoch again
  PartitionRecord gap = partition(3);
  PartitionRecord back = partition(0);
  back.partition_epoch = 1;
  back.leader_epoch = -1;
  PartitionRecord stray = partition(0);
  stray.topic_id = Uuid::of(5, 5);
  const std::vector<Record> misfits{stale,
                                    gap,
                                    back,
                                    stray,
                                    broker(2, 0),
                                    RemoveBrokerRecord{9},
                                    TopicRecord{topic_id, "other"},
                                    TopicRecord{Uuid::of(3, 3), "orders"},
                                    RemoveTopicRecord{Uuid::of(4, 4)},
                                    ConfigRecord{ConfigScope::topic, "orders", "segment.ms", std::nullopt},
                                    ProducerIdsRecord{999},
                                    SnapshotRecord{4}};
  const ClusterImage before = image;
  for (const Record& record : misfits) {
    INFO(to_string(record));
    CHECK(image.apply(record).error() == Errc::corrupt);
    CHECK(image == before);
  }
}

TEST_CASE("metadata: an image says since when its brokers are as they are") {
  ClusterImage image = image_of(a_cluster());
  const auto moved_by = [&](const Record& record) {
    const std::int64_t before = image.brokers_as_of();
    REQUIRE(image.apply(record).has_value());
    return image.brokers_as_of() != before;
  };
  CHECK_FALSE(moved_by(ProducerIdsRecord{5000}));
  BrokerRecord fenced = *image.broker(1);
  fenced.fenced = !fenced.fenced;
  CHECK(moved_by(fenced));
  CHECK(image.brokers_as_of() == image.applied());
  CHECK_FALSE(moved_by(RemoveTopicRecord{topic_id}));
  CHECK(moved_by(RemoveBrokerRecord{2}));
  // Whoever knew some image before this one knew it with fewer records, or with the same brokers.
  CHECK(ClusterImage::from_snapshot(image.snapshot())->brokers_as_of() == image.applied());
}

TEST_CASE("metadata: a topic takes its partitions and its configuration with it") {
  ClusterImage image = image_of(a_cluster());
  REQUIRE(image.apply(RemoveTopicRecord{topic_id}).has_value());
  CHECK(image.topic("orders") == nullptr);
  CHECK(image.partition(topic_id, 0) == nullptr);
  CHECK(image.config(ConfigScope::topic, "orders").empty());
  REQUIRE(image.apply(TopicRecord{Uuid::of(8, 8), "orders"}).has_value());
  CHECK(image.topic("orders")->partitions.empty());
}

TEST_CASE("metadata: what breaks the rules of a partition is named") {
  const auto broken_by = [](auto&& spoil) {
    ClusterImage image = image_of(a_cluster());
    PartitionRecord record = partition(0);
    record.partition_epoch = 1;
    spoil(record);
    REQUIRE(image.apply(record).has_value());
    return image.broken_invariants().size();
  };
  CHECK(broken_by([](PartitionRecord&) {}) == 0);
  CHECK(broken_by([](PartitionRecord& p) { p.isr = {2}; }) == 1);          // without its leader
  CHECK(broken_by([](PartitionRecord& p) { p.elr = {2}; }) == 1);          // in both
  CHECK(broken_by([](PartitionRecord& p) { p.adding = {3}; }) == 1);       // no replica
  CHECK(broken_by([](PartitionRecord& p) { p.recovering = true; }) == 1);  // not alone
  CHECK(broken_by([](PartitionRecord& p) { p.replicas = {1, 2, 2}; }) == 1);
  CHECK(broken_by([](PartitionRecord& p) {
          p.isr = {1, 2, 5};
          p.replicas = {1, 2, 5};
        }) == 1);  // not registered
}

}  // namespace
}  // namespace faultline::metadata
