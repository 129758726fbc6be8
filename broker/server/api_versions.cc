// ApiVersions, the same on both listeners.
#include "broker/metadata/features.h"
#include "broker/server/dispatch_table.h"

namespace faultline {
namespace {

using protocol::ApiKey;
using protocol::ApiVersionsResponse;

ApiVersionsResponse::ApiVersion range_of(ApiKey key) {
  const protocol::ApiInfo info = protocol::api_info(key);
  return {.api_key = key, .min_version = info.advertised_min, .max_version = info.max_version};
}

ApiVersionsResponse describe(const std::vector<ApiKey>& served, const metadata::ClusterImage& image) {
  ApiVersionsResponse response;
  for (const ApiKey key : served) response.api_keys.push_back(range_of(key));
  for (const metadata::FeatureRange& feature : metadata::supported_features())
    response.supported_features.push_back({feature.name, feature.min, feature.max});
  response.finalized_features_epoch = image.applied();
  for (const auto& [name, level] : image.features()) response.finalized_features.push_back({name, level, level});
  return response;
}

}  // namespace

Result<FinishRequest> start_api_versions(const protocol::RequestHeader& header, const Slice& body, std::vector<ApiKey> served,
                                         const metadata::ClusterImage& image) {
  if (!protocol::api_info(ApiKey::api_versions).has(header.api_version)) {
    return FinishRequest([header]() -> Result<Reply> {
      ApiVersionsResponse response;
      response.error_code = protocol::ErrorCode::unsupported_version;
      response.api_keys.push_back(range_of(ApiKey::api_versions));
      return Reply{protocol::response_frame(header.correlation_id, 0, response), {}};
    });
  }
  return FinishRequest([header, body, served = std::move(served), &image]() -> Result<Reply> {
    TRY(protocol::decode<protocol::ApiVersionsRequest>(body, header.api_version));
    return reply_to(header, describe(served, image));
  });
}

}  // namespace faultline
