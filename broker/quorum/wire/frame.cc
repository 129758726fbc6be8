#include "broker/quorum/wire/frame.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "broker/protocol/codec_impl.h"
#include "broker/protocol/frame.h"
#include "broker/quorum/wire/convert.h"

namespace faultline::quorum {
namespace {

using protocol::Encoder;
using protocol::Reader;
using protocol::Version;

template <class... Messages>
struct List {
  /// Calls visit.template operator()<M>() for each message.
  template <class Visit>
  static void each(Visit&& visit) {
    (visit.template operator()<Messages>(), ...);
  }
};

using AllMessages = List<wire::VoteRequest, wire::VoteReply, wire::AppendRequest, wire::AppendAccepted, wire::AppendRejected,
                         wire::SnapshotChunk, wire::SnapshotProgress, wire::TimeoutNow, wire::Observe, wire::LeaderHint>;

template <class M>
Result<ClusterMessage> decode_as(const Slice& body, Version version) {
  if (version < 0 || version > M::latest_version)
    return Error(Errc::unsupported, fmt::format("version {} of the quorum's message {}", version, M::key));
  const M message = TRY(protocol::decode<M>(body, version));
  ClusterMessage result {
    .cluster_id = message.envelope.cluster_id, .message = TRY(wire::from_wire(message.envelope))
    , .leader_endpoint = message.envelope.leader_endpoint
  };
  result.message.body = TRY(wire::from_wire(message));
  return result;
}

}  // namespace

std::vector<Slice> message_frame(const std::string& cluster_id, const raft::Message& message,
                                 const std::string& leader_endpoint) {
  Encoder encoder;
  encoder.integer(std::int32_t{0});  // the length, put in at the end
  std::visit(
      [&](const auto& body) {
        auto written = wire::to_wire(body);
        written.envelope = wire::to_wire(cluster_id, message);
        written.envelope.leader_endpoint = leader_endpoint;
        encoder.integer(static_cast<std::int16_t>(first_key + written.key));
        encoder.integer(written.latest_version);
        protocol::encode(encoder, written, written.latest_version);
      },
      message.body);
  return protocol::finish_frame(std::move(encoder));
}

bool is_message_frame(const Slice& frame) {
  Reader reader(frame);
  std::int16_t key = 0;
  return reader.integer(key) && key >= first_key;
}

Result<ClusterMessage> decode_message(const Slice& frame) {
  Reader reader(frame);
  std::int16_t key = 0;
  Version version = 0;
  if (!reader.integer(key) || !reader.integer(version)) return reader.error();
  std::optional<Result<ClusterMessage>> result;
  AllMessages::each([&]<class M>() {
    if (key == first_key + M::key) result = decode_as<M>(reader.rest(), version);
  });
  if (!result) return Error(Errc::unsupported, fmt::format("key {} is no message of the quorum", key));
  return std::move(*result);
}

}  // namespace faultline::quorum
