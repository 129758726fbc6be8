#include "runtime/asio/real_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>
#include <utility>

#include "runtime/asio/posix_error.h"
#include "runtime/asio/real_file.h"

namespace faultline {
namespace {

constexpr mode_t file_permissions = 0644;
constexpr mode_t directory_permissions = 0755;

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::read: return O_RDONLY;
    case OpenMode::write: return O_RDWR;
    case OpenMode::create: return O_RDWR | O_CREAT;
    case OpenMode::create_new: return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

/// A call of the system that is made again after a signal. Returns: its result, or -1 with errno set.
template <class Call>
int uninterrupted(Call&& call) {
  for (;;) {
    const int result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

struct OwnedDescriptor {
  int number;
  ~OwnedDescriptor() {
    if (number >= 0) ::close(number);
  }
};

int open_directory(int root, const std::string& path) {
  return uninterrupted([&] { return openat(root, path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
}

Result<std::vector<DirectoryEntry>> list_now(int root, const std::string& path) {
  const int number = open_directory(root, path);
  if (number < 0) return file_error(errno, "list", path);
  DIR* directory = fdopendir(number);
  if (directory == nullptr) {
    const OwnedDescriptor owner{number};
    return file_error(errno, "list", path);
  }
  const std::unique_ptr<DIR, CloseDirectory> owner(directory);
  std::vector<DirectoryEntry> entries;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(directory);
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat status{};
    // A name that is gone by now was removed meanwhile.
    if (fstatat(number, entry->d_name, &status, 0) != 0) continue;
    entries.push_back({std::string(name), S_ISDIR(status.st_mode)});
  }
  if (errno != 0) return file_error(errno, "list", path);
  std::sort(entries.begin(), entries.end());
  return entries;
}

Result<> sync_directory_now(int root, const std::string& path) {
  const OwnedDescriptor directory{open_directory(root, path)};
  if (directory.number < 0) return file_error(errno, "open directory", path);
  if (fsync(directory.number) != 0) return file_error(errno, "sync directory", path);
  return {};
}

// Makes `path` and its missing parents; for the data directory, before there is a reactor.
Result<> make_directories(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (mkdir(part.c_str(), directory_permissions) != 0 && errno != EEXIST) return file_error(errno, "create directory", part);
    if (end == std::string::npos) return {};
  }
}

// Advisory, on the data directory itself, so that no file of ours shows up in it; the kernel drops it when the process ends.
class RealDirectoryLock final : public DirectoryLock {
 public:
  explicit RealDirectoryLock(int number) : descriptor_{number} {}

 private:
  OwnedDescriptor descriptor_;
};

}  // namespace

Descriptor::~Descriptor() {
  perform_later(farewells_, [number = number_] { return ::close(number); });
}

Result<std::unique_ptr<RealDisk>> RealDisk::open(const std::string& directory, DiskLanes& lanes) {
  if (directory.empty()) return std::unique_ptr<RealDisk>(new RealDisk(-1, lanes));
  TRY(make_directories(directory));
  const int root = uninterrupted([&] { return ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (root < 0) return file_error(errno, "open directory", directory);
  return std::unique_ptr<RealDisk>(new RealDisk(root, lanes));
}

RealDisk::~RealDisk() {
  if (root_ >= 0) ::close(root_);
}

Result<std::string> RealDisk::checked(std::string_view path, bool may_be_root) const {
  if (root_ < 0) return Error(Errc::unsupported, "there is no data directory");
  if (path.empty() && may_be_root) return std::string();
  for (std::size_t begin = 0;;) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == ".." || part.find('\0') != std::string_view::npos) {
      return Error(Errc::invalid_argument, "path '" + std::string(path) + "'");
    }
    if (end == path.size()) return std::string(path);
    begin = end + 1;
  }
}

Result<std::unique_ptr<File>> RealDisk::open(std::string_view path, OpenMode mode, Time deadline) {
  const auto work = [root = root_, name = TRY(checked(path)), mode, &lanes = lanes_]() -> Result<std::unique_ptr<File>> {
    const int number = uninterrupted([&] { return openat(root, name.c_str(), flags_of(mode) | O_CLOEXEC, file_permissions); });
    if (number < 0) return file_error(errno, "open", name);
    auto descriptor = std::make_shared<Descriptor>(number, name, lanes.farewells);
    struct stat status{};
    if (fstat(number, &status) != 0) return file_error(errno, "stat", name);
    if (!S_ISREG(status.st_mode)) return Error(Errc::invalid_argument, "'" + name + "' is not a file");
    return std::make_unique<RealFile>(std::move(descriptor), lanes);
  };
  return perform(lanes_.changes, deadline, work);
}

Result<> RealDisk::rename(std::string_view from, std::string_view to, Time deadline) {
  const auto work = [root = root_, old_name = TRY(checked(from)), new_name = TRY(checked(to))]() -> Result<> {
    if (renameat(root, old_name.c_str(), root, new_name.c_str()) != 0) return file_error(errno, "rename", old_name);
    return {};
  };
  return perform(lanes_.changes, deadline, work);
}

Result<> RealDisk::remove(std::string_view path, Time deadline) {
  const auto work = [root = root_, name = TRY(checked(path))]() -> Result<> {
    if (unlinkat(root, name.c_str(), 0) != 0) return file_error(errno, "remove", name);
    return {};
  };
  return perform(lanes_.farewells, deadline, work);
}

Result<> RealDisk::create_directory(std::string_view path, Time deadline) {
  const auto work = [root = root_, name = TRY(checked(path))]() -> Result<> {
    if (mkdirat(root, name.c_str(), directory_permissions) != 0) return file_error(errno, "create directory", name);
    return {};
  };
  return perform(lanes_.changes, deadline, work);
}

Result<> RealDisk::remove_directory(std::string_view path, Time deadline) {
  const auto work = [root = root_, name = TRY(checked(path))]() -> Result<> {
    if (unlinkat(root, name.c_str(), AT_REMOVEDIR) != 0) return file_error(errno, "remove directory", name);
    return {};
  };
  return perform(lanes_.farewells, deadline, work);
}

Result<std::vector<DirectoryEntry>> RealDisk::list(std::string_view path, Time deadline) {
  return perform(lanes_.changes, deadline, [root = root_, name = TRY(checked(path, true))] { return list_now(root, name); });
}

Result<> RealDisk::sync_dir(std::string_view path, Time deadline) {
  return perform(lanes_.syncs, deadline, [root = root_, delay = lanes_.sync_delay, name = TRY(checked(path, true))] {
    if (delay > Duration::zero()) std::this_thread::sleep_for(delay);
    return sync_directory_now(root, name);
  });
}

Result<std::unique_ptr<DirectoryLock>> RealDisk::lock() {
  ENSURE(Fiber::current() != nullptr);
  if (Fiber::current()->cancelled()) return Error(Errc::cancelled);
  TRY(checked("", true));
  // A descriptor of its own: the lock belongs to the open directory, and root_ outlives the lock.
  const int number = open_directory(root_, "");
  if (number < 0) return file_error(errno, "lock", "data directory");
  auto lock = std::make_unique<RealDirectoryLock>(number);
  if (flock(number, LOCK_EX | LOCK_NB) != 0) return file_error(errno, "lock", "data directory");
  return lock;
}

}  // namespace faultline
