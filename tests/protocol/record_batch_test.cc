// Record batches: made, checked, stamped, walked over, and refused.
#include "broker/protocol/record_batch.h"

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "broker/protocol/batch_builder.h"
#include "broker/protocol/produced_batch.h"

using namespace faultline;
using namespace faultline::protocol;
using namespace std::string_literals;

namespace {

Slice batch_of(BatchOptions options, int count, std::string_view value = "value") {
  BatchBuilder builder(options);
  for (int i = 0; i < count; ++i) builder.append(1000 + i, as_bytes("key"), as_bytes(value));
  return std::move(builder).build().value();
}

BatchView view(const Slice& bytes) { return BatchView::parse(bytes).value(); }

/// A copy of `batch` after `change`, its checksum made right again.
Slice changed(const Slice& batch, const std::function<void(std::uint8_t*)>& change) {
  const Slice copy = Slice::copy_of(batch);
  std::uint8_t* bytes = copy.writable().data();
  change(bytes);
  store_be(bytes + 17, crc32c(copy.bytes().subspan(21)));
  return copy;
}

Errc refusal(const Slice& records, ProduceRules rules = {}) {
  const Result<ProducedBatch> result = check_produced(records, rules);
  return result.has_error() ? result.error().code : Errc::none;
}

const std::vector<Codec> all_codecs = {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};

}  // namespace

TEST_CASE("record batch: the smallest batch, byte by byte") {
  BatchBuilder builder({.base_offset = 5, .leader_epoch = 3});
  builder.append(0x0102, std::nullopt, as_bytes("hi"));
  const Slice batch = std::move(builder).build().value();
  const std::string expected =
      "\x00\x00\x00\x00\x00\x00\x00\x05"  // base offset
      "\x00\x00\x00\x3a"                  // length behind this field
      "\x00\x00\x00\x03"                  // leader epoch
      "\x02"                              // magic
      "CCCC"                              // checksum, below
      "\x00\x00"                          // attributes
      "\x00\x00\x00\x00"                  // last offset delta
      "\x00\x00\x00\x00\x00\x00\x01\x02"  // base timestamp
      "\x00\x00\x00\x00\x00\x00\x01\x02"  // greatest timestamp
      "\xff\xff\xff\xff\xff\xff\xff\xff"  // producer id
      "\xff\xff"                          // producer epoch
      "\xff\xff\xff\xff"                  // base sequence
      "\x00\x00\x00\x01"                  // count
      "\x10\x00\x00\x00\x01\x04hi\x00"s;  // length 8, attributes, deltas, null key, value, no headers
  CHECK(as_text(batch.part(0, 17)) == expected.substr(0, 17));
  CHECK(as_text(batch.from(21)) == expected.substr(21));
  CHECK(view(batch).crc_matches());
  CHECK(view(batch).crc() == crc32c(batch.bytes().subspan(21)));
}

TEST_CASE("record batch: records come back through every codec") {
  for (const Codec codec : all_codecs) {
    INFO(to_string(codec));
    BatchBuilder builder({.codec = codec, .base_offset = 100});
    const RecordHeader headers[] = {{"empty", std::nullopt}, {"h", Slice::copy_of("x")}};
    builder.append(50, as_bytes("k"), as_bytes(std::string(100000, 'v')), headers);
    builder.append(40, std::nullopt, std::nullopt);
    builder.append(60, as_bytes(""), as_bytes(""));
    const Slice bytes = std::move(builder).build().value();
    const BatchView batch = view(bytes);
    CHECK(batch.crc_matches());
    CHECK(batch.codec() == codec);
    CHECK(batch.max_timestamp() == 60);
    CHECK(batch.next_offset() == 103);
    if (codec != Codec::none) CHECK(batch.size() < 6000);

    const std::vector<Record> records = read_records(batch).value();
    REQUIRE(records.size() == 3);
    CHECK(records[0].offset == 100);
    CHECK(records[0].timestamp == 50);
    CHECK(as_text(records[0].key.value()) == "k");
    CHECK(records[0].value.value().size() == 100000);
    REQUIRE(records[0].headers.size() == 2);
    CHECK(records[0].headers[0].key == "empty");
    CHECK_FALSE(records[0].headers[0].value.has_value());
    CHECK(as_text(records[0].headers[1].value.value()) == "x");
    CHECK(records[1].timestamp == 40);
    CHECK_FALSE(records[1].key.has_value());
    CHECK_FALSE(records[1].value.has_value());
    CHECK(records[2].key.value().empty());
    CHECK(check_produced(bytes, {}).value().max_timestamp == 60);
  }
}

TEST_CASE("record batch: uncompressed records share the batch's bytes") {
  const Slice bytes = batch_of({}, 1);
  const Record record = read_records(view(bytes)).value().at(0);
  CHECK(record.value->data() > bytes.data());
  CHECK(record.value->data() < bytes.data() + bytes.size());
}

TEST_CASE("record batch: stamping offset and epoch leaves the checksum alone") {
  const BatchView batch = view(batch_of({}, 3));
  const std::uint32_t crc = batch.crc();
  batch.stamp(1'000'000'000'000, 7);
  CHECK(batch.base_offset() == 1'000'000'000'000);
  CHECK(batch.last_offset() == 1'000'000'000'002);
  CHECK(batch.partition_leader_epoch() == 7);
  CHECK(batch.crc() == crc);
  CHECK(batch.crc_matches());
}

TEST_CASE("record batch: log append time is the timestamp of every record, and can be taken back") {
  const BatchView batch = view(batch_of({}, 2));
  batch.set_timestamps(TimestampType::log_append_time, 99999);
  CHECK(batch.crc_matches());
  CHECK(batch.timestamp_type() == TimestampType::log_append_time);
  CHECK(read_records(batch).value().at(0).timestamp == 99999);
  CHECK(read_records(batch).value().at(1).timestamp == 99999);
  batch.set_timestamps(TimestampType::create_time, 1001);
  CHECK(batch.crc_matches());
  CHECK(read_records(batch).value().at(1).timestamp == 1001);
}

TEST_CASE("record batch: walking over batches ends where the last one is cut") {
  const Slice pieces[] = {batch_of({.base_offset = 0}, 2), batch_of({.codec = Codec::lz4, .base_offset = 2}, 3),
                          batch_of({.base_offset = 5}, 1)};
  const Slice all = concatenate(pieces);
  const std::size_t whole_two = pieces[0].size() + pieces[1].size();
  for (std::size_t size = 0; size <= all.size(); ++size) {
    BatchIterator batches(all.part(0, size));
    std::int64_t next_offset = 0;
    std::size_t bytes = 0;
    while (const std::optional<BatchView> batch = batches.next().value()) {
      REQUIRE(batch->base_offset() == next_offset);
      next_offset = batch->next_offset();
      bytes += batch->size();
    }
    REQUIRE(bytes + batches.rest().size() == size);
    const std::int64_t expected = size == all.size() ? 6 : size >= whole_two ? 5 : size >= pieces[0].size() ? 2 : 0;
    REQUIRE(next_offset == expected);
  }
}

TEST_CASE("record batch: a header that cannot be is an error, not a cut") {
  const Slice batch = batch_of({}, 1);
  const auto error_of = [](const Slice& bytes) { return BatchIterator(bytes).next().error().code; };
  CHECK(error_of(changed(batch, [](std::uint8_t* b) { b[16] = 1; })) == Errc::unsupported);
  CHECK(error_of(changed(batch, [](std::uint8_t* b) { store_be(b + 8, std::int32_t{-1}); })) == Errc::malformed);
  CHECK(error_of(changed(batch, [](std::uint8_t* b) { store_be(b + 8, std::int32_t{48}); })) == Errc::malformed);
  CHECK(BatchView::parse(batch.part(0, 11)).error() == Errc::truncated);
}

TEST_CASE("produced batch: what a broker refuses, and with which error") {
  const Slice good = batch_of({}, 3);
  REQUIRE(refusal(good) == Errc::none);
  const auto with = [&](const std::function<void(std::uint8_t*)>& change) { return refusal(changed(good, change)); };

  CHECK(refusal({}) == Errc::malformed);
  CHECK(refusal(good.part(0, good.size() - 1)) == Errc::malformed);
  const Slice two[] = {good, good};
  CHECK(refusal(concatenate(two)) == Errc::malformed);
  const Slice flipped = Slice::copy_of(good);
  flipped.writable()[70] ^= 1;
  CHECK(refusal(flipped) == Errc::corrupt);
  CHECK(with([](std::uint8_t* b) { b[16] = 1; }) == Errc::malformed);
  CHECK(with([](std::uint8_t* b) { b[22] = 5; }) == Errc::unsupported);
  CHECK(with([](std::uint8_t* b) { b[22] |= 32; }) == Errc::malformed);
  CHECK(with([](std::uint8_t* b) { b[22] |= 64; }) == Errc::malformed);
  CHECK(with([](std::uint8_t* b) { b[22] |= 16; }) == Errc::malformed);
  CHECK(with([](std::uint8_t* b) { store_be(b + 57, std::int32_t{4}); }) == Errc::malformed);
  CHECK(with([](std::uint8_t* b) { store_be(b + 57, std::int32_t{2}); }) == Errc::malformed);
  CHECK(with([](std::uint8_t* b) { store_be(b + 57, std::int32_t{0}), store_be(b + 23, std::int32_t{-1}); }) == Errc::malformed);
  CHECK(with([](std::uint8_t* b) { store_be(b + 57, std::int32_t{2}), store_be(b + 23, std::int32_t{1}); }) == Errc::malformed);
  CHECK(with([](std::uint8_t* b) { store_be(b + 43, std::int64_t{1}); }) == Errc::malformed);
  const auto numbered = [](std::uint8_t* b, std::int16_t epoch) {
    store_be(b + 43, std::int64_t{1});
    store_be(b + 51, epoch);
    store_be(b + 53, std::int32_t{0});
  };
  CHECK(with([&](std::uint8_t* b) { numbered(b, -1); }) == Errc::malformed);
  CHECK(with([&](std::uint8_t* b) { numbered(b, 0); }) == Errc::none);
  CHECK(with([](std::uint8_t* b) { b[61] = 0x7e; }) == Errc::malformed);  // first record longer than it is
  CHECK(with([](std::uint8_t* b) { b[64] = 2; }) == Errc::malformed);     // first record says offset delta 1

  CHECK(refusal(good, {.batch_bytes_max = good.size()}) == Errc::none);
  CHECK(refusal(good, {.batch_bytes_max = good.size() - 1}) == Errc::too_large);
  CHECK(refusal(batch_of({.codec = Codec::zstd}, 1), {.zstd_allowed = false}) == Errc::unsupported);
  CHECK(refusal(batch_of({.codec = Codec::gzip}, 1), {.zstd_allowed = false}) == Errc::none);

  BatchBuilder keyless;
  keyless.append(1, std::nullopt, as_bytes("v"));
  const Slice without_key = std::move(keyless).build().value();
  CHECK(refusal(without_key) == Errc::none);
  CHECK(refusal(without_key, {.keys_required = true}) == Errc::malformed);

  CHECK(produce_error_code(Errc::corrupt) == ErrorCode::corrupt_message);
  CHECK(produce_error_code(Errc::malformed) == ErrorCode::invalid_record);
  CHECK(produce_error_code(Errc::too_large) == ErrorCode::message_too_large);
  CHECK(produce_error_code(Errc::unsupported) == ErrorCode::unsupported_compression_type);
}

TEST_CASE("produced batch: a wrong greatest timestamp in the header is found and can be mended") {
  const Slice wrong = changed(batch_of({}, 3), [](std::uint8_t* b) { store_be(b + 35, std::int64_t{7}); });
  const ProducedBatch checked = check_produced(wrong, {}).value();
  CHECK(checked.max_timestamp == 1002);
  checked.batch.set_timestamps(TimestampType::create_time, checked.max_timestamp);
  CHECK(checked.batch.max_timestamp() == 1002);
  CHECK(checked.batch.crc_matches());
}

TEST_CASE("record batch: any byte of a compressed batch may be wrong without harm") {
  for (const Codec codec : all_codecs) {
    const Slice good = batch_of({.codec = codec}, 20, "some value that repeats, some value that repeats");
    for (std::size_t at = batch_header_bytes; at < good.size(); ++at) {
      for (const std::uint8_t flip : std::initializer_list<std::uint8_t>{0x01, 0x80, 0xff}) {
        const Slice bad = changed(good, [&](std::uint8_t* b) { b[at] ^= flip; });
        const Result<ProducedBatch> checked = check_produced(bad, {});
        if (checked.has_value()) REQUIRE(read_records(checked->batch).has_value());
      }
    }
  }
}

TEST_CASE("record batch: sequences wrap after the greatest") {
  CHECK(view(batch_of({.producer_id = 1, .producer_epoch = 0, .base_sequence = INT32_MAX - 1}, 3)).last_sequence() == 0);
}
