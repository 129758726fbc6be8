// Frames and messages byte by byte, and what hostile bytes get.
#include <catch2/catch.hpp>
#include <string>

#include "broker/protocol/api_versions.h"
#include "broker/protocol/error_code.h"
#include "broker/protocol/fetch.h"
#include "broker/protocol/frame.h"
#include "broker/protocol/metadata.h"
#include "broker/protocol/produce.h"

using namespace faultline;
using namespace faultline::protocol;

namespace {

Slice text(std::string_view bytes) { return Slice::copy_of(bytes); }

using namespace std::string_view_literals;

}  // namespace

TEST_CASE("frame: a request header of each kind, byte by byte") {
  const Slice v1 = concatenate(request_frame(7, "me", 1, MetadataRequest{}));
  CHECK(as_text(v1) == "\x00\x00\x00\x10\x00\x03\x00\x01\x00\x00\x00\x07\x00\x02me\xff\xff\xff\xff"sv);

  const Slice v2 = concatenate(request_frame(7, std::nullopt, 9, MetadataRequest{}));
  CHECK(as_text(v2) == "\x00\x00\x00\x10\x00\x03\x00\x09\x00\x00\x00\x07\xff\xff\x00\x00\x01\x00\x00\x00"sv);

  Reader reader(v2.from(frame_length_bytes));
  const RequestHeader header = decode_request_header(reader).value();
  CHECK(header == RequestHeader{ApiKey::metadata, 9, 7, std::nullopt});
  const MetadataRequest request = decode<MetadataRequest>(reader.rest(), 9).value();
  CHECK_FALSE(request.topics.has_value());
  CHECK(request.allow_auto_topic_creation);
}

TEST_CASE("frame: ApiVersions answers with header 0 even in flexible versions, others with header 1") {
  CHECK(as_text(concatenate(response_frame(5, 3, ApiVersionsResponse{}))) ==
        "\x00\x00\x00\x0c\x00\x00\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00"sv);
  const Slice metadata = concatenate(response_frame(5, 9, MetadataResponse{}));
  CHECK(metadata[8] == 0);
  Reader reader(metadata.from(frame_length_bytes));
  CHECK(decode_response_header(reader, ApiKey::metadata, 9).value() == 5);
  CHECK(decode<MetadataResponse>(reader.rest(), 9).value() == MetadataResponse{});
}

TEST_CASE("frame: unknown keys and versions are unsupported, but an ApiVersions from the future has a header") {
  Reader unknown(text("\x03\xe8\x00\x00\x00\x00\x00\x01\xff\xff"sv));
  CHECK(decode_request_header(unknown).error() == Errc::unsupported);
  Reader future_metadata(text("\x00\x03\x00\x63\x00\x00\x00\x01\xff\xff"sv));
  CHECK(decode_request_header(future_metadata).error() == Errc::unsupported);
  Reader negative(text("\x00\x12\xff\xff\x00\x00\x00\x01\xff\xff"sv));
  CHECK(decode_request_header(negative).error() == Errc::unsupported);
  Reader future(text("\x00\x12\x00\x63\x00\x00\x00\x09garbage"sv));
  const RequestHeader header = decode_request_header(future).value();
  CHECK(header.api_version == 99);
  CHECK(header.correlation_id == 9);
  Reader cut(text("\x00\x12\x00\x03\x00\x00\x00\x09\x00\x05you"sv));
  CHECK(decode_request_header(cut).error() == Errc::truncated);
}

TEST_CASE("codec: an error names the path of the field") {
  // One topic "t", one partition, whose records claim nine bytes and have none.
  const Slice body =
      text("\xff\xff\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01t\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x09"sv);
  const Error error = decode<ProduceRequest>(body, 3).error();
  CHECK(error == Errc::truncated);
  CHECK(error.detail == "topic_data.partition_data.records");
}

TEST_CASE("codec: a null where none may be, bytes left over, and a negative length are malformed") {
  CHECK(decode<MetadataRequest>(text("\xff\xff\xff\xff"sv), 0).error() == Errc::malformed);
  CHECK_FALSE(decode<MetadataRequest>(text("\xff\xff\xff\xff"sv), 1).value().topics.has_value());
  CHECK(decode<MetadataRequest>(text("\xff\xff\xff\xff!"sv), 1).error() == Errc::malformed);
  CHECK(decode<MetadataRequest>(text("\xff\xff\xff\xfe"sv), 1).error() == Errc::malformed);
}

TEST_CASE("codec: what cannot be null in a version is written as empty") {
  CHECK(as_text(concatenate(request_frame(0, "", 0, MetadataRequest{}))).substr(14) == "\x00\x00\x00\x00"sv);
}

TEST_CASE("codec: an array count is checked against the bytes that are left, and against the limit for a message") {
  CHECK(decode<MetadataRequest>(text("\x7f\xff\xff\xff"sv), 0).error() == Errc::truncated);
  std::string many("\x00\x20\x00\x00"sv);  // 2 Mi topics with empty names
  many += std::string(2 * 0x200000, '\0');
  CHECK(decode<MetadataRequest>(text(many), 0).error() == Errc::too_large);
}

TEST_CASE("codec: a varint holds at most 32 bits") {
  const auto decode_count = [](std::string_view bytes) {
    Reader reader(text(bytes));
    std::uint32_t value = 0;
    if (!reader.uvarint(value)) return std::string(to_string(reader.error().code));
    return std::to_string(value);
  };
  CHECK(decode_count("\xff\xff\xff\xff\x0f"sv) == "4294967295");
  CHECK(decode_count("\xff\xff\xff\xff\x1f"sv) == "malformed");
  CHECK(decode_count("\x80\x80\x80\x80\x80\x01"sv) == "malformed");
  CHECK(decode_count("\x80\x80"sv) == "truncated");
  CHECK(decode_count("\xac\x02"sv) == "300");
}

TEST_CASE("codec: a tagged field must fill its size exactly") {
  FetchRequest request;
  request.cluster_id = "c";
  Encoder encoder;
  encode(encoder, request, 12);
  const Slice good = concatenate(std::move(encoder).finish());
  // ... count 1, tag 0, size 2, compact string "c"
  CHECK(as_text(good.from(good.size() - 5)) ==
        "\x01\x00\x02\x02"
        "c"sv);
  CHECK(decode<FetchRequest>(good, 12).value().cluster_id == "c");
  const Slice longer[] = {good.part(0, good.size() - 3), text("\x03\x02"
                                                              "c!"sv)};
  CHECK(decode<FetchRequest>(concatenate(longer), 12).error() == Errc::malformed);
}

TEST_CASE("encoder: records are spliced, not copied, and decoded records share the frame") {
  const Slice big = text(std::string(4096, 'b'));
  const Slice small = text("small");
  FetchResponse response;
  response.responses.resize(1);
  response.responses[0].partitions.resize(2);
  response.responses[0].partitions[0].records.append(big);
  response.responses[0].partitions[0].records.append(big.part(0, 600));
  response.responses[0].partitions[1].records = small;
  const std::vector<Slice> frame = response_frame(1, 12, response);
  REQUIRE(frame.size() == 4);
  CHECK(frame[1].data() == big.data());
  CHECK(frame[2].data() == big.data());
  CHECK(frame[2].size() == 600);

  const Slice whole = concatenate(frame);
  CHECK(load_be<std::int32_t>(whole.data()) == static_cast<std::int32_t>(whole.size() - 4));
  const FetchResponse decoded = decode<FetchResponse>(whole.from(9), 12).value();
  CHECK(decoded == response);
  const Records& records = decoded.responses[0].partitions[0].records;
  REQUIRE(records.parts().size() == 1);
  CHECK(records.parts()[0].data() > whole.data());
  CHECK(records.parts()[0].data() < whole.data() + whole.size());
}

TEST_CASE("codec: a message prints the fields of its version") {
  ProduceResponse response;
  response.responses.resize(1);
  response.responses[0].name = "a\"b";
  response.responses[0].partition_responses.resize(1);
  response.responses[0].partition_responses[0].error_code = ErrorCode::not_enough_replicas;
  CHECK(print(response, 4) ==
        "{responses=[{name=\"a\\\"b\", partition_responses=[{index=0, error_code=NOT_ENOUGH_REPLICAS, base_offset=0, "
        "log_append_time_ms=-1}]}], throttle_time_ms=0}");
}

TEST_CASE("api: the table is in order and each row makes sense") {
  for (std::size_t i = 0; i < apis.size(); ++i) {
    if (i > 0) CHECK(apis[i - 1].key < apis[i].key);
    CHECK(apis[i].min_version <= apis[i].max_version);
    CHECK(apis[i].advertised_min <= apis[i].min_version);
  }
  CHECK(to_string(ApiKey::fetch) == "Fetch");
  CHECK(to_string(static_cast<ApiKey>(999)) == "?");
}

TEST_CASE("error codes: names and the mapping from internal errors") {
  CHECK(to_string(ErrorCode::unknown_server_error) == "UNKNOWN_SERVER_ERROR");
  CHECK(static_cast<int>(ErrorCode::fetch_session_topic_id_error) == 106);
  CHECK(to_string(static_cast<ErrorCode>(-7)) == "?");
  CHECK(error_code_of(Errc::io_error) == ErrorCode::kafka_storage_error);
  CHECK(error_code_of(Errc::none) == ErrorCode::none);
}

TEST_CASE("uuid: what is printed is read back, and nothing else is") {
  const Uuid id = Uuid::of(0x0123456789abcdefu, 0xfedcba9876543210u);
  CHECK(parse_uuid(to_string(id)).value() == id);
  CHECK(parse_uuid(to_string(Uuid{})).value() == Uuid{});
  CHECK(parse_uuid("short").has_error());
  CHECK(parse_uuid("AAAAAAAAAAAAAAAAAAAA*A").has_error());
  CHECK(parse_uuid("AAAAAAAAAAAAAAAAAAAAAB").has_error());  // the last letter holds only two bits
}

TEST_CASE("uuid: printed as URL-safe base64 without padding") {
  CHECK(to_string(Uuid{}) == "AAAAAAAAAAAAAAAAAAAAAA");
  CHECK(to_string(Uuid::of(0, 1)) == "AAAAAAAAAAAAAAAAAAAAAQ");
  CHECK(to_string(Uuid::of(~0ull, ~0ull)) == "_____________________w");
}
