// What the dispatchers of the two listeners have in common: a table that says which APIs are served, and the ways to start one.
#pragma once

#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "broker/metadata/image.h"
#include "broker/protocol/api_versions.h"
#include "broker/protocol/frame.h"
#include "broker/server/connection.h"

namespace faultline {

/// A request whose header has been read.
template <class Context>
struct Call {
  Context context;
  protocol::RequestHeader header;
  Slice body;
};

template <class Context>
using StartCall = Result<FinishRequest> (*)(Call<Context> call);

template <class Context>
struct ServedApi {
  protocol::ApiKey key;
  StartCall<Context> start;
};

template <class Response>
Reply reply_to(const protocol::RequestHeader& header, const Response& response) {
  return Reply{protocol::response_frame(header.correlation_id, header.api_version, response), {}};
}

/// For the handlers that do all their work when their turn comes: `answer(call, request)` is the response.
template <class Request, class Context, class Answer>
Result<FinishRequest> start_with(Call<Context> call, Answer answer) {
  return FinishRequest([call = std::move(call), answer]() -> Result<Reply> {
    const Request request = TRY(protocol::decode<Request>(call.body, call.header.api_version));
    return reply_to(call.header, answer(call, request));
  });
}

/// Tells which APIs are served, and what the cluster has agreed on. A client that is newer than we are is told our range of this API, in
/// the one form that every client reads.
Result<FinishRequest> start_api_versions(const protocol::RequestHeader& header, const Slice& body,
                                         std::vector<protocol::ApiKey> served, const metadata::ClusterImage& image);

template <class Context>
std::vector<protocol::ApiKey> keys_of(std::span<const ServedApi<Context>> served) {
  std::vector<protocol::ApiKey> keys;
  for (const ServedApi<Context>& api : served) keys.push_back(api.key);
  return keys;
}

/// Errors: unsupported (an API or version that is not served), malformed, truncated.
template <class Context>
Result<FinishRequest> start_call(std::span<const ServedApi<Context>> served, Context context, const Slice& frame) {
  protocol::Reader reader(frame);
  protocol::RequestHeader header = TRY(protocol::decode_request_header(reader));
  for (const ServedApi<Context>& api : served) {
    if (api.key == header.api_key) return api.start({context, std::move(header), reader.rest()});
  }
  return Error(Errc::unsupported, "API " + std::string(to_string(header.api_key)) + " is not served");
}

}  // namespace faultline
