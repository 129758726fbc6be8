// What was committed is asked for while the run goes on: each invariant broken once, and the nearest state that is in order.
#include "checkers/commit_watch.h"

#include <catch2/catch.hpp>

using namespace faultline::checkers;

namespace {

const PartitionView view{.partition = "t-0", .leader = 1, .leader_epoch = 3, .replicas = {1, 2, 3}, .isr = {1, 2}, .elr = {3}};

ReplicaMarks member(std::int32_t node, std::int64_t safe_end, std::int64_t high_watermark) {
  return {.node = node,
          .registered = true,
          .high_watermark = high_watermark,
          .safe_end = safe_end,
          .log_end = safe_end,
          .epochs = {{1, 0}, {3, 8}}};
}

ReplicaMarks leader(std::int64_t safe_end, std::int64_t high_watermark) {
  ReplicaMarks marks = member(1, safe_end, high_watermark);
  marks.leads = true;
  marks.leader_epoch = 3;
  return marks;
}

std::vector<Finding> observed(const std::vector<ReplicaMarks>& replicas, std::int64_t acknowledged_end = 0) {
  return CommitWatch().observe(view, replicas, acknowledged_end);
}

void has_only(const std::vector<Finding>& findings, std::string_view name) {
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].anomaly == name);
  CHECK_FALSE(findings[0].text.empty());
}

}  // namespace

TEST_CASE("commit watch: whoever could be elected has everything that was committed, safely") {
  CHECK(observed({leader(10, 10), member(2, 10, 9)}).empty());
  has_only(observed({leader(10, 10), member(2, 9, 9)}), anomaly::member_lacks_committed);
  has_only(observed({leader(10, 10), member(3, 9, 9)}), anomaly::member_lacks_committed);  // eligible
  has_only(observed({leader(10, 8), member(2, 9, 8)}, 10), anomaly::member_lacks_committed);
}

TEST_CASE("commit watch: what is committed stays so when nobody who knows it is there") {
  CommitWatch watch;
  CHECK(watch.observe(view, std::vector{leader(10, 10)}, 0).empty());
  has_only(watch.observe(view, std::vector{member(2, 9, 9)}, 0), anomaly::member_lacks_committed);
  watch.give_up(view.partition);
  CHECK(watch.observe(view, std::vector{member(2, 9, 9)}, 0).empty());
}

TEST_CASE("commit watch: an incarnation that the controller does not know yet, and one that is in neither set, owe nothing") {
  ReplicaMarks newcomer = member(2, 0, 0);
  newcomer.registered = false;
  CHECK(observed({leader(10, 10), newcomer}).empty());
  CHECK(observed({leader(10, 10), member(4, 0, 0)}).empty());
}

TEST_CASE("commit watch: a leader of the present epoch has all that is committed, one of an earlier epoch need not") {
  PartitionView elsewhere = view;
  elsewhere.isr = {2};
  ReplicaMarks behind = leader(9, 9);
  behind.registered = false;
  elsewhere.leader = 2;
  CHECK(CommitWatch().observe(elsewhere, std::vector{behind, member(2, 10, 10)}, 0).empty());
  elsewhere.leader = 1;
  has_only(CommitWatch().observe(elsewhere, std::vector{behind, member(2, 10, 10)}, 0), anomaly::member_lacks_committed);
}

TEST_CASE("commit watch: a leader's watermark is not beyond its own durable end") {
  CHECK(observed({leader(10, 10)}).empty());
  ReplicaMarks hasty = leader(10, 11);
  hasty.registered = false;
  PartitionView earlier = view;
  earlier.leader_epoch = 2;
  has_only(CommitWatch().observe(earlier, std::vector{hasty}, 0), anomaly::committed_beyond_durable);
}

TEST_CASE("commit watch: a leader has entered its epoch") {
  ReplicaMarks marks = leader(10, 10);
  marks.epochs = {{1, 0}};
  has_only(observed({marks}), anomaly::leader_without_its_epoch);
}

TEST_CASE("commit watch: what is committed is of one leader epoch everywhere") {
  ReplicaMarks other = member(2, 10, 9);
  other.epochs = {{1, 0}, {3, 9}};
  has_only(observed({leader(10, 10), other}), anomaly::epochs_differ);
  other.epochs = {{1, 0}, {2, 5}, {3, 8}};
  has_only(observed({leader(10, 10), other}), anomaly::epochs_differ);
  other.epochs = {{1, 0}, {2, 8}, {3, 8}};  // nothing was written in epoch 2
  CHECK(observed({leader(10, 10), other}).empty());
  other.epochs = {{3, 9}};
  other.log_start = 9;
  CHECK(observed({leader(10, 10), other}).empty());
  other = member(2, 12, 8);
  other.epochs = {{1, 0}, {2, 10}};
  ReplicaMarks longer = leader(12, 8);
  CHECK(observed({longer, other}, 8).empty());  // where they part, nothing is committed
}

TEST_CASE("commit watch: who joins the ISR in an epoch has everything up to where that epoch starts") {
  CommitWatch watch;
  PartitionView alone = view;
  alone.isr = {1};
  CHECK(watch.observe(alone, std::vector{leader(10, 5), member(2, 7, 5)}, 5).empty());
  PartitionView joined = alone;
  joined.isr = {1, 2};
  has_only(watch.observe(joined, std::vector{leader(10, 5), member(2, 7, 5)}, 5), anomaly::joined_too_early);
  CHECK(watch.observe(joined, std::vector{leader(10, 5), member(2, 8, 5)}, 5).empty());
  // Who was in sync when the epoch began is held to what was committed alone.
  CHECK(observed({leader(10, 5), member(2, 7, 5)}, 5).empty());
}

TEST_CASE("commit watch: whoever could be elected has let go of what was deleted") {
  const auto observed_after_deletion = [](std::int64_t log_start, std::int32_t node) {
    ReplicaMarks other = member(node, 10, 10);
    other.log_start = log_start;
    ReplicaMarks first = leader(10, 10);
    first.log_start = 4;
    return CommitWatch().observe(view, std::vector{first, other}, 0, 4);
  };
  CHECK(observed_after_deletion(4, 2).empty());
  has_only(observed_after_deletion(3, 2), anomaly::member_keeps_deleted);
  has_only(observed_after_deletion(3, 3), anomaly::member_keeps_deleted);  // eligible
}

TEST_CASE("commit watch: replicas with the same committed log know the same of its producers") {
  ReplicaMarks a = leader(10, 10);
  ReplicaMarks b = member(2, 10, 10);
  const ProducerMark seven{.producer = 7, .last_offset = 9, .batches = {{{4, 9}, {3, 6}}}};
  const ProducerMark eight{.producer = 8, .last_offset = 5, .batches = {{{2, 5}}}};
  a.producers = {seven, eight};
  b.producers = a.producers;
  CHECK(observed({a, b}).empty());
  b.producers[0].batches[0].last_sequence = 3;
  CHECK(observed({a, b}).size() == 2);  // said from either side
  CHECK(observed({a, b})[0].anomaly == anomaly::producers_differ);
  b.producers = a.producers;
  b.producers[0].batches[1] = {};  // its newest batch alone does not tell a repeated one before it
  CHECK(observed({a, b}).size() == 2);
  b.log_start = 7;  // but here that one is gone
  CHECK(observed({a, b}).empty());
  b.log_start = 0;
  b.producers = {eight};
  has_only(observed({a, b}), anomaly::producers_differ);
  b.log_start = 10;  // of the other producer, too, nothing is left
  CHECK(observed({a, b}).empty());
  b = member(2, 11, 10);
  b.producers = {{.producer = 8, .last_offset = 10}};
  CHECK(observed({a, b}).empty());  // it has more, which is not committed
}
