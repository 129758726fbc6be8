// The quorum's frames: every message comes back as it was sent, and nothing that a peer can send gets past the checks.
#include "broker/quorum/wire/frame.h"

#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <variant>

#include "arbitrary.h"
#include "broker/protocol/codec_impl.h"
#include "broker/protocol/frame.h"
#include "broker/quorum/wire/convert.h"

namespace faultline::quorum {
namespace {

constexpr std::size_t kinds = std::variant_size_v<raft::MessageBody>;
constexpr std::size_t header_bytes = 4;

/// What follows the length.
Slice frame_of(const raft::Message& message, const std::string& cluster_id = "cluster") {
  return concatenate(message_frame(cluster_id, message)).from(protocol::frame_length_bytes);
}

std::string hex_of(Bytes bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

Slice with_key(const Slice& frame, std::int16_t key, std::int16_t version) {
  protocol::Encoder encoder;
  encoder.integer(key);
  encoder.integer(version);
  encoder.bytes(frame.from(header_bytes));
  return concatenate(std::move(encoder).finish());
}

/// A frame with a body that no sender of ours would make.
template <class M>
Result<ClusterMessage> decode_forged(M message) {
  message.envelope = {.cluster_id = "c", .from = {1, {}}, .to = {2, {}}, .term = 7};
  protocol::Encoder encoder;
  encoder.integer(static_cast<std::int16_t>(first_key + M::key));
  encoder.integer(protocol::Version{0});
  protocol::encode(encoder, message, 0);
  return decode_message(concatenate(std::move(encoder).finish()));
}

wire::Entry command_at(std::int32_t term, std::int64_t index) {
  wire::Entry entry;
  entry.at = {term, index};
  entry.command.emplace();
  return entry;
}

/// Follows entry 3.10; the sender's term is 7.
Errc code_of_append(std::vector<wire::Entry> entries) {
  wire::AppendRequest request;
  request.previous = {3, 10};
  request.entries = std::move(entries);
  const Result<ClusterMessage> decoded = decode_forged(request);
  return decoded.has_value() ? Errc::none : decoded.error().code;
}

}  // namespace

TEST_CASE("quorum wire: every message survives the journey") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Arbitrary arbitrary(seed);
    for (std::size_t kind = 0; kind < kinds; ++kind) {
      const raft::Message message = arbitrary.message(kind);
      REQUIRE(message.body.index() == kind);
      const std::string cluster_id = arbitrary.text();
      INFO("seed " << seed << ": " << to_string(message));
      const Slice frame = frame_of(message, cluster_id);
      REQUIRE(is_message_frame(frame));
      const Result<ClusterMessage> decoded = decode_message(frame);
      INFO((decoded.has_error() ? to_string(decoded.error()) : to_string(decoded->message)));
      REQUIRE(decoded.has_value());
      REQUIRE(decoded->cluster_id == cluster_id);
      REQUIRE(same(decoded->message, message));
      REQUIRE(as_text(frame_of(decoded->message, cluster_id)) == as_text(frame));
    }
  }
}

TEST_CASE("quorum wire: a message cut at any byte is an error, and so is one byte more") {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    Arbitrary arbitrary(seed);
    for (std::size_t kind = 0; kind < kinds; ++kind) {
      const Slice frame = frame_of(arbitrary.message(kind));
      INFO("seed " << seed << " kind " << kind);
      for (std::size_t size = 0; size < frame.size(); ++size) REQUIRE(decode_message(frame.part(0, size)).has_error());
      const Slice pieces[] = {frame, Slice::copy_of("x")};
      REQUIRE(decode_message(concatenate(pieces)).error() == Errc::malformed);
    }
  }
}

TEST_CASE("quorum wire: version 0 is written as it was on the first day") {
  const raft::ReplicaKey one{raft::NodeId(1), {0x0102030405060708, 0x090a0b0c0d0e0f10}};
  const raft::ReplicaKey two{raft::NodeId(2), {}};
  const std::string envelope =
      "0263"  // cluster "c"
      "00000001"
      "0102030405060708090a0b0c0d0e0f10"
      "00"  // from
      "00000002"
      "00000000000000000000000000000000"
      "00"  // to
      "00000007"
      "00";  // term 7
  const auto hex = [&](raft::MessageBody body) { return hex_of(frame_of({one, two, raft::Term(7), std::move(body)}, "c")); };
  const raft::Position position{raft::Term(3), raft::Index(10)};
  const std::string position_hex =
      "00000003"
      "000000000000000a"
      "00";
  CHECK(hex(raft::VoteRequest{raft::VoteKind::real, position}) == "27100000" + envelope + "01" + position_hex + "00");
  CHECK(hex(raft::VoteReply{raft::VoteKind::pre, true, std::nullopt}) == "27110000" + envelope +
                                                                             "00"
                                                                             "01"
                                                                             "ff"
                                                                             "00");
  raft::AppendRequest append;
  append.previous = position;
  append.commit = raft::Index(9);
  append.read_round = 5;
  append.entries.push_back({{raft::Term(3), raft::Index(11)}, raft::Command{Slice::copy_of("set")}});
  append.entries.push_back({{raft::Term(7), raft::Index(12)}, raft::NewLeader{two}});
  CHECK(hex(append) == "27120000" + envelope + position_hex +
                           "03"  // two entries
                           "00000003"
                           "000000000000000b"
                           "00"  // 3.11
                           "04736574"
                           "00"  // "set", no tags
                           "00000007"
                           "000000000000000c"
                           "00"  // 7.12
                           "00"
                           "01"
                           "00"
                           "16"
                           "01"  // no command; tag 0, the leader, 22 bytes, there
                           "00000002"
                           "00000000000000000000000000000000"
                           "00"
                           "0000000000000009"
                           "0000000000000005"
                           "00");
  CHECK(hex(raft::TimeoutNow{}) == "27170000" + envelope + "00");
}

TEST_CASE("quorum wire: kinds and versions that this build does not know are told from damage") {
  Arbitrary arbitrary(1);
  const Slice frame = frame_of(arbitrary.message(0));
  CHECK(decode_message(with_key(frame, first_key, 0)).has_value());
  CHECK(decode_message(with_key(frame, first_key, 1)).error() == Errc::unsupported);
  CHECK(decode_message(with_key(frame, first_key, -1)).error() == Errc::unsupported);
  CHECK(decode_message(with_key(frame, first_key + kinds, 0)).error() == Errc::unsupported);
  CHECK(decode_message(with_key(frame, first_key - 1, 0)).error() == Errc::unsupported);
  CHECK(decode_message(Slice()).error() == Errc::truncated);
}

TEST_CASE("quorum wire: no frame of Kafka is taken for one of the quorum") {
  for (const protocol::ApiInfo& api : protocol::apis) {
    protocol::Encoder encoder;
    protocol::encode_request_header(encoder, {api.key, api.max_version, 1, "client"});
    CHECK_FALSE(is_message_frame(concatenate(std::move(encoder).finish())));
  }
  CHECK_FALSE(is_message_frame(Slice()));
}

TEST_CASE("quorum wire: entries that the core could not append are refused") {
  CHECK(code_of_append({command_at(3, 11), command_at(3, 12), command_at(7, 13)}) == Errc::none);
  CHECK(code_of_append({command_at(3, 12)}) == Errc::malformed);
  CHECK(code_of_append({command_at(3, 11), command_at(3, 11)}) == Errc::malformed);
  CHECK(code_of_append({command_at(2, 11)}) == Errc::malformed);
  CHECK(code_of_append({command_at(5, 11), command_at(4, 12)}) == Errc::malformed);
  CHECK(code_of_append({command_at(8, 11)}) == Errc::malformed);
  wire::Entry nothing;
  nothing.at = {3, 11};
  CHECK(code_of_append({nothing}) == Errc::malformed);
  wire::Entry both = command_at(3, 11);
  both.leader.emplace();
  CHECK(code_of_append({both}) == Errc::malformed);
  wire::Entry twice;
  twice.at = {3, 11};
  twice.voters = {{{4, {}}, "a:1"}, {{4, protocol::Uuid::of(1, 2)}, "b:1"}};
  CHECK(code_of_append({twice}) == Errc::malformed);
}

TEST_CASE("quorum wire: numbers that cannot be are refused") {
  constexpr std::int64_t greatest = std::numeric_limits<std::int64_t>::max();
  const auto refused = [](const auto& message) { return decode_forged(message).error() == Errc::malformed; };
  CHECK(refused(wire::Observe{.envelope = {}, .last = {0, -1}}));
  CHECK(refused(wire::Observe{.envelope = {}, .last = {-1, 0}}));
  CHECK(refused(wire::Observe{.envelope = {}, .last = {0, greatest}}));
  CHECK(refused(wire::VoteRequest{.envelope = {}, .kind = 2, .last = {}}));
  CHECK(refused(wire::LeaderHint{.envelope = {}, .leader = wire::ReplicaKey{-1, {}}}));
  CHECK(refused(wire::AppendAccepted{.envelope = {}, .received = 4, .durable = 5, .read_round = 0}));
  CHECK(refused(wire::AppendRejected{.envelope = {}, .previous = -1, .hint = {}, .read_round = 0}));
  wire::SnapshotChunk chunk;
  chunk.snapshot.size_bytes = 10;
  chunk.offset = 9;
  chunk.data = protocol::Records(Slice::copy_of("x"));
  CHECK(decode_forged(chunk).has_value());
  chunk.offset = 10;
  CHECK(refused(chunk));
  chunk.offset = std::numeric_limits<std::uint64_t>::max();
  CHECK(refused(chunk));
}

}  // namespace faultline::quorum
