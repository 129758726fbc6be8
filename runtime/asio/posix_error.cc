#include "runtime/asio/posix_error.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace faultline {
namespace {

// Not std::generic_category(): libstdc++ makes it in a way that UndefinedBehaviorSanitizer does not take for an object.
std::string message_of(int number) {
  std::array<char, 128> buffer{};
  return strerror_r(number, buffer.data(), buffer.size());
}

std::string describe(int number, std::string_view call, std::string_view object) {
  std::string text(call);
  if (!object.empty()) text += " '" + std::string(object) + "'";
  return text + ": " + message_of(number);
}

Errc file_code(int number) {
  switch (number) {
    case ENOENT: return Errc::not_found;
    case EEXIST: return Errc::already_exists;
    case ENOTDIR: return Errc::not_a_directory;
    case ENOTEMPTY: return Errc::directory_not_empty;
    case ENOSPC:
    case EDQUOT: return Errc::no_space;
    case EROFS: return Errc::read_only;
    case EWOULDBLOCK: return Errc::locked;  // only flock() can answer this
    case EFBIG: return Errc::too_large;
    case EMFILE:
    case ENFILE:
    case ENOMEM: return Errc::resource_exhausted;
    case EINVAL:
    case EISDIR:
    case ENAMETOOLONG: return Errc::invalid_argument;
    default: return Errc::io_error;
  }
}

Errc endpoint_code(int number) {
  switch (number) {
    case ECONNREFUSED: return Errc::connection_refused;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE: return Errc::connection_reset;
    case ETIMEDOUT: return Errc::timed_out;
    case EADDRINUSE: return Errc::address_in_use;
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETUNREACH:
    case ENETDOWN: return Errc::unreachable;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: return Errc::resource_exhausted;
    case EACCES:
    case EPERM:
    case EINVAL: return Errc::invalid_argument;
    default: return Errc::internal;
  }
}

}  // namespace

Error file_error(int number, std::string_view call, std::string_view path) {
  return Error(file_code(number), describe(number, call, path));
}

// Whatever ends an established connection (a reset, a dead route, retransmissions without an answer) looks the same from above.
Error stream_error(int number) { return Error(Errc::connection_reset, message_of(number)); }

Error endpoint_error(int number, std::string_view call, std::string_view endpoint) {
  return Error(endpoint_code(number), describe(number, call, endpoint));
}

}  // namespace faultline
