#include "examples/primary_backup/log.h"

#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "runtime/sync.h"

using namespace faultline;

namespace primary_backup {
namespace {

// A record is a number and its complement: a torn or empty one does not look like a number.
using Record = std::array<std::uint64_t, 2>;

/// "This number belongs at that position."
struct Replicate {
  std::uint64_t position;
  std::uint64_t number;
};

Record record_of(std::uint64_t number) { return {number, ~number}; }

template <class T>
Result<> send(Stream& stream, const T& value, Time deadline) {
  return write_all(stream, Bytes(reinterpret_cast<const std::uint8_t*>(&value), sizeof value), deadline);
}

template <class T>
Result<T> receive(Stream& stream, Time deadline) {
  T value{};
  TRY(read_exactly(stream, MutableBytes(reinterpret_cast<std::uint8_t*>(&value), sizeof value), deadline));
  return value;
}

/// The numbers on one node's disk.
struct Log {
  std::unique_ptr<File> file;
  std::vector<std::uint64_t> numbers;

  static Result<Log> open(Disk& disk) {
    Log log;
    log.numbers = TRY(read_log(disk));
    log.file = TRY(disk.open("log", OpenMode::create, no_deadline));
    TRY(disk.sync_dir("", no_deadline));
    return log;
  }

  /// Durable when it returns.
  Result<> append(std::uint64_t number) {
    const Record record = record_of(number);
    const Slice bytes = Slice::copy_of(Bytes(reinterpret_cast<const std::uint8_t*>(&record), sizeof record));
    TRY(file->write_at(numbers.size() * sizeof record, std::span<const Slice>(&bytes, 1), no_deadline));
    TRY(file->sync(no_deadline));
    numbers.push_back(number);
    return {};
  }
};

struct Primary {
  Env& env;
  const Config& config;
  Log log;
  std::unique_ptr<Stream> backup;
  std::uint64_t replicated = 0;
  Mutex mutex;

  /// Brings the backup up to date: it says how many numbers it has, and gets the others one by one.
  Result<> replicate(Time deadline) {
    if (backup == nullptr) {
      std::unique_ptr<Stream> stream = TRY(env.network.connect(config.backup, deadline));
      replicated = TRY(receive<std::uint64_t>(*stream, deadline));
      backup = std::move(stream);
    }
    while (replicated < log.numbers.size()) {
      TRY(send(*backup, Replicate{replicated, log.numbers[replicated]}, deadline));
      replicated = TRY(receive<std::uint64_t>(*backup, deadline));
    }
    return {};
  }

  Result<> append(std::uint64_t number) {
    const auto guard = TRY(mutex.lock());
    TRY(log.append(number));
    Result<> done = replicate(env.clock.now() + 300ms);
    if (!done) backup.reset();
    if (config.answer_without_backup) return {};
    return done;
  }
};

/// Serves every connection with `serve(stream)` in a fiber of its own.
template <class Serve>
void accept_all(Env& env, const Endpoint& endpoint, Serve serve) {
  Result<std::unique_ptr<Listener>> listener = env.network.listen({"0.0.0.0", endpoint.port});
  if (!listener) return;
  TaskGroup connections(env.tasks);
  while (Result<std::unique_ptr<Stream>> stream = (*listener)->accept(no_deadline)) {
    connections.spawn("connection", [serve, stream = std::move(*stream)] { (void)serve(*stream); });
  }
}

}  // namespace

Result<std::vector<std::uint64_t>> read_log(Disk& disk) {
  const Result<Slice> bytes = read_whole(disk, "log", std::size_t{1} << 30, no_deadline);
  std::vector<std::uint64_t> numbers;
  if (!bytes && bytes.error() == Errc::not_found) return numbers;
  if (!bytes) return bytes.error();
  for (std::size_t at = 0; at + sizeof(Record) <= bytes->size(); at += sizeof(Record)) {
    Record record{};
    std::memcpy(&record, bytes->data() + at, sizeof record);
    if (record != record_of(record[0])) break;
    numbers.push_back(record[0]);
  }
  return numbers;
}

void run_primary(Env& env, const Config& config) {
  Result<Log> log = Log::open(env.disk);
  if (!log) return;
  Primary primary{env, config, std::move(*log), nullptr, 0, {}};
  accept_all(env, config.primary, [&primary](Stream& stream) -> Result<> {
    for (;;) {
      const std::uint64_t number = TRY(receive<std::uint64_t>(stream, no_deadline));
      TRY(primary.append(number));
      TRY(send(stream, number, no_deadline));
    }
  });
}

void run_backup(Env& env, const Config& config) {
  Result<Log> opened = Log::open(env.disk);
  if (!opened) return;
  Log& log = *opened;
  Mutex mutex;
  accept_all(env, config.backup, [&log, &mutex](Stream& stream) -> Result<> {
    TRY(send(stream, std::uint64_t{log.numbers.size()}, no_deadline));
    for (;;) {
      const auto [position, number] = TRY(receive<Replicate>(stream, no_deadline));
      // A connection that the primary has given up may still deliver what it sent there before, next to the connection after it.
      const auto guard = TRY(mutex.lock());
      if (position > log.numbers.size()) return Error(Errc::malformed);
      if (position == log.numbers.size()) TRY(log.append(number));
      TRY(send(stream, std::uint64_t{log.numbers.size()}, no_deadline));
    }
  });
}

Result<> append(Env& env, const Config& config, std::uint64_t number) {
  const Time deadline = env.clock.now() + 1s;
  const std::unique_ptr<Stream> stream = TRY(env.network.connect(config.primary, deadline));
  TRY(send(*stream, number, deadline));
  TRY(receive<std::uint64_t>(*stream, deadline));
  return {};
}

}  // namespace primary_backup
