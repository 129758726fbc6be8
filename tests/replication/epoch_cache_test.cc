// The epoch cache, by KIP-101 and KIP-279.
#include <catch2/catch.hpp>

#include "broker/replication/epoch_cache.h"

using namespace faultline::replication;

TEST_CASE("epoch cache: the end of an epoch is the start of the next known one (KIP-101, KIP-279)") {
  EpochCache cache;
  CHECK(cache.end_offset_for(0, 100) == EpochEnd{-1, -1});
  CHECK(cache.assign(2, 10));
  CHECK(cache.assign(4, 30));
  CHECK_FALSE(cache.assign(4, 40));
  CHECK_FALSE(cache.assign(3, 40));
  CHECK(cache.assign(5, 30));  // epoch 4 wrote nothing
  CHECK(cache.end_offset_for(-1, 100) == EpochEnd{-1, -1});
  CHECK(cache.end_offset_for(1, 100) == EpochEnd{1, 10});
  CHECK(cache.end_offset_for(2, 100) == EpochEnd{2, 30});
  CHECK(cache.end_offset_for(3, 100) == EpochEnd{2, 30});
  CHECK(cache.end_offset_for(4, 100) == EpochEnd{4, 30});
  CHECK(cache.end_offset_for(5, 100) == EpochEnd{5, 100});
  CHECK(cache.end_offset_for(6, 100) == EpochEnd{-1, -1});
}

TEST_CASE("epoch cache: cuts at both ends") {
  EpochCache cache;
  cache.assign(1, 0);
  cache.assign(2, 10);
  cache.assign(3, 20);
  cache.truncate_from(20);
  CHECK(cache.entries() == std::vector<EpochStart>{{1, 0}, {2, 10}});
  cache.drop_before(5);
  CHECK(cache.entries() == std::vector<EpochStart>{{1, 5}, {2, 10}});
  cache.drop_before(10);
  CHECK(cache.entries() == std::vector<EpochStart>{{2, 10}});
  cache.drop_before(99);
  CHECK(cache.entries() == std::vector<EpochStart>{{2, 99}});
}

TEST_CASE("epoch cache: an offset belongs to the last epoch that starts at or before it") {
  EpochCache cache;
  CHECK_FALSE(cache.epoch_at(5).has_value());
  cache.assign(2, 10);
  cache.assign(4, 30);
  CHECK_FALSE(cache.epoch_at(9).has_value());
  CHECK(cache.epoch_at(10) == 2);
  CHECK(cache.epoch_at(29) == 2);
  CHECK(cache.epoch_at(30) == 4);
}

TEST_CASE("epoch cache: a note about an epoch without batches never claims a batch of a lower epoch") {
  EpochCache read;
  read.assign(1, 0);
  read.assign(5, 7);
  EpochCache noted;
  noted.assign(3, 2);   // led once, from 2 on; then followed a leader whose batches up to 7 are of epoch 1
  noted.assign(4, 7);   // led without a batch
  noted.assign(6, 10);  // led last, without a batch
  read.merge_noted(noted, 10);
  CHECK(read.entries() == std::vector<EpochStart>{{1, 0}, {4, 7}, {5, 7}, {6, 10}});
}
