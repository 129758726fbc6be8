// Any bytes as a frame of the quorum: refused with a reason, or read; what was read survives being written and read again.
#include "base/check.h"
#include "broker/protocol/frame.h"
#include "broker/quorum/wire/frame.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace faultline;
  using namespace faultline::quorum;
  const Slice frame = Slice::copy_of(Bytes(data, size));
  const Result<ClusterMessage> message = decode_message(frame);
  if (message.has_error()) {
    ENSURE(message.error() == Errc::truncated || message.error() == Errc::malformed || message.error() == Errc::too_large ||
           message.error() == Errc::unsupported);
    return 0;
  }
  ENSURE(is_message_frame(frame));
  const Slice written = concatenate(message_frame(message->cluster_id, message->message));
  const Result<ClusterMessage> again = decode_message(written.from(protocol::frame_length_bytes));
  ENSURE(again.has_value());
  ENSURE(to_string(again->message) == to_string(message->message));
  const Slice written_again = concatenate(message_frame(again->cluster_id, again->message));
  ENSURE(as_text(written_again) == as_text(written));
  return 0;
}
