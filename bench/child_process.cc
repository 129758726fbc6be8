#include "bench/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <fstream>

namespace faultline::bench {
namespace {

constexpr int no_such_program = 127;  // as shells say it

[[noreturn]] void become(const std::vector<char*>& arguments, int output, bool quiet) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  dup2(output, STDOUT_FILENO);
  if (quiet) {
    const int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere >= 0) dup2(nowhere, STDERR_FILENO);
  }
  execvp(arguments.front(), arguments.data());
  _exit(no_such_program);
}

Result<std::uint16_t> port_of(const std::string& ready_line) {
  // "faultline broker 1 ready on 127.0.0.1:45678 (cluster ..."
  const std::size_t on = ready_line.find(" ready on ");
  const std::size_t colon = on == std::string::npos ? on : ready_line.find(':', on);
  std::uint16_t port = 0;
  if (colon != std::string::npos) std::from_chars(ready_line.data() + colon + 1, ready_line.data() + ready_line.size(), port);
  if (port == 0) return Error(Errc::malformed, "not a broker's ready line: " + ready_line);
  return port;
}

}  // namespace

Result<ChildProcess> ChildProcess::start(const std::vector<std::string>& arguments, bool quiet) {
  std::vector<char*> raw;
  for (const std::string& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
  raw.push_back(nullptr);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return system_error("pipe");
  OwnedFd output(ends[0]);
  const OwnedFd input(ends[1]);
  const pid_t pid = fork();
  if (pid < 0) return system_error("fork");
  if (pid == 0) become(raw, input.number(), quiet);
  return ChildProcess(pid, std::move(output));
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), output_(std::move(other.output_)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(output_, other.output_);
  return *this;
}

ChildProcess::~ChildProcess() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

Result<std::string> ChildProcess::read_line() {
  std::string line;
  for (char next = 0;;) {
    const ssize_t count = read(output_.number(), &next, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("read from a child");
    if (count == 0) return Error(Errc::closed, "the child ended after '" + line + "'");
    if (next == '\n') return line;
    line += next;
  }
}

Result<double> ChildProcess::resident_megabytes() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/statm");
  double all = 0;
  double resident = 0;
  if (!(status >> all >> resident)) return Error(Errc::not_found, "no memory figures of process " + std::to_string(pid_));
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

Result<> ChildProcess::terminate() {
  kill(pid_, SIGTERM);
  return wait();
}

Result<> ChildProcess::wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) return system_error("waitpid");
  }
  pid_ = -1;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (WIFEXITED(status) && WEXITSTATUS(status) == no_such_program) return Error(Errc::not_found, "no such program");
  return Error(Errc::internal, "a child ended with status " + std::to_string(status));
}

Result<BrokerProcess> BrokerProcess::start(const std::vector<std::string>& options) {
  TemporaryDirectory directory = TRY(TemporaryDirectory::make());
  std::vector<std::string> arguments{"/proc/self/exe", "broker", "--data", directory.path(), "--listen", "127.0.0.1:0"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  const double started = now_seconds();
  ChildProcess child = TRY(ChildProcess::start(arguments));
  const std::string ready = TRY(child.read_line());
  const double took = now_seconds() - started;
  const std::uint16_t port = TRY(port_of(ready));
  return BrokerProcess(std::move(directory), std::move(child), port, took);
}

}  // namespace faultline::bench
