#include "cli/process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace faultline::cli {
namespace {

struct Stat {
  char state = 'X';
  std::string beginning;
};

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  file >> id;
  return id;
}

/// What the system says of `pid`; nothing if there is none.
std::optional<Stat> stat_of(std::int32_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::ostringstream text;
  text << file.rdbuf();
  const std::string line = text.str();
  // The second field is the program's name in parentheses, in which anything may stand.
  const std::size_t after_name = line.rfind(')');
  if (after_name == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(after_name + 1));
  constexpr int start_field = 22;
  constexpr int state_field = 3;
  Stat stat;
  std::string field;
  for (int number = state_field; fields >> field; ++number) {
    if (number == state_field) stat.state = field.front();
    if (number != start_field) continue;
    stat.beginning = boot_id() + ":" + field;
    return stat;
  }
  return std::nullopt;
}

Error failed(std::string_view what, int error) {
  return Error(Errc::io_error, fmt::format("{}: {}", what, std::strerror(error)));
}

/// How the new process starts out: in a session of its own, with default signals, its output in `log`.
class SpawnPlan {
 public:
  explicit SpawnPlan(const std::string& log) {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files_, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    posix_spawn_file_actions_adddup2(&files_, STDOUT_FILENO, STDERR_FILENO);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  int spawn(pid_t& pid, char* const* arguments) const {
    return posix_spawn(&pid, arguments[0], &files_, &attributes_, arguments, environ);
  }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Result<Process> start_process(const std::vector<std::string>& command, const std::string& log) {
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t pid = 0;
  if (const int error = SpawnPlan(log).spawn(pid, arguments.data()); error != 0) return failed(command.front(), error);
  const std::optional<Stat> stat = stat_of(pid);
  if (!stat) return Error(Errc::io_error, "/proc does not show the process that was just started");
  return Process{pid, stat->beginning};
}

ProcessState state_of(const Process& process) {
  if (process.pid <= 0) return ProcessState::gone;
  // A child of ours stays in the table until it is waited for; of other processes this knows nothing, which does no harm.
  static_cast<void>(waitpid(process.pid, nullptr, WNOHANG));
  const std::optional<Stat> stat = stat_of(process.pid);
  if (!stat || stat->beginning != process.beginning || stat->state == 'Z' || stat->state == 'X') return ProcessState::gone;
  return stat->state == 'T' ? ProcessState::paused : ProcessState::running;
}

Result<> send_signal(const Process& process, int signal) {
  if (state_of(process) == ProcessState::gone) return Error(Errc::not_found, "it does not run");
  if (kill(process.pid, signal) == 0) return {};
  if (errno == ESRCH) return Error(Errc::not_found, "it does not run");
  return failed(fmt::format("signal {} to process {}", signal, process.pid), errno);
}

Result<std::string> own_program() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return Error(Errc::io_error, "/proc/self/exe: " + error.message());
  return program.string();
}

}  // namespace faultline::cli
