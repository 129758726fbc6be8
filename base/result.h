// Result<T>: what can go wrong is a value.
//
// `Error::injected` tells a failure that the simulator staged from one that nobody ordered; in a simulated run an error that was
// not staged and that reaches a driver is a surprise, and a surprise fails the run. Kafka's error codes are another enum
// (broker/protocol); they are mapped from these once, at the edge of a request handler.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace faultline {

enum class Errc : std::uint8_t {
  none,
  cancelled,           // the task was cancelled or its node crashed; sticky
  timed_out,           // the deadline passed; a write may still happen later
  connection_refused,  // nobody listens there
  connection_reset,    // the peer or the network broke the connection
  unreachable,         // no route, unknown host
  closed,              // used after close or shutdown
  address_in_use,
  not_found,
  already_exists,
  not_a_directory,
  directory_not_empty,
  locked,       // another process holds the data directory
  no_space,     // disk or quota full
  read_only,    // the disk refuses all changes
  io_error,     // the device failed
  corrupt,      // bytes on disk fail their check
  malformed,    // bytes from outside do not parse
  truncated,    // bytes end before the value does
  too_large,    // over a stated limit
  unsupported,  // version, codec or feature that this build does not have
  invalid_argument,
  resource_exhausted,  // out of descriptors, memory budget, connections
  internal,
};

/// The lower-case name of `code`, as in the enum.
std::string_view to_string(Errc code) noexcept;

struct Error {
  Errc code = Errc::none;
  bool injected = false;  // staged by the simulator
  std::string detail;     // for people: which file, which field, what was expected

  Error() = default;
  Error(Errc error_code, std::string error_detail = {}, bool was_injected = false)
      : code(error_code), injected(was_injected), detail(std::move(error_detail)) {}

  bool operator==(Errc other) const noexcept { return code == other; }
};

/// "io_error: segment 00000000000000000000.log (injected)"
std::string to_string(const Error& error);

/// Called by boost::system::result::value() on an error: reading a value that is not there is a broken promise of ours.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

template <class T = void>
using Result = boost::system::result<T, Error>;

}  // namespace faultline

#define FAULTLINE_CONCAT_(a, b) a##b
#define FAULTLINE_CONCAT(a, b) FAULTLINE_CONCAT_(a, b)

// The value of a Result, or return its error from the enclosing function. An expression: `auto n = TRY(stream.read_some(...));`
#define TRY(...) FAULTLINE_TRY_(FAULTLINE_CONCAT(try_result_, __COUNTER__), __VA_ARGS__)
#define FAULTLINE_TRY_(name, ...)                          \
  __extension__({                                          \
    auto&& name = (__VA_ARGS__);                           \
    if (!name.has_value()) [[unlikely]]                    \
      return ::std::forward<decltype(name)>(name).error(); \
    *::std::forward<decltype(name)>(name);                 \
  })
