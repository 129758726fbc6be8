// The small text files, on their own.
#include <catch2/catch.hpp>

#include "broker/log/epoch_checkpoint.h"
#include "broker/log/log_checkpoint.h"
#include "broker/log/producer_checkpoint.h"
#include "broker/log/tickets.h"

using namespace faultline;

TEST_CASE("checkpoint: what was written is read, and a changed byte anywhere is noticed") {
  EpochCache cache;
  cache.assign(1, 0);
  cache.assign(7, 123456789);
  const LogCheckpoint checkpoint{5, 17, true};
  CHECK(decode_epochs(encode_epochs(cache))->entries() == cache.entries());
  CHECK(decode_epochs(encode_epochs(EpochCache()))->entries().empty());
  CHECK(*LogCheckpoint::decode(checkpoint.encode()) == checkpoint);
  ProducerCheckpoint producers{17, {}};
  replication::ProducerEntry& entry = producers.entries[1003];
  entry.epoch = 2;
  entry.last_offset = 16;
  for (std::int32_t i = 0; i < 5; ++i) entry.remember({10 * i, 10 * i + 9, 100 * i, 100 * i + 9, 1'700'000'000'000});
  producers.entries[1004].epoch = 0;
  producers.entries[1004].transaction_start = 12;
  CHECK(*ProducerCheckpoint::decode(producers.encode()) == producers);
  for (const Slice& file : {encode_epochs(cache), checkpoint.encode(), producers.encode()}) {
    for (std::size_t i = 0; i < file.size(); ++i) {
      const Slice changed = Slice::copy_of(file.bytes());
      changed.writable()[i] ^= 1;
      CHECK(decode_epochs(changed).has_error());
      CHECK(ProducerCheckpoint::decode(changed).has_error());
      CHECK(LogCheckpoint::decode(changed).has_error());
      CHECK(LogCheckpoint::decode(file.part(0, i)).has_error());
    }
  }
}

TEST_CASE("checkpoint: the worked example of docs/formats/checkpoint.md") {
  CHECK(as_text(LogCheckpoint{0, 42, 40, false}.encode()) ==
        "faultline-checkpoint 1\nlog-start 0\nrecovery-point 42\nhigh-watermark 40\nclean 0\ncrc32c 6925d8e9\n");
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
