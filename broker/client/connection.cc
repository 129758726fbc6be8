#include "broker/client/connection.h"

#include <fmt/format.h>

#include <algorithm>

#include "broker/client/connection_core.h"
#include "broker/protocol/api_versions.h"

namespace faultline::client {
namespace {

using protocol::ApiKey;
using protocol::ErrorCode;
using protocol::Version;

constexpr TracePoint connected_point{"client.connected", TraceLevel::info};

// Brokers accept letters, digits, dots and dashes here (KIP-511).
constexpr const char* software_name = "faultline";
constexpr const char* software_version = "0.1";

/// Unless disarmed, a call whose fiber leaves, or is dropped, is forgotten.
template <class Core, class Call>
struct Abandon {
  Core& core;
  Call& call;
  ~Abandon() { core.abandon(call); }
};

}  // namespace

Connection::Connection(std::shared_ptr<Core> core) : core_(std::move(core)) {}

Connection::~Connection() { core_->fail(Error(Errc::closed, "connection closed")); }

ClientResult<std::unique_ptr<Connection>> Connection::open(const Env& env, TaskGroup& group, const Endpoint& broker,
                                                           const ConnectionConfig& config, Time deadline) {
  const Time give_up = std::min(deadline, after(env.clock.now(), config.setup_timeout));
  std::unique_ptr<Stream> stream = TRY(env.network.connect(broker, give_up));
  auto core = std::make_shared<Core>(env, std::move(stream), config);
  std::unique_ptr<Connection> connection(new Connection(core));
  group.spawn("client.writer", [core] { core->write_loop(); });
  group.spawn("client.reader", [core] { core->read_loop(); });
  TRY(connection->agree_on_versions(give_up));
  env.trace.emit(connected_point, {{"broker", to_string(broker)}});
  return connection;
}

ClientResult<> Connection::agree_on_versions(Time deadline) {
  // A broker that does not know our version says which one it knows, or at least that version 0 will do.
  Version version = protocol::api_info(ApiKey::api_versions).max_version;
  while (version > 0) {
    const Version lower = TRY(try_version(version, deadline));
    if (lower == version) return {};
    version = lower;
  }
  if (TRY(try_version(0, deadline)) == 0 && !core_->common_versions.empty()) return {};
  return Error(Errc::unsupported, "the broker does not say which versions it speaks");
}

/// Returns: `version` if it was understood, else the one to try next.
ClientResult<Version> Connection::try_version(Version version, Time deadline) {
  const std::int32_t correlation_id = next_correlation_id();
  const protocol::ApiVersionsRequest request{software_name, software_version};
  const Slice body =
      TRY(exchange({ApiKey::api_versions, version, correlation_id},
                   protocol::request_frame(correlation_id, client_id(), version, request), {.deadline = deadline}));
  protocol::Reader peek(body);
  std::int16_t code = 0;
  if (!peek.integer(code)) return not_understood(ApiKey::api_versions, peek.error());
  const bool refused = static_cast<ErrorCode>(code) == ErrorCode::unsupported_version;
  // A refusal is always written in version 0.
  const Result<protocol::ApiVersionsResponse> answer =
      protocol::decode<protocol::ApiVersionsResponse>(body, refused ? Version{0} : version);
  if (!answer) return not_understood(ApiKey::api_versions, answer.error());
  if (refused) {
    Version lower = 0;
    for (const auto& api : answer->api_keys) {
      if (api.api_key == ApiKey::api_versions) lower = api.max_version;
    }
    return std::clamp<Version>(lower, 0, static_cast<Version>(std::max<int>(version - 1, 0)));
  }
  if (answer->error_code != ErrorCode::none) return ClientError(answer->error_code, "ApiVersions");
  for (const auto& api : answer->api_keys) {
    const protocol::ApiInfo* ours = protocol::find_api(api.api_key);
    if (ours == nullptr) continue;
    const Version low = std::max(ours->min_version, api.min_version);
    const Version high = std::min(ours->max_version, api.max_version);
    if (low <= high) core_->common_versions[api.api_key] = {low, high};
  }
  return version;
}

ClientResult<Version> Connection::version_of(ApiKey key, Version version_max) const {
  const auto found = core_->common_versions.find(key);
  if (found == core_->common_versions.end() || found->second.first > version_max) {
    return Error(Errc::unsupported, fmt::format("{}: the broker at {} speaks no version of it that this client does",
                                                protocol::to_string(key), to_string(peer())));
  }
  return std::min(found->second.second, version_max);
}

ClientResult<Slice> Connection::exchange(const Sent& sent, std::vector<Slice> frame, const CallOptions& options) {
  Core& core = *core_;
  const Time now = core.clock.now();
  // Found only now that somebody asks again: a fiber whose own deadline is short does not wait for this.
  if (!core.in_flight.empty() && core.in_flight.front().expires <= now)
    core.fail(Error(Errc::timed_out, "no answer to an earlier request"));
  if (core.broken.has_value()) return ClientError(*core.broken);

  Call call;
  const Abandon<Core, Call> abandon{core, call};
  const Time expires = after(now, core.config.request_timeout + options.broker_may_wait);
  core.queued.push_back({sent, std::move(frame), &call, expires});
  core.queued_changed.notify_one();
  const Result<> waited = call.done.wait(std::min(options.deadline, expires));
  if (!waited && !call.answer.has_value()) {
    if (!(waited.error() == Errc::timed_out) || options.deadline < expires) {
      return ClientError(waited.error()).indefinite_if(call.was_written);
    }
    core.fail(Error(Errc::timed_out, fmt::format("no answer to {} from {}", protocol::to_string(sent.key), to_string(peer()))));
  }
  if (!call.answer->has_value()) return ClientError(call.answer->error()).indefinite_if(call.was_written);
  return **std::move(call.answer);
}

ClientError Connection::not_understood(ApiKey key, const Error& error) {
  Error reason(Errc::malformed, fmt::format("answer to {}: {}", protocol::to_string(key), to_string(error)));
  core_->fail(reason);
  return ClientError(std::move(reason)).indefinite_if(true);
}

std::int32_t Connection::next_correlation_id() {
  core_->last_correlation_id = core_->last_correlation_id == INT32_MAX ? 1 : core_->last_correlation_id + 1;
  return core_->last_correlation_id;
}

bool Connection::usable() const { return !core_->broken.has_value(); }
const Endpoint& Connection::peer() const { return core_->stream->peer(); }
const std::string& Connection::client_id() const { return core_->config.client_id; }

}  // namespace faultline::client
