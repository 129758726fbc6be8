// Both ends of a fetch: what the leader checks, what the follower makes of the answer, and which replica a consumer is sent to.
#include <catch2/catch.hpp>

#include "broker/replication/fetch_check.h"
#include "broker/replication/follower.h"
#include "broker/replication/read_replica.h"

using namespace faultline;
using namespace faultline::replication;

namespace {

EpochCache cache_of(std::initializer_list<EpochStart> entries) {
  EpochCache cache;
  for (const EpochStart& entry : entries) cache.assign(entry.epoch, entry.start_offset);
  return cache;
}

FetchAnswer diverging(std::int32_t epoch, std::int64_t end) {
  FetchAnswer answer;
  answer.kind = FetchAnswer::Kind::diverging;
  answer.diverging = {epoch, end};
  return answer;
}

}  // namespace

TEST_CASE("fetch: an older epoch is fenced, a newer one unknown, none is not asked about (KIP-320)") {
  CHECK(check_epoch(-1, 4) == EpochCheck::current);
  CHECK(check_epoch(4, 4) == EpochCheck::current);
  CHECK(check_epoch(3, 4) == EpochCheck::fenced);
  CHECK(check_epoch(5, 4) == EpochCheck::unknown);
}

TEST_CASE("fetch: range first, then divergence") {
  const EpochCache epochs = cache_of({{2, 10}, {4, 20}, {5, 30}});
  using Kind = FetchCheck::Kind;
  CHECK(check_fetch(9, 7, epochs, 10, 40).kind == Kind::out_of_range);   // below the start, whatever its epoch
  CHECK(check_fetch(35, 7, epochs, 10, 40).kind == Kind::out_of_range);  // an epoch that nobody has led here
  CHECK(check_fetch(41, -1, epochs, 10, 40).kind == Kind::out_of_range);
  CHECK(check_fetch(40, 5, epochs, 10, 40) == FetchCheck{});
  CHECK(check_fetch(25, 5, epochs, 10, 40) == FetchCheck{});
  CHECK(check_fetch(41, 5, epochs, 10, 40) == FetchCheck{Kind::diverging, {5, 40}});
  CHECK(check_fetch(31, 4, epochs, 10, 40) == FetchCheck{Kind::diverging, {4, 30}});  // its epoch 4 goes on where ours ended
  CHECK(check_fetch(20, 3, epochs, 10, 40) == FetchCheck{Kind::diverging, {2, 20}});  // its epoch 3 is not ours at all
  CHECK(check_fetch(31, 4, epochs, 10, 31) == FetchCheck{Kind::diverging, {4, 30}});
}

TEST_CASE("follower: it cuts where the epochs part, and asks again if it lacks the leader's epoch (KIP-101, KIP-279)") {
  const EpochCache epochs = cache_of({{1, 0}, {3, 10}, {6, 20}});
  const FollowerLog log{0, 30, epochs};
  CHECK(truncation_point({6, 25}, log) == 25);  // the leader's epoch 6 ends earlier
  CHECK(truncation_point({6, 99}, log) == 30);  // ours does
  CHECK(truncation_point({3, 15}, log) == 15);
  CHECK(truncation_point({3, 25}, log) == 20);
  CHECK(truncation_point({5, 28}, log) == 20);  // no epoch 5 here: back to the end of 3, and ask again
  CHECK(truncation_point({2, 4}, log) == 10);
}

TEST_CASE("follower: an answer counts only for the epoch and the offset that were asked with (KAFKA-7786)") {
  const EpochCache epochs = cache_of({{1, 0}});
  const FollowerLog log{0, 5, epochs};
  Follower follower(3, 4);
  const FetchPosition asked = follower.position(log);
  CHECK(asked == FetchPosition{3, 5, 1});
  FetchAnswer answer;
  answer.kind = FetchAnswer::Kind::records;
  CHECK(std::holds_alternative<AppendRecords>(follower.judge(asked, answer, log)));
  CHECK(std::holds_alternative<IgnoreAnswer>(follower.judge({2, 5, 1}, answer, log)));
  CHECK(std::holds_alternative<IgnoreAnswer>(follower.judge({3, 4, 1}, answer, log)));
  CHECK(std::holds_alternative<IgnoreAnswer>(follower.judge({2, 5, 1}, diverging(1, 2), log)));
  answer.kind = FetchAnswer::Kind::fenced_leader_epoch;
  CHECK(std::holds_alternative<IgnoreAnswer>(follower.judge({2, 5, 1}, answer, log)));
  CHECK_FALSE(follower.awaits_metadata());
  CHECK(std::holds_alternative<AwaitMetadata>(follower.judge(asked, answer, log)));
  CHECK(follower.awaits_metadata());
}

TEST_CASE("follower: its watermark is at most its log end, falls with a cut and with nothing else") {
  Follower follower(3, 4);
  follower.appended(6, 9);
  CHECK(follower.high_watermark() == 6);
  follower.appended(8, 5);
  CHECK(follower.high_watermark() == 6);
  follower.truncated(5);
  CHECK(follower.high_watermark() == 5);
}

TEST_CASE("follower: out of range, it starts over only if the leader has deleted what it lacks") {
  const EpochCache epochs = cache_of({{1, 2}});
  const FollowerLog log{2, 5, epochs};
  Follower follower(3, 4);
  const FetchPosition asked = follower.position(log);
  FetchAnswer answer;
  answer.kind = FetchAnswer::Kind::out_of_range;
  answer.log_start = 9;
  CHECK(std::get<StartOver>(follower.judge(asked, answer, log)).offset == 9);
  answer.log_start = 0;
  CHECK(std::holds_alternative<FetchAgain>(follower.judge(asked, answer, log)));
  // Nothing of its log can stay: cutting below its own start is starting over.
  CHECK(std::get<StartOver>(follower.judge(asked, diverging(1, 1), log)).offset == 1);
  CHECK(std::get<TruncateLog>(follower.judge(asked, diverging(1, 3), log)).offset == 3);
}

TEST_CASE("follower: where the leader starts inside a batch, one that parted from it before that starts over") {
  const EpochCache epochs = cache_of({{0, 0}});
  const FollowerLog longer{0, 54, epochs};
  Follower follower(3, 44);
  // Epoch 3 began at 48, but the leader has deleted up to 50, and says that epoch 0 ends there.
  FetchAnswer parted = diverging(0, 50);
  parted.log_start = 50;
  CHECK(std::get<StartOver>(follower.judge(follower.position(longer), parted, longer)).offset == 50);
  // Nothing was deleted that the follower has: it is cut.
  const FollowerLog trimmed{50, 54, epochs};
  CHECK(std::get<TruncateLog>(follower.judge(follower.position(trimmed), parted, trimmed)).offset == 50);

  const FollowerLog shorter{0, 50, epochs};
  FetchAnswer inside;
  inside.kind = FetchAnswer::Kind::records;
  inside.log_start = 50;
  inside.first_offset = 48;
  CHECK(std::get<StartOver>(follower.judge(follower.position(shorter), inside, shorter)).offset == 50);
  inside.first_offset = 50;
  CHECK(std::holds_alternative<AppendRecords>(follower.judge(follower.position(shorter), inside, shorter)));
  const FollowerLog empty{50, 50, epochs};
  inside.first_offset = 48;
  CHECK(std::holds_alternative<AppendRecords>(follower.judge(follower.position(empty), inside, empty)));
}

TEST_CASE("read replica: a consumer stays with a leader in its rack, else reads from the most complete replica there (KIP-392)") {
  const std::vector<ReplicaView> replicas{
      {1, "a", 0, 100, Time(9s)}, {2, "b", 0, 90, Time(8s)}, {3, "b", 50, 95, Time(5s)}, {4, "b", 0, 90, Time(9s)}};
  CHECK(preferred_read_replica("b", 60, replicas) == 3);
  CHECK(preferred_read_replica("b", 40, replicas) == 4);  // 3 has deleted it; 4 was caught up later than 2
  CHECK_FALSE(preferred_read_replica("b", 99, replicas).has_value());
  CHECK_FALSE(preferred_read_replica("a", 40, replicas).has_value());
  CHECK_FALSE(preferred_read_replica("c", 40, replicas).has_value());
  CHECK_FALSE(preferred_read_replica("", 40, replicas).has_value());
}
