// What a leader decides, rule by rule.
#include <catch2/catch.hpp>

#include "broker/replication/leader.h"

using namespace faultline;
using namespace faultline::replication;

namespace {

constexpr Duration lag = 30s;

/// Broker 1 leads epoch 7 of a partition on 1, 2, 3; brokers have epochs 11, 12, 13.
struct Fixture {
  explicit Fixture(std::int32_t min_insync = 2, BrokerIds isr = {1, 2, 3})
      : min_insync_replicas(min_insync),
        leader(config(min_insync), {1, 7, 20, {1, 2, 3}, std::move(isr)}, brokers, 5, 3, {0, 5, 5}, now) {}

  static LeaderConfig config(std::int32_t min_insync) {
    LeaderConfig config;
    config.self = 1;
    config.min_insync_replicas = min_insync;
    config.lag_time_max = lag;
    return config;
  }
  LeaderEffects fetch(BrokerId from, std::int64_t offset) {
    LeaderEffects effects = leader.fetched({from, 10 + from, offset, 0}, ReadOutcome::done, log, now);
    leader.check_invariants();
    return effects;
  }
  LeaderEffects answer(IsrAnswer::Kind kind, std::int32_t partition_epoch = 0, BrokerIds isr = {}, std::int32_t decided_by = 0) {
    return leader.answered({leader.isr().in_flight().value_or(0), kind, 7, partition_epoch, std::move(isr), decided_by}, now);
  }
  LeaderEffects learn(const PartitionState& state) { return leader.learned(state, min_insync_replicas, now); }

  std::int32_t min_insync_replicas;  // as the leader's metadata have it
  Time now = Time(100s);
  BrokerStatuses brokers{{1, {11, false, false}}, {2, {12, false, false}}, {3, {13, false, false}}};
  LeaderLog log{0, 5, 5};
  Leader leader;
};

BrokerIds members(const std::optional<IsrProposal>& proposal) {
  BrokerIds ids;
  if (proposal) {
    for (const IsrMember& member : proposal->isr) ids.push_back(member.broker);
  }
  return ids;
}

}  // namespace

TEST_CASE("watermark: it is the least of the leader's durable end and the fetch offsets of the ISR, and never falls") {
  Fixture f;
  f.log = {0, 8, 10};
  CHECK_FALSE(f.fetch(2, 9).watermark_moved);  // 3 has not fetched yet
  CHECK(f.leader.high_watermark() == 3);
  CHECK(f.fetch(3, 10).watermark_moved);
  CHECK(f.leader.high_watermark() == 8);  // its own share is what is durable
  f.log = {0, 10, 10};
  CHECK(f.leader.log_moved(f.log, f.now).watermark_moved);
  CHECK(f.leader.high_watermark() == 9);
  f.fetch(2, 4);  // a late fetch, from before
  CHECK(f.leader.high_watermark() == 9);
}

TEST_CASE("watermark: it stands while the committed ISR is below the minimum") {
  Fixture f(2, {1});
  CHECK_FALSE(f.leader.log_moved({0, 9, 9}, f.now).watermark_moved);
  CHECK_FALSE(f.leader.enough_replicas());
  CHECK(f.learn({1, 7, 21, {1, 2, 3}, {1, 2}}).isr_changed);
  CHECK(f.leader.enough_replicas());
}

TEST_CASE("watermark: a topic that asks for more in-sync replicas than it has gets all of them") {
  CHECK(effective_min_isr(5, 3) == 3);
  CHECK(effective_min_isr(0, 3) == 1);
  CHECK(effective_min_isr(2, 3) == 2);
}

TEST_CASE("watermark: a follower that is caught up and may join holds it back, a fenced one does not") {
  Fixture f(1, {1, 2});
  f.log = {0, 5, 5};
  f.fetch(3, 5);
  f.log = {0, 9, 9};
  f.fetch(2, 9);
  CHECK(f.leader.high_watermark() == 5);
  f.brokers[3].fenced = true;
  f.learn(f.leader.isr().committed());
  f.answer(IsrAnswer::Kind::ineligible_replica);
  CHECK(f.leader.high_watermark() == 9);
}

TEST_CASE("watermark: who is caught up holds it back also while another's joining is still being decided") {
  Fixture f(1, {1});
  CHECK(members(f.fetch(2, 5).propose) == BrokerIds{1, 2});
  CHECK_FALSE(f.fetch(3, 5).propose.has_value());  // one proposal at a time
  CHECK_FALSE(f.leader.isr().in_maximal(3));
  f.log = {0, 9, 9};
  f.leader.log_moved(f.log, f.now);
  f.fetch(2, 9);
  CHECK(f.leader.high_watermark() == 5);
  f.fetch(3, 8);
  CHECK(f.leader.high_watermark() == 8);
}

TEST_CASE("low watermark: it is the least log start of the leader, of the ISR and of every broker that is alive") {
  Fixture f(1, {1, 2});
  f.log = {4, 9, 9};
  const auto fetch_from = [&](BrokerId from, std::int64_t offset, std::int64_t start) {
    f.leader.fetched({from, 10 + from, offset, start}, ReadOutcome::done, f.log, f.now);
    return f.leader.low_watermark();
  };
  CHECK(fetch_from(2, 9, 3) == std::nullopt);  // 3 is alive, and has not fetched yet
  CHECK(fetch_from(3, 7, 2) == 2);
  CHECK(fetch_from(3, 7, 4) == 3);
  CHECK(fetch_from(2, 9, 5) == 4);
  fetch_from(3, 7, 0);
  f.brokers[3].fenced = true;
  CHECK(f.leader.low_watermark() == 4);
  fetch_from(2, 9, 1);
  f.brokers[2].fenced = true;  // still a member
  CHECK(f.leader.low_watermark() == 1);
}

TEST_CASE("low watermark: with an ISR below the minimum it is that of every replica, for who has left may be eligible still") {
  Fixture f(2, {1, 2});
  f.log = {4, 9, 9};
  f.leader.fetched({2, 12, 9, 3}, ReadOutcome::done, f.log, f.now);
  f.leader.fetched({3, 13, 9, 4}, ReadOutcome::done, f.log, f.now);
  f.brokers[2].fenced = true;
  f.learn({1, 7, 21, {1, 2, 3}, {1}});
  CHECK(f.leader.low_watermark() == 3);
  f.learn({1, 7, 22, {1, 2, 3}, {1, 3}});  // which ends what 2 was eligible for
  CHECK(f.leader.low_watermark() == 4);
}

TEST_CASE("isr: a follower that still has what was deleted on request does not join") {
  Fixture f(1, {1, 2});
  f.log = {4, 5, 5};
  CHECK_FALSE(f.leader.fetched({3, 13, 5, 3}, ReadOutcome::done, f.log, f.now).propose.has_value());
  CHECK(members(f.leader.fetched({3, 13, 5, 4}, ReadOutcome::done, f.log, f.now).propose) == BrokerIds{1, 2, 3});
}

TEST_CASE("watermark: a proposed addition counts at once, a proposed removal still") {
  Fixture f(1, {1, 2});
  const LeaderEffects joined = f.fetch(3, 5);
  CHECK(members(joined.propose) == BrokerIds{1, 2, 3});
  CHECK(joined.propose->isr.back() == IsrMember{3, 13});
  CHECK(f.leader.isr().maximal() == BrokerIds{1, 2, 3});
  f.answer(IsrAnswer::Kind::accepted, 21, {1, 2, 3});

  f.log = {0, 9, 9};
  f.leader.log_moved(f.log, f.now);
  f.now += lag + 1ms;
  f.fetch(2, 9);
  CHECK(f.leader.isr().maximal() == BrokerIds{1, 2, 3});
  CHECK(f.leader.high_watermark() == 5);
  f.answer(IsrAnswer::Kind::accepted, 22, {1, 2});
  CHECK(f.leader.high_watermark() == 9);
}

TEST_CASE("ISR: caught up is who asks for the end as it is, or as it was at its previous fetch") {
  Fixture f;
  f.log = {0, 10, 10};
  f.fetch(2, 8);
  f.now += 20s;
  f.log = {0, 20, 20};
  f.fetch(2, 10);  // the end of 20 s ago: caught up then
  CHECK(f.leader.followers().at(2).caught_up_at() == Time(100s));
  f.now += 11s;
  f.fetch(3, 20);
  CHECK(members(f.leader.tick(f.now).propose).empty());  // one proposal at a time
  CHECK_FALSE(f.leader.isr().in_maximal(4));
  CHECK(f.leader.isr().in_flight().has_value());  // proposed by the fetch of 3: the others lag
}

TEST_CASE("ISR: who lags leaves at the deadline, not before") {
  Fixture f;
  f.fetch(2, 5);
  f.fetch(3, 5);
  f.log = {0, 6, 6};
  f.leader.log_moved(f.log, f.now);
  f.fetch(2, 6);
  REQUIRE(f.leader.next_deadline().has_value());
  const Time due = *f.leader.next_deadline();
  CHECK(due == f.now + lag + 1ns);
  CHECK_FALSE(f.leader.tick(due - 1ns).propose.has_value());
  CHECK(members(f.leader.tick(due).propose) == BrokerIds{1, 2});
  CHECK_FALSE(f.leader.next_deadline().has_value());
}

TEST_CASE("ISR: to join takes the watermark and the epoch's start, and an incarnation that is known, unfenced and not stopping") {
  Fixture f(1, {1});
  CHECK_FALSE(f.fetch(3, 4).propose.has_value());  // the epoch starts at 5
  f.brokers[3].shutting_down = true;
  CHECK_FALSE(f.fetch(3, 5).propose.has_value());
  f.brokers[3].shutting_down = false;
  f.brokers[3].epoch = 12;  // metadata that lag behind the broker
  CHECK_FALSE(f.fetch(3, 5).propose.has_value());
  f.brokers[3].epoch = 13;
  CHECK(f.fetch(3, 5).propose.has_value());
}

TEST_CASE("ISR: one that was in sync at the election and was put out comes back no sooner than at the epoch's start") {
  Fixture f;
  f.learn({1, 7, 21, {1, 2, 3}, {1, 2}});
  REQUIRE(f.leader.high_watermark() == 3);
  CHECK_FALSE(f.fetch(3, 4).propose.has_value());  // above the watermark that this leader knows of; the true one may be 5
  CHECK(members(f.fetch(3, 5).propose) == BrokerIds{1, 2, 3});
}

TEST_CASE("ISR: what an earlier incarnation fetched does not count for the one that runs now") {
  Fixture f;
  f.fetch(2, 5);
  f.brokers[2].epoch = 99;
  CHECK_FALSE(f.leader.knows({2, 12, 5, 0}));
  f.learn(f.leader.isr().committed());
  CHECK_FALSE(f.leader.followers().at(2).log_end().has_value());
  CHECK_FALSE(f.leader.knows({4, 14, 5, 0}));
}

TEST_CASE("ISR: only INELIGIBLE_REPLICA takes a proposal back; what is refused otherwise counts until newer metadata come") {
  Fixture f(1, {1, 2});
  f.fetch(3, 5);
  SECTION("ineligible") {
    f.answer(IsrAnswer::Kind::ineligible_replica);
    CHECK(f.leader.isr().maximal() == BrokerIds{1, 2});
  }
  SECTION("refused") {
    CHECK_FALSE(f.answer(IsrAnswer::Kind::refused).propose.has_value());
    CHECK(f.leader.isr().maximal() == BrokerIds{1, 2, 3});
    CHECK_FALSE(f.fetch(3, 5).propose.has_value());
    f.learn({1, 7, 21, {1, 2, 3}, {1, 2}});
    CHECK(f.leader.isr().maximal() == BrokerIds{1, 2, 3});  // proposed again
    CHECK(f.leader.isr().in_flight().has_value());
  }
  SECTION("an acceptance of an earlier partition epoch, or in another leader epoch, changes nothing") {
    f.answer(IsrAnswer::Kind::accepted, 19, {1});
    CHECK(f.leader.isr().committed().isr == BrokerIds{1, 2});
    CHECK(f.leader.isr().committed().partition_epoch == 20);
    CHECK(f.leader.isr().maximal() == BrokerIds{1, 2, 3});
  }
  SECTION("lost, sent again, ineligible: a copy may still be accepted, so that a further change is asked for") {
    const LeaderEffects again = f.answer(IsrAnswer::Kind::retriable);
    CHECK(members(again.propose) == BrokerIds{1, 2, 3});
    f.brokers[3].fenced = true;
    f.answer(IsrAnswer::Kind::ineligible_replica);
    CHECK(f.leader.isr().maximal() == BrokerIds{1, 2, 3});
    CHECK(members(f.leader.tick(f.now).propose) == BrokerIds{1, 2});
    f.answer(IsrAnswer::Kind::accepted, 21, {1, 2});
    CHECK(f.leader.isr().maximal() == BrokerIds{1, 2});
  }
  SECTION("ineligible, after the way to the controller has sent it twice: the same") {
    IsrAnswer answer;
    answer.number = *f.leader.isr().in_flight();
    answer.kind = IsrAnswer::Kind::ineligible_replica;
    answer.repeated = true;
    f.brokers[3].fenced = true;
    f.leader.answered(answer, f.now);
    CHECK(f.leader.isr().maximal() == BrokerIds{1, 2, 3});
    CHECK(members(f.leader.tick(f.now).propose) == BrokerIds{1, 2});
  }
  SECTION("overtaken by metadata: the answer ends the request all the same (KAFKA-12751)") {
    f.learn({1, 7, 21, {1, 2, 3}, {1, 2, 3}});
    CHECK(f.leader.isr().in_flight().has_value());
    f.answer(IsrAnswer::Kind::accepted, 21, {1, 2, 3});
    CHECK(f.leader.isr().may_propose());
  }
}

TEST_CASE("fetch: a read that failed says nothing about the follower (KAFKA-8400)") {
  Fixture f;
  f.fetch(2, 4);
  f.leader.fetched({2, 12, 5, 0}, ReadOutcome::failed, f.log, f.now + 1s);
  CHECK(f.leader.followers().at(2).log_end() == 4);
}

TEST_CASE("acks=all: waiting, done, too few replicas by then, or another epoch") {
  Fixture f;
  const ProduceTicket ticket = f.leader.ticket_for(6);
  CHECK(f.leader.completion_of(ticket) == Completion::waiting);
  f.log = {0, 6, 6};
  f.leader.log_moved(f.log, f.now);
  f.fetch(2, 6);
  f.fetch(3, 6);
  CHECK(f.leader.completion_of(ticket) == Completion::done);
  CHECK(f.leader.completion_of({6, 6}) == Completion::not_leader_or_follower);
  f.learn({1, 7, 21, {1, 2, 3}, {1}});
  CHECK(f.leader.completion_of(ticket) == Completion::not_enough_replicas_after_append);
}

TEST_CASE("acks=all: the minimum that the controller has decided by holds until the metadata have come as far") {
  Fixture f(1);
  f.log = {0, 6, 6};
  f.leader.log_moved(f.log, f.now);
  f.fetch(2, 6);
  f.now += lag + 1s;
  CHECK(members(f.fetch(2, 6).propose) == BrokerIds{1, 2});  // 3 never came
  f.answer(IsrAnswer::Kind::accepted, 24, {1, 2}, 3);
  CHECK_FALSE(f.leader.enough_replicas());
  // The first of two raises arrives; the second is what the decision was made by.
  f.min_insync_replicas = 2;
  f.learn({1, 7, 22, {1, 2, 3}, {1, 2, 3}});
  CHECK_FALSE(f.leader.enough_replicas());
  f.log = {0, 8, 8};
  f.fetch(2, 8);
  CHECK(f.leader.high_watermark() == 3);
  // It was lowered again since.
  CHECK(f.learn({1, 7, 24, {1, 2, 3}, {1, 2}}).isr_changed);
  CHECK(f.leader.enough_replicas());
  CHECK(f.leader.high_watermark() == 8);
}

TEST_CASE("acks=all: an answer that comes after the metadata of its decision says nothing new of the minimum") {
  Fixture f(2);
  f.now += lag + 1s;
  REQUIRE(members(f.fetch(2, 5).propose) == BrokerIds{1, 2});
  f.learn({1, 7, 21, {1, 2, 3}, {1, 2}});
  f.min_insync_replicas = 1;
  f.learn({1, 7, 22, {1, 2, 3}, {1}});
  CHECK(f.leader.enough_replicas());
  f.answer(IsrAnswer::Kind::accepted, 21, {1, 2}, 2);
  CHECK(f.leader.enough_replicas());
}

TEST_CASE("ListOffsets: the latest offset is not known before the watermark has reached the epoch's start (KIP-207)") {
  Fixture f;
  CHECK_FALSE(f.leader.latest_offset_known());
  f.fetch(2, 5);
  f.fetch(3, 5);
  CHECK(f.leader.latest_offset_known());
}
