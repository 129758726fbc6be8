// Any bytes as a message: the first byte chooses the message, or a whole request frame, the second the version. What decodes must
// survive being encoded and decoded again.
#include "base/check.h"
#include "broker/protocol/frame.h"
#include "broker/protocol/messages.h"

namespace {

using namespace faultline;
using namespace faultline::protocol;

template <class M>
void check_message(const Slice& body, Version version) {
  const Result<M> message = decode<M>(body, version);
  if (message.has_error()) {
    ENSURE(message.error() == Errc::truncated || message.error() == Errc::malformed || message.error() == Errc::too_large);
    return;
  }
  Encoder encoder;
  encode(encoder, *message, version);
  const Result<M> again = decode<M>(concatenate(std::move(encoder).finish()), version);
  ENSURE(again.has_value());
  ENSURE(*again == *message);
  ENSURE(!print(*message, version).empty());
}

void check_frame(const Slice& frame) {
  Reader reader(frame);
  const Result<RequestHeader> header = decode_request_header(reader);
  if (header.has_error()) return;
  AllRequests::each([&]<class M>() {
    if (M::api_key == header->api_key && api_info(M::api_key).has(header->api_version)) {
      check_message<M>(reader.rest(), header->api_version);
    }
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Slice body = Slice::copy_of(Bytes(data + 2, size - 2));
  unsigned left = data[0] % (2 * apis.size() + 1);
  const auto check = [&]<class M>() {
    if (left-- != 0) return;
    constexpr ApiInfo api = api_info(M::api_key);
    check_message<M>(body, static_cast<Version>(api.min_version + data[1] % (api.max_version - api.min_version + 1)));
  };
  if (left == 2 * apis.size()) {
    check_frame(body);
    return 0;
  }
  AllRequests::each(check);
  AllResponses::each(check);
  return 0;
}
