// What a client is told when something did not work: the broker's own code, or why there was no usable answer, and whether the
// operation may have taken effect all the same.
//
// `definite` is what a checker of histories needs. A request whose answer never came may have been carried out, and may yet be;
// so may one that was refused, if an earlier attempt of the same operation vanished. Only when no attempt can have had an effect
// is an error definite. Reads are definite always: there is nothing to take effect.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "broker/protocol/error_code.h"

namespace faultline::client {

struct ClientError {
  protocol::ErrorCode code = protocol::ErrorCode::none;  // what the broker said; none if it said nothing
  Error transport;                                       // why there was no usable answer; Errc::none if there was one
  std::string detail;                                    // for people: the topic, the setting, the broker's own words
  bool definite = true;                                  // no attempt of the operation can have taken effect

  ClientError() = default;
  /// Nothing came of it, and nothing was sent: bad arguments, no memory, no connection.
  ClientError(Error error) : transport(std::move(error)) {}  // NOLINT(google-explicit-constructor): lets TRY pass errors on
  ClientError(protocol::ErrorCode error_code, std::string error_detail) : code(error_code), detail(std::move(error_detail)) {}

  /// The same error of an operation that may have taken effect if `maybe`.
  ClientError indefinite_if(bool maybe) && {
    if (maybe) definite = false;
    return std::move(*this);
  }

  bool is_transport() const { return code == protocol::ErrorCode::none; }
  bool is_cancelled() const { return is_transport() && transport == Errc::cancelled; }
  /// Trying again may help: the connection broke, or the broker named a condition that passes.
  bool retriable() const;
  /// What this client believes about the topic is out of date.
  bool wants_metadata() const;
};

/// "NOT_LEADER_OR_FOLLOWER: orders-3 (outcome unknown)"
std::string to_string(const ClientError& error);

template <class T = void>
using ClientResult = boost::system::result<T, ClientError>;

/// Called by value() of an error, which is a broken promise of ours.
[[noreturn]] void throw_exception_from_error(const ClientError& error, const boost::source_location& where);

/// Whether the broker expects the condition to pass: retrying is what clients are for.
bool is_retriable(protocol::ErrorCode code);

/// Whether `code` says that the client asked the wrong broker or knows an old epoch.
bool wants_metadata(protocol::ErrorCode code);

/// Whether a produce request that was answered with `code` may have been appended, or may yet be read by someone: true unless the
/// broker is known to refuse with this code before it touches the log.
bool append_may_have_happened(protocol::ErrorCode code);

}  // namespace faultline::client
