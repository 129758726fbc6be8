#include "base/result.h"

#include <cstdio>

#include "base/check.h"

namespace faultline {

std::string_view to_string(Errc code) noexcept {
  switch (code) {
    case Errc::none: return "none";
    case Errc::cancelled: return "cancelled";
    case Errc::timed_out: return "timed_out";
    case Errc::connection_refused: return "connection_refused";
    case Errc::connection_reset: return "connection_reset";
    case Errc::unreachable: return "unreachable";
    case Errc::closed: return "closed";
    case Errc::address_in_use: return "address_in_use";
    case Errc::not_found: return "not_found";
    case Errc::already_exists: return "already_exists";
    case Errc::not_a_directory: return "not_a_directory";
    case Errc::directory_not_empty: return "directory_not_empty";
    case Errc::locked: return "locked";
    case Errc::no_space: return "no_space";
    case Errc::read_only: return "read_only";
    case Errc::io_error: return "io_error";
    case Errc::corrupt: return "corrupt";
    case Errc::malformed: return "malformed";
    case Errc::truncated: return "truncated";
    case Errc::too_large: return "too_large";
    case Errc::unsupported: return "unsupported";
    case Errc::invalid_argument: return "invalid_argument";
    case Errc::resource_exhausted: return "resource_exhausted";
    case Errc::internal: return "internal";
  }
  return "unknown";
}

std::string to_string(const Error& error) {
  std::string text(to_string(error.code));
  if (!error.detail.empty()) text += ": " + error.detail;
  if (error.injected) text += " (injected)";
  return text;
}

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  std::fprintf(stderr, "value() of an error: %s\n", to_string(error).c_str());
  check_failed("result.has_value()", where.file_name(), static_cast<int>(where.line()));
}

}  // namespace faultline
