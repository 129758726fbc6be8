#include "broker/client/error.h"

#include <cstdio>

#include "base/check.h"

namespace faultline::client {

using protocol::ErrorCode;

bool is_retriable(ErrorCode code) {
  switch (code) {
    case ErrorCode::corrupt_message:
    case ErrorCode::unknown_topic_or_partition:
    case ErrorCode::leader_not_available:
    case ErrorCode::not_leader_or_follower:
    case ErrorCode::request_timed_out:
    case ErrorCode::broker_not_available:
    case ErrorCode::replica_not_available:
    case ErrorCode::network_exception:
    case ErrorCode::coordinator_load_in_progress:
    case ErrorCode::coordinator_not_available:
    case ErrorCode::not_coordinator:
    case ErrorCode::not_enough_replicas:
    case ErrorCode::not_enough_replicas_after_append:
    case ErrorCode::not_controller:
    case ErrorCode::kafka_storage_error:
    case ErrorCode::fetch_session_id_not_found:
    case ErrorCode::invalid_fetch_session_epoch:
    case ErrorCode::fetch_session_topic_id_error:
    case ErrorCode::listener_not_found:
    case ErrorCode::fenced_leader_epoch:
    case ErrorCode::unknown_leader_epoch:
    case ErrorCode::offset_not_available:
    case ErrorCode::preferred_leader_not_available:
    case ErrorCode::eligible_leaders_not_available:
    case ErrorCode::unstable_offset_commit:
    case ErrorCode::throttling_quota_exceeded:
    case ErrorCode::concurrent_transactions:
    case ErrorCode::unknown_topic_id:
    case ErrorCode::inconsistent_topic_id: return true;
    default: return false;
  }
}

bool wants_metadata(ErrorCode code) {
  switch (code) {
    case ErrorCode::unknown_topic_or_partition:
    case ErrorCode::leader_not_available:
    case ErrorCode::not_leader_or_follower:
    case ErrorCode::replica_not_available:
    case ErrorCode::network_exception:
    case ErrorCode::broker_not_available:
    case ErrorCode::not_controller:
    case ErrorCode::kafka_storage_error:
    case ErrorCode::listener_not_found:
    case ErrorCode::fenced_leader_epoch:
    case ErrorCode::unknown_topic_id:
    case ErrorCode::inconsistent_topic_id: return true;
    default: return false;
  }
}

bool append_may_have_happened(ErrorCode code) {
  switch (code) {
    // Refused on sight of the request, or by a check that precedes the append.
    case ErrorCode::corrupt_message:
    case ErrorCode::message_too_large:
    case ErrorCode::record_list_too_large:
    case ErrorCode::invalid_topic_exception:
    case ErrorCode::not_enough_replicas:
    case ErrorCode::invalid_required_acks:
    case ErrorCode::topic_authorization_failed:
    case ErrorCode::cluster_authorization_failed:
    case ErrorCode::invalid_timestamp:
    case ErrorCode::unsupported_version:
    case ErrorCode::invalid_request:
    case ErrorCode::unsupported_for_message_format:
    case ErrorCode::policy_violation:
    case ErrorCode::out_of_order_sequence_number:
    case ErrorCode::unknown_producer_id:
    case ErrorCode::invalid_producer_epoch:
    case ErrorCode::producer_fenced:
    case ErrorCode::unsupported_compression_type:
    case ErrorCode::invalid_record: return false;
    default: return true;
  }
}

bool ClientError::retriable() const {
  if (!is_transport()) return is_retriable(code);
  switch (transport.code) {
    case Errc::timed_out:
    case Errc::connection_refused:
    case Errc::connection_reset:
    case Errc::unreachable:
    case Errc::closed:
    case Errc::malformed:  // garbage on a connection: the next one may be clean
    case Errc::truncated:
    case Errc::resource_exhausted: return true;
    default: return false;
  }
}

bool ClientError::wants_metadata() const {
  // A broker that cannot be reached may have handed its partitions to another one.
  return is_transport() ? retriable() : client::wants_metadata(code);
}

std::string to_string(const ClientError& error) {
  std::string text = error.is_transport() ? to_string(error.transport) : std::string(protocol::to_string(error.code));
  if (!error.detail.empty()) text += ": " + error.detail;
  if (!error.definite) text += " (outcome unknown)";
  return text;
}

void throw_exception_from_error(const ClientError& error, const boost::source_location& where) {
  std::fprintf(stderr, "value() of an error: %s\n", to_string(error).c_str());
  check_failed("result.has_value()", where.file_name(), static_cast<int>(where.line()));
}

}  // namespace faultline::client
