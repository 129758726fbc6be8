#include "bench/raw_server.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <vector>

#include "base/crc32c.h"

namespace faultline::bench {
namespace {

constexpr useconds_t slow_sync_us = 2000;

struct FrameHead {
  std::uint32_t body_bytes = 0;
  RawOrder order = RawOrder::write;
};

struct ReadOrder {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

template <class T>
MutableBytes writable_bytes_of(T& value) {
  return MutableBytes(reinterpret_cast<std::uint8_t*>(&value), sizeof value);
}

/// What the forked process does with one connection.
class RawConnection {
 public:
  RawConnection(int socket, int file, std::uint64_t& file_end) : socket_(socket), file_(file), file_end_(file_end) {}

  /// Returns only with an error: closed when the client has gone.
  Error serve() {
    for (;;) {
      const Result<> served = serve_one();
      if (!served) return served.error();
    }
  }

 private:
  Result<> serve_one() {
    FrameHead head;
    TRY(receive_all(socket_, writable_bytes_of(head)));
    if (body_.size() < head.body_bytes) body_.resize(head.body_bytes);
    const MutableBytes body(body_.data(), head.body_bytes);
    TRY(receive_all(socket_, body));
    return head.order == RawOrder::read ? answer_read(body) : answer_write(body, head.order);
  }

  Result<> answer_write(Bytes body, RawOrder order) {
    std::array<std::uint8_t, raw_answer_bytes> answer{};
    const std::uint32_t checksum = crc32c(body);
    std::memcpy(answer.data(), &checksum, sizeof checksum);
    if (pwrite(file_, body.data(), body.size(), static_cast<off_t>(file_end_)) != static_cast<ssize_t>(body.size()))
      return system_error("write");
    file_end_ += body.size();
    if (order == RawOrder::write_and_sync_slowly) usleep(slow_sync_us);
    if (order != RawOrder::write && fdatasync(file_) != 0) return system_error("sync");
    return send_all(socket_, answer);
  }

  Result<> answer_read(Bytes body) {
    ReadOrder wanted;
    std::memcpy(&wanted, body.data(), sizeof wanted);
    if (piece_.size() < wanted.bytes + raw_answer_bytes) piece_.resize(wanted.bytes + raw_answer_bytes);
    if (pread(file_, piece_.data() + raw_answer_bytes, wanted.bytes, static_cast<off_t>(wanted.offset)) !=
        static_cast<ssize_t>(wanted.bytes)) {
      return system_error("read");
    }
    const std::uint32_t checksum = crc32c(Bytes(piece_).subspan(raw_answer_bytes, wanted.bytes));
    std::memcpy(piece_.data(), &checksum, sizeof checksum);
    return send_all(socket_, Bytes(piece_).first(wanted.bytes + raw_answer_bytes));
  }

  const int socket_;
  const int file_;
  std::uint64_t& file_end_;
  std::vector<std::uint8_t> body_;
  std::vector<std::uint8_t> piece_;
};

[[noreturn]] void serve_until_killed(int listener, int file) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  std::uint64_t file_end = 0;
  for (;;) {
    const OwnedFd socket(accept(listener, nullptr, nullptr));
    if (socket.number() < 0) _exit(1);
    RawConnection(socket.number(), file, file_end).serve();
  }
}

}  // namespace

Result<RawServer> RawServer::start() {
  TemporaryDirectory directory = TRY(TemporaryDirectory::make());
  const OwnedFd file(open((directory.path() + "/log").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (file.number() < 0) return system_error("open");
  auto [listener, port] = TRY(listen_anywhere());
  const pid_t pid = fork();
  if (pid < 0) return system_error("fork");
  if (pid == 0) serve_until_killed(listener.number(), file.number());
  return RawServer(std::move(directory), ChildProcess::adopt(pid), port);
}

Result<RawClient> RawClient::connect(const RawServer& server) { return RawClient(TRY(connect_to(server.port()))); }

Result<> RawClient::write(Bytes body, RawOrder order, std::size_t count, std::size_t in_flight) {
  std::vector<std::uint8_t> frame(sizeof(FrameHead) + body.size());
  const FrameHead head{static_cast<std::uint32_t>(body.size()), order};
  std::memcpy(frame.data(), &head, sizeof head);
  std::memcpy(frame.data() + sizeof head, body.data(), body.size());
  std::array<std::uint8_t, raw_answer_bytes> answer;
  for (std::size_t sent = 0, answered = 0; answered < count; ++answered) {
    for (; sent < count && sent - answered < in_flight; ++sent) TRY(send_all(socket_.number(), frame));
    TRY(receive_all(socket_.number(), answer));
  }
  return {};
}

Result<> RawClient::read(std::uint64_t first, std::size_t bytes, std::size_t count, std::size_t in_flight) {
  std::vector<std::uint8_t> answer(raw_answer_bytes + bytes);
  for (std::size_t sent = 0, answered = 0; answered < count; ++answered) {
    for (; sent < count && sent - answered < in_flight; ++sent) {
      const FrameHead head{sizeof(ReadOrder), RawOrder::read};
      const ReadOrder order{first + sent * bytes, bytes};
      std::array<std::uint8_t, sizeof head + sizeof order> frame;
      std::memcpy(frame.data(), &head, sizeof head);
      std::memcpy(frame.data() + sizeof head, &order, sizeof order);
      TRY(send_all(socket_.number(), frame));
    }
    TRY(receive_all(socket_.number(), answer));
  }
  return {};
}

}  // namespace faultline::bench
