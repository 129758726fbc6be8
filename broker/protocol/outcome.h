// Outcome<T>: what a request handler gets from the broker or the controller: a value, or the error code and sentence that the client
// is told. What lies below them speaks Result and Errc; the mapping happens here, once.
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <utility>

#include "base/result.h"
#include "broker/protocol/error_code.h"

namespace faultline {

using protocol::ErrorCode;

struct Refusal {
  ErrorCode code = ErrorCode::unknown_server_error;
  std::string message;

  Refusal() = default;
  Refusal(ErrorCode error_code, std::string text = {}) : code(error_code), message(std::move(text)) {}
  /// What clients are told of a failure that no handler foresaw.
  explicit Refusal(const Error& error) : code(protocol::error_code_of(error.code)), message(error.detail) {}
};

[[noreturn]] void throw_exception_from_error(const Refusal& refusal, const boost::source_location& where);

template <class T = void>
using Outcome = boost::system::result<T, Refusal>;

}  // namespace faultline
