// A node with nothing but a scripted disk and clocks that a test moves; and batches to append.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/crc32c.h"
#include "broker/log/partition_log.h"
#include "broker/protocol/endian.h"
#include "scripted_disk.h"

namespace faultline::testing {

class HandWorld : public Tasks {
 public:
  explicit HandWorld(FiberStackPool& stacks) : Tasks(stacks) {}

  void run(Time& now, Time end) {
    for (;;) {
      while (has_ready()) run_ready();
      if (next_timer() > end) break;
      now = std::max(now, next_timer());
      fire_timers(now);
    }
  }

 private:
  void on_ready() override {}
  void on_earlier_timer(Time) override {}
};

struct HandClock : Clock {
  Time now() const override { return monotonic; }
  WallTime wall_now() const override { return wall_at_start + (monotonic - Time{}); }
  Time monotonic{std::chrono::hours(1)};
  WallTime wall_at_start{std::chrono::hours(24 * 365 * 50)};
};

struct NoTrace : Trace {
  NoTrace() { set_threshold(TraceLevel::error); }
  void record(const TracePoint&, std::initializer_list<TraceField>) override {}
};

struct ScriptedBuggify : Buggify {
  bool fires(std::string_view location) override { return location == enabled; }
  std::string enabled;
};

/// A batch of `count` records whose bodies are `body_bytes` of `fill`; only the header means anything.
inline Slice make_batch(std::int32_t count = 1, std::size_t body_bytes = 20, std::int64_t max_timestamp = 1000,
                        std::uint8_t fill = 7) {
  using protocol::store_be;
  Buffer buffer(protocol::batch_header_bytes + body_bytes);
  std::fill_n(buffer.data(), buffer.size(), fill);
  std::uint8_t* at = buffer.data();
  store_be<std::int64_t>(at, 0);
  store_be<std::int32_t>(at + 8, static_cast<std::int32_t>(buffer.size() - protocol::batch_prefix_bytes));
  store_be<std::int32_t>(at + 12, -1);
  at[16] = 2;
  store_be<std::int16_t>(at + 21, 0);
  store_be<std::int32_t>(at + 23, count - 1);
  store_be<std::int64_t>(at + 27, max_timestamp);
  store_be<std::int64_t>(at + 35, max_timestamp);
  store_be<std::int64_t>(at + 43, -1);
  store_be<std::int16_t>(at + 51, -1);
  store_be<std::int32_t>(at + 53, -1);
  store_be<std::int32_t>(at + 57, count);
  store_be<std::uint32_t>(at + 17, crc32c(Bytes(at + 21, buffer.size() - 21)));
  return std::move(buffer).freeze();
}

struct LogFixture {
  FiberStackPool stacks;
  HandClock clock;
  ScriptedDisk disk;
  NoTrace trace;
  ScriptedBuggify buggify;
  HandWorld world{stacks};
  LogConfig config;
  RecoveryReport report;
  LogContext context{disk, clock, world, trace, buggify};
  std::unique_ptr<PartitionLog> log;

  ~LogFixture() {
    in_fiber([&] { log.reset(); });
  }

  /// Runs `body` as a fiber until everything is at rest, moving the clock at most to `clock.monotonic + patience`.
  void in_fiber(std::function<void()> body, Duration patience = 0s) {
    bool done = false;
    world.spawn_root("test", [&] {
      body();
      done = true;
    });
    world.run(clock.monotonic, clock.monotonic + patience);
    if (!done) throw std::string("the test's fiber is stuck");
  }
  /// Lets every fiber run that can.
  void settle() { world.run(clock.monotonic, clock.monotonic); }
  void pass(Duration time) {
    const Time end = clock.monotonic + time;
    world.run(clock.monotonic, end);
    clock.monotonic = end;
  }

  Result<> open(LogOpen mode = LogOpen::create) {
    Result<> outcome;
    in_fiber([&] {
      auto opened = PartitionLog::open(context, "t-0", mode, config, report);
      if (opened.has_value()) {
        log = std::move(*opened);
      } else {
        outcome = opened.error();
      }
    });
    return outcome;
  }
  /// Opens the log and enters `epoch`, as a leader does before it serves.
  Result<> lead(std::int32_t epoch, LogOpen mode = LogOpen::create) {
    TRY(open(mode));
    Result<> begun;
    in_fiber([&] { begun = log->begin_epoch(epoch); });
    return begun;
  }
  /// The process ends without a word; what happens to the disk is up to the test.
  void crash() {
    in_fiber([&] { log.reset(); });
  }
  Result<> reopen_after_power_loss() {
    crash();
    disk.lose_power();
    return open(LogOpen::existing);
  }

  Result<AppendInfo> append(Slice batch, std::int32_t epoch = 0) {
    return log->append(*protocol::BatchView::parse(batch), epoch);
  }
  /// Appends and waits until it is stable.
  Result<> append_stable(Slice batch, std::int32_t epoch = 0) {
    Result<> outcome;
    in_fiber([&] {
      const Result<AppendInfo> info = append(std::move(batch), epoch);
      outcome = info.has_value() ? log->wait_stable(info->ticket, no_deadline) : Result<>(info.error());
    });
    return outcome;
  }
  Result<ReadResult> read(std::int64_t offset, ReadLimits limits = {INT64_MAX, 1 << 20, true}) {
    Result<ReadResult> result = Error(Errc::internal);
    in_fiber([&] { result = log->read(offset, limits); });
    return result;
  }
  /// Base offsets of all batches from `offset` to the stable end, read in pieces of `max_bytes`.
  std::vector<std::int64_t> offsets_from(std::int64_t offset, std::size_t max_bytes = 1 << 20) {
    std::vector<std::int64_t> offsets;
    while (offset < log->stable_end()) {
      const Result<ReadResult> result = read(offset, {log->stable_end(), max_bytes, true});
      if (!result.has_value() || result->batches.empty()) throw std::string("unreadable at ") + std::to_string(offset);
      for (const Slice& batch : result->batches) offsets.push_back(read_batch_header(batch.bytes())->base_offset);
      offset = result->next_offset;
    }
    return offsets;
  }
};

}  // namespace faultline::testing
