// From the bytes of a fetch answer to records: checks, gaps, transactions.
#include <catch2/catch.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "broker/client/batch.h"
#include "broker/client/fetched.h"
#include "broker/protocol/batch_builder.h"

using namespace faultline;
using namespace faultline::client;

namespace {

constexpr std::size_t unbounded = SIZE_MAX;

Slice batch(std::int64_t base_offset, const std::vector<std::string>& values, protocol::BatchOptions options = {}) {
  options.base_offset = base_offset;
  protocol::BatchBuilder builder(options);
  for (const std::string& value : values) builder.append(1000, std::nullopt, as_bytes(value));
  return *std::move(builder).build();
}

protocol::BatchOptions of_transaction(std::int64_t producer, bool control = false) {
  protocol::BatchOptions options;
  options.producer_id = producer;
  options.producer_epoch = 0;
  options.base_sequence = 0;
  options.transactional = true;
  options.control = control;
  return options;
}

/// A control batch; `type` 0 aborts, 1 commits.
Slice marker(std::int64_t offset, std::int64_t producer, std::uint8_t type) {
  protocol::BatchOptions options = of_transaction(producer, true);
  options.base_offset = offset;
  protocol::BatchBuilder builder(options);
  const std::uint8_t key[] = {0, 0, 0, type};
  const std::uint8_t value[] = {0, 0, 0, 0, 0, 0};
  builder.append(1000, Bytes(key), Bytes(value));
  return *std::move(builder).build();
}

struct Taken {
  std::vector<std::int64_t> offsets;
  std::string values;
  std::int64_t position;
  Errc error = Errc::none;
};

Taken take_all(const std::vector<Slice>& batches, std::int64_t position, std::vector<FetchedBatches::Aborted> aborted = {},
               std::size_t records_max = unbounded) {
  Result<FetchedBatches> fetched = FetchedBatches::cut(concatenate(batches), position, std::move(aborted));
  if (!fetched) return {{}, {}, position, fetched.error().code};
  Taken taken{{}, {}, position};
  std::vector<ConsumerRecord> records;
  if (Result<> ok = fetched->take({"t", 0}, records_max, 1 << 20, taken.position, records); !ok) taken.error = ok.error().code;
  for (const ConsumerRecord& record : records) {
    taken.offsets.push_back(record.offset);
    taken.values += text_of(record.value);
  }
  return taken;
}

}  // namespace

TEST_CASE("fetched: a position inside a batch leaves out the records before it") {
  const Taken taken = take_all({batch(10, {"a", "b", "c"}), batch(13, {"d"})}, 11);
  CHECK(taken.offsets == std::vector<std::int64_t>{11, 12, 13});
  CHECK(taken.values == "bcd");
  CHECK(taken.position == 14);
}

TEST_CASE("fetched: the position follows the records that were handed out, not the batch") {
  const Taken taken = take_all({batch(0, {"a", "b", "c"})}, 0, {}, 2);
  CHECK(taken.values == "ab");
  CHECK(taken.position == 2);
}

TEST_CASE("fetched: a cut last batch is left for the next fetch") {
  const Slice whole = batch(3, {"second"});
  const Taken taken = take_all({batch(0, {"a", "b", "c"}), whole.part(0, whole.size() - 1)}, 0);
  CHECK(taken.values == "abc");
  CHECK(taken.position == 3);
  CHECK(taken.error == Errc::none);
}

TEST_CASE("fetched: an answer without one whole batch says so") {
  const Slice whole = batch(0, {"large"});
  CHECK(take_all({whole.part(0, whole.size() - 1)}, 0).error == Errc::too_large);
}

TEST_CASE("fetched: a flipped bit anywhere under the checksum is an error and never data") {
  const Slice good = batch(5, {"good"});
  const Slice second = batch(6, {"payload", "more"});
  for (std::size_t at = 21; at < second.size(); ++at) {
    const Slice bad = Slice::copy_of(second.bytes());
    bad.writable()[at] ^= 0x10;
    const Taken taken = take_all({good, bad}, 5);
    CHECK(taken.error == Errc::corrupt);
    CHECK(taken.values == "good");
    CHECK(taken.position == 6);
  }
}

TEST_CASE("fetched: control batches are passed over by the position") {
  const Taken taken = take_all({batch(0, {"a"}, of_transaction(9)), marker(1, 9, 1)}, 0);
  CHECK(taken.values == "a");
  CHECK(taken.position == 2);
}

TEST_CASE("fetched: read_committed leaves out what was aborted, and only that") {
  // Producer 9 aborts a, then commits c; producer 8 commits b in between.
  const std::vector<Slice> log = {batch(0, {"a"}, of_transaction(9)),
                                  batch(1, {"b"}, of_transaction(8)),
                                  marker(2, 9, 0),
                                  batch(3, {"c"}, of_transaction(9)),
                                  marker(4, 8, 1),
                                  marker(5, 9, 1)};
  CHECK(take_all(log, 0, {{9, 0}}).values == "bc");
  CHECK(take_all(log, 0).values == "abc");
  // Two aborted transactions of one producer, as the broker lists them: the second begins after the first one's marker.
  const std::vector<Slice> twice = {batch(0, {"a"}, of_transaction(9)), marker(1, 9, 0), batch(2, {"b"}),
                                    batch(3, {"c"}, of_transaction(9)), marker(4, 9, 0)};
  CHECK(take_all(twice, 0, {{9, 3}, {9, 0}}).values == "b");
}

TEST_CASE("fetched: what a producer encodes is what a consumer gets, in every codec") {
  for (const protocol::Codec codec :
       {protocol::Codec::none, protocol::Codec::gzip, protocol::Codec::snappy, protocol::Codec::lz4, protocol::Codec::zstd}) {
    std::vector<ProducerRecord> records(2);
    records[0].value = Slice::copy_of("first");
    records[0].timestamp_ms = 7;
    records[1].key = Slice::copy_of("k");
    records[1].headers = {{"h", Slice::copy_of("v")}, {"null", std::nullopt}};
    records[1].timestamp_ms = 8;
    std::size_t estimate = protocol::batch_header_bytes;
    for (const ProducerRecord& record : records) estimate += estimated_bytes(record);
    Result<FetchedBatches> fetched = FetchedBatches::cut(*encode_batch(records, codec), 0, {});
    if (codec == protocol::Codec::none) CHECK(encode_batch(records, codec)->size() <= estimate);
    std::int64_t position = 0;
    std::vector<ConsumerRecord> out;
    REQUIRE(fetched->take({"t", 3}, unbounded, 1 << 20, position, out).has_value());
    REQUIRE(out.size() == 2);
    CHECK(text_of(out[0].value) == "first");
    CHECK_FALSE(out[0].key.has_value());
    CHECK(out[0].timestamp_ms == 7);
    CHECK(text_of(out[1].key) == "k");
    CHECK_FALSE(out[1].value.has_value());
    CHECK(out[1].timestamp_ms == 8);
    CHECK(out[1].partition == TopicPartition{"t", 3});
    REQUIRE(out[1].headers.size() == 2);
    CHECK(out[1].headers[0].key == "h");
    CHECK(text_of(out[1].headers[0].value) == "v");
    CHECK_FALSE(out[1].headers[1].value.has_value());
  }
}
