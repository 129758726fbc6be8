#include "bench/posix.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>

namespace faultline::bench {
namespace {

double seconds_of(const timespec& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9; }

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void answer_without_delay(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

Error system_error(const std::string& what) {
  return Error(Errc::io_error, what + ": " + std::generic_category().message(errno));
}

OwnedFd::~OwnedFd() {
  if (number_ >= 0) ::close(number_);
}

Result<> receive_all(int socket, MutableBytes bytes) {
  while (!bytes.empty()) {
    const ssize_t count = recv(socket, bytes.data(), bytes.size(), MSG_WAITALL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("receive");
    if (count == 0) return Error(Errc::closed, "the server hung up");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<> send_all(int socket, Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("send");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<OwnedFd> connect_to(std::uint16_t port) {
  OwnedFd connected(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connected.number() < 0) return system_error("socket");
  const sockaddr_in address = loopback(port);
  if (connect(connected.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return system_error("connect");
  answer_without_delay(connected.number());
  return connected;
}

Result<std::pair<OwnedFd, std::uint16_t>> listen_anywhere() {
  OwnedFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (listener.number() < 0) return system_error("socket");
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (bind(listener.number(), reinterpret_cast<const sockaddr*>(&address), size) != 0) return system_error("bind");
  if (listen(listener.number(), 1) != 0) return system_error("listen");
  if (getsockname(listener.number(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return system_error("getsockname");
  return std::pair(std::move(listener), static_cast<std::uint16_t>(ntohs(address.sin_port)));
}

Result<double> processor_seconds(pid_t pid) {
  clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;
  timespec time{};
  if (pid != 0 && clock_getcpuclockid(pid, &clock) != 0) return Error(Errc::not_found, "no such process");
  if (clock_gettime(clock, &time) != 0) return system_error("processor clock");
  return seconds_of(time);
}

double now_seconds() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return seconds_of(time);
}

Result<> pin_to_one_core() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return system_error("sched_getaffinity");
  int last = CPU_SETSIZE - 1;
  while (last > 0 && !CPU_ISSET(last, &allowed)) --last;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(last, &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0) return system_error("sched_setaffinity");
  return {};
}

Result<TemporaryDirectory> TemporaryDirectory::make() {
  std::error_code error;
  std::string pattern = (std::filesystem::temp_directory_path(error) / "faultline-bench-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) return system_error("mkdtemp " + pattern);
  return TemporaryDirectory(std::move(pattern));
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace faultline::bench
