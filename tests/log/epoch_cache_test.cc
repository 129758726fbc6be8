// The epoch cache and the small text files, on their own.
#include <catch2/catch.hpp>

#include "broker/log/epoch_cache.h"
#include "broker/log/log_checkpoint.h"
#include "broker/log/tickets.h"

using namespace faultline;

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

TEST_CASE("checkpoint: what was written is read, and a changed byte anywhere is noticed") {
  EpochCache cache;
  cache.assign(1, 0);
  cache.assign(7, 123456789);
  const LogCheckpoint checkpoint{5, 17, true};
  CHECK(EpochCache::decode(cache.encode())->entries() == cache.entries());
  CHECK(EpochCache::decode(EpochCache().encode())->entries().empty());
  CHECK(*LogCheckpoint::decode(checkpoint.encode()) == checkpoint);
  for (const Slice& file : {cache.encode(), checkpoint.encode()}) {
    for (std::size_t i = 0; i < file.size(); ++i) {
      const Slice changed = Slice::copy_of(file.bytes());
      changed.writable()[i] ^= 1;
      CHECK(EpochCache::decode(changed).has_error());
      CHECK(LogCheckpoint::decode(changed).has_error());
      CHECK(LogCheckpoint::decode(file.part(0, i)).has_error());
    }
  }
}

TEST_CASE("checkpoint: the worked example of docs/formats/checkpoint.md") {
  CHECK(as_text(LogCheckpoint{0, 42, false}.encode()) ==
        "faultline-checkpoint 1\nlog-start 0\nrecovery-point 42\nclean 0\ncrc32c a0ba4c61\n");
}

TEST_CASE("tickets: only what was taken back after the append, and from below its end, is lost") {
  TakenBack taken;
  const AppendTicket first{10, taken.generation()};
  taken.add(8, Errc::no_space);
  const AppendTicket second{10, taken.generation()};
  CHECK(taken.reason(first) == Errc::no_space);
  CHECK_FALSE(taken.reason(second).has_value());
  taken.add(10, Errc::closed);
  CHECK_FALSE(taken.reason(second).has_value());
  taken.add(5, Errc::closed);
  CHECK(taken.reason(first) == Errc::closed);
  CHECK(taken.reason(second) == Errc::closed);
  CHECK_FALSE(taken.reason({5, 0}).has_value());
}
