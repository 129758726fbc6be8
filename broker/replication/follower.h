// Follower: how a replica comes to hold what its leader holds. It says what to fetch, and what to do with an answer.
//
//   - An answer counts only if the leader epoch and the fetch offset are still those that were asked with: a late one, from before
//     an election or a truncation, speaks of another log, or fences an epoch that is over (KAFKA-7786).
//   - Logs that have parted are cut where their epochs part, never at an offset that is merely a number: not at the own
//     watermark (KIP-101), and not at the end of an epoch that the follower has never had (KIP-279): then it cuts back to
//     what it has of the epoch before, and asks again.
//   - The cut, files and directory, is durable before the next fetch, which tells the leader the new end.
//   - A cut comes before any watermark of the answer: the watermark speaks of the leader's records.
//   - A leader that starts behind the follower's end has deleted what the follower lacks: everything goes, and it starts there. If
//     a fetch is out of range for any other reason it is asked again; a log is never cut to the leader's end as a number.
//   - A leader that starts inside a batch no longer knows where its first epoch began, and a follower can have parted from it before that.
//     If nothing would be kept but what the leader has deleted, or the leader's batch does not fit its end, it starts there, too.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "base/exhibit.h"
#include "broker/replication/epoch_cache.h"

namespace faultline::replication {

/// The follower's own log, which is durable to its end when it fetches.
struct FollowerLog {
  std::int64_t start = 0;
  std::int64_t end = 0;
  const EpochCache& epochs;
};

/// What a follower asks with.
struct FetchPosition {
  std::int32_t leader_epoch = 0;
  std::int64_t fetch_offset = 0;
  std::int32_t last_fetched_epoch = -1;

  bool operator==(const FetchPosition&) const = default;
};

struct FetchAnswer {
  enum class Kind : std::uint8_t { records, diverging, out_of_range, fenced_leader_epoch, other_error };

  Kind kind = Kind::other_error;
  std::int64_t high_watermark = 0;
  std::int64_t log_start = 0;  // the leader's
  EpochEnd diverging;
  std::optional<std::int64_t> first_offset;  // of the first batch, if there are records
};

struct IgnoreAnswer {};
/// Append the records, if any, then call appended().
struct AppendRecords {};
/// Cut the log to this offset, durably, then call truncated() and fetch.
struct TruncateLog {
  std::int64_t offset = 0;
};
/// Drop everything, start an empty log at this offset, durably, then call truncated() and fetch.
struct StartOver {
  std::int64_t offset = 0;
};
/// Fetch again after a pause; newer metadata may have come by then.
struct FetchAgain {};
/// The leader is ahead of us: fetching goes on when the metadata name its epoch, with another Follower.
struct AwaitMetadata {};
using FollowerStep = std::variant<IgnoreAnswer, AppendRecords, TruncateLog, StartOver, FetchAgain, AwaitMetadata>;

class Follower {
 public:
  /// One per leader epoch. Before the first fetch, do what first_step() says.
  Follower(std::int32_t leader_epoch, std::int64_t high_watermark, Exhibits exhibits = {});

  FollowerStep first_step(const FollowerLog& log) const;
  bool awaits_metadata() const { return awaits_metadata_; }
  /// Requires: !awaits_metadata().
  FetchPosition position(const FollowerLog& log) const;
  FollowerStep judge(const FetchPosition& asked, const FetchAnswer& answer, const FollowerLog& log);

  /// The log ends at `log_end` now, durably, and the leader's watermark was `leader_watermark` in that answer.
  void appended(std::int64_t log_end, std::int64_t leader_watermark);
  void truncated(std::int64_t log_end);

  std::int32_t leader_epoch() const { return leader_epoch_; }
  /// The least of the leader's and the own log end. It may fall, with a truncation.
  std::int64_t high_watermark() const { return high_watermark_; }

 private:
  const std::int32_t leader_epoch_;
  std::int64_t high_watermark_;
  bool settled_;  // never but in an exhibit: its log counts as a part of the leader's, unasked
  bool awaits_metadata_ = false;
  const Exhibits exhibits_;
};

/// Where a follower cuts its log, given where the leader says that an epoch ends.
/// Returns: log.end or less; below log.start if nothing of it can stay. If it has nothing of that epoch, there may be more to cut: the next fetch asks.
std::int64_t truncation_point(const EpochEnd& leaders, const FollowerLog& log);

}  // namespace faultline::replication
