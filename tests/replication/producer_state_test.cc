// Idempotent producers, rule by rule, and then against a state that is rebuilt from the log after each step.
#include <catch2/catch.hpp>
#include <limits>

#include "base/random.h"
#include "base/sequence.h"
#include "broker/replication/producer_state.h"

using namespace faultline;
using namespace faultline::replication;

namespace {

constexpr std::int32_t sequence_max = std::numeric_limits<std::int32_t>::max();

struct Log {
  ProducerStates states;
  std::int64_t end = 0;

  static ProducerBatch batch(ProducerId id, std::int16_t epoch, std::int32_t first, std::int32_t count = 1) {
    ProducerBatch made;
    made.producer_id = id;
    made.epoch = epoch;
    made.first_sequence = first;
    made.last_sequence = sequence_after(first, static_cast<std::uint64_t>(count) - 1);
    return made;
  }
  static ProducerBatch marker(ProducerId id, std::int16_t epoch) {
    ProducerBatch made = batch(id, epoch, 0);
    made.first_sequence = made.last_sequence = -1;
    made.marker = made.transactional = true;
    return made;
  }
  void append(ProducerBatch made, std::int32_t count = 1) {
    made.base_offset = end;
    made.last_offset = end + count - 1;
    end += count;
    states.appended(made, Time(1s));
  }
};

bool accepted(const ProducerVerdict& verdict) { return std::holds_alternative<AcceptBatch>(verdict); }
std::optional<ProducerRefusal> refused(const ProducerVerdict& verdict) {
  const auto* refusal = std::get_if<ProducerRefusal>(&verdict);
  return refusal == nullptr ? std::nullopt : std::optional(*refusal);
}
constexpr auto out_of_order = ProducerRefusal::out_of_order_sequence;
constexpr auto fenced = ProducerRefusal::invalid_producer_epoch;

}  // namespace

TEST_CASE("producer: an unknown one may start anywhere (KIP-360)") {
  CHECK(accepted(ProducerStates().judge(Log::batch(1, 0, 17))));
}

TEST_CASE("producer: a sequence goes on without a gap, and wraps after the greatest number") {
  Log log;
  log.append(Log::batch(1, 0, 0, 3), 3);
  CHECK(accepted(log.states.judge(Log::batch(1, 0, 3))));
  CHECK(refused(log.states.judge(Log::batch(1, 0, 4))) == out_of_order);
  CHECK(refused(log.states.judge(Log::batch(1, 0, 2))) == out_of_order);
  CHECK(accepted(log.states.judge(Log::batch(2, 0, 0))));

  log.append(Log::batch(3, 0, sequence_max - 1, 4), 4);  // sequence_max - 1, sequence_max, 0, 1
  CHECK(accepted(log.states.judge(Log::batch(3, 0, 2))));
  CHECK(std::holds_alternative<DuplicateBatch>(log.states.judge(Log::batch(3, 0, sequence_max - 1, 4))));
  log.append(Log::batch(4, 0, sequence_max));
  CHECK(accepted(log.states.judge(Log::batch(4, 0, 0))));
}

TEST_CASE("producer: the last five batches are known again, and answered with their own offsets") {
  Log log;
  for (std::int32_t i = 0; i < 7; ++i) log.append(Log::batch(1, 2, 10 * i, 10), 10);
  for (std::int32_t i = 2; i < 7; ++i) {
    const ProducerVerdict verdict = log.states.judge(Log::batch(1, 2, 10 * i, 10));
    REQUIRE(std::holds_alternative<DuplicateBatch>(verdict));
    CHECK(std::get<DuplicateBatch>(verdict).original.base_offset == 10 * i);
    CHECK(std::get<DuplicateBatch>(verdict).original.last_offset == 10 * i + 9);
  }
  CHECK(refused(log.states.judge(Log::batch(1, 2, 10, 10))) == out_of_order);
  CHECK(refused(log.states.judge(Log::batch(1, 2, 60, 5))) == out_of_order);  // the same start, another length
  CHECK(refused(log.states.judge(Log::batch(1, 2, 60, 10), {Exhibit::redpanda_3039})) == out_of_order);
}

TEST_CASE("producer: an older epoch is fenced, a newer one starts at zero") {
  Log log;
  log.append(Log::batch(1, 5, 0));
  CHECK(refused(log.states.judge(Log::batch(1, 4, 1))) == fenced);
  CHECK(refused(log.states.judge(Log::batch(1, 4, 0))) == fenced);
  CHECK(refused(log.states.judge(Log::batch(1, 6, 1))) == out_of_order);
  CHECK(accepted(log.states.judge(Log::batch(1, 6, 0))));
  log.append(Log::batch(1, 6, 0));
  CHECK(refused(log.states.judge(Log::batch(1, 5, 0))) == fenced);
}

TEST_CASE("producer: what follows only a marker of its epoch starts at zero; a marker of the same epoch changes no sequence") {
  Log log;
  log.append(Log::batch(1, 5, 0));
  log.append(Log::marker(1, 5));
  CHECK(accepted(log.states.judge(Log::batch(1, 5, 1))));
  log.append(Log::marker(1, 6));
  CHECK(refused(log.states.judge(Log::batch(1, 6, 1))) == out_of_order);
  CHECK(accepted(log.states.judge(Log::batch(1, 6, 0))));
}

TEST_CASE("producer: idle ones expire, but not with an open transaction") {
  Log log;
  log.append(Log::batch(1, 0, 0));
  ProducerBatch open = Log::batch(2, 0, 0);
  open.transactional = true;
  log.append(open);
  log.states.expire(Time(1s) + 24h - 1ns, 24h);
  CHECK(log.states.entries().size() == 2);
  log.states.expire(Time(1s) + 24h, 24h);
  CHECK(log.states.entries().size() == 1);
  CHECK(log.states.entries().at(2).transaction_start == 1);
  log.append(Log::marker(2, 0));
  log.states.expire(Time(1s) + 24h, 24h);
  CHECK(log.states.entries().empty());
}

TEST_CASE("producer: whatever is appended, taken back or cut off, the state is the one that the log says") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    INFO("seed " << seed);
    RandomStream random = RandomSource(seed).stream("producers");
    Log log;
    std::vector<ProducerBatch> batches;  // the log
    std::int64_t settled = 0;
    const auto from_the_log = [&](std::int64_t end) {
      ProducerStates rebuilt;
      for (const ProducerBatch& batch : batches) {
        if (batch.base_offset < end) rebuilt.appended(batch, Time(1s));
      }
      return rebuilt.entries();
    };
    for (int step = 0; step < 60; ++step) {
      const std::uint64_t dice = random.below(10);
      if (dice < 7) {
        const auto id = static_cast<ProducerId>(random.below(3));
        const auto epoch = static_cast<std::int16_t>(random.below(2));
        ProducerBatch batch = random.chance({1, 8}) ? Log::marker(id, epoch) : Log::batch(id, epoch, step);
        batch.base_offset = batch.last_offset = log.end++;
        batch.transactional = batch.marker || random.chance({1, 4});
        batches.push_back(batch);
        log.states.appended(batch, Time(1s));
      } else if (dice < 9) {
        settled = random.between(settled, log.end);
        log.states.settle(settled);
      } else {
        const bool cut = random.chance({1, 3});  // below what was settled, as a follower does
        const std::int64_t end = random.between(cut ? 0 : settled, log.end);
        std::erase_if(batches, [&](const ProducerBatch& batch) { return batch.base_offset >= end; });
        const std::vector<ProducerId> lost = log.states.take_back(end);
        if (end >= settled) REQUIRE(lost.empty());
        const ProducerEntries right = from_the_log(end);
        for (const ProducerId id : lost) {
          if (right.contains(id)) log.states.put(id, right.at(id), Time(1s));
        }
        log.end = end;
        settled = std::min(settled, end);
      }
      REQUIRE(log.states.entries() == from_the_log(log.end));
      const std::int64_t earlier = random.between(settled, log.end);
      REQUIRE(log.states.entries_at(earlier) == from_the_log(earlier));
    }
  }
}
