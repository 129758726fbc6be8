#include "checkers/log_invariants.h"

#include <catch2/catch.hpp>

using namespace faultline;
using namespace faultline::checkers;

namespace {

PartitionSnapshot sound() {
  PartitionSnapshot snapshot;
  snapshot.node = "node 0";
  snapshot.partition = "t-0";
  snapshot.log_start = 2;
  snapshot.high_watermark = 5;
  snapshot.durable_end = 6;
  snapshot.log_end = 8;
  snapshot.batches = {{0, 2, 1, 10}, {3, 3, 1, 11}, {4, 7, 2, 12}};
  return snapshot;
}

std::string only(const std::vector<Finding>& findings) {
  if (findings.empty()) return "nothing";
  return findings.size() == 1 ? findings[0].anomaly : "several";
}

template <class Change>
std::string snapshot_with(Change change) {
  PartitionSnapshot snapshot = sound();
  change(snapshot);
  return only(check_snapshot(snapshot));
}

template <class Change>
std::string progress_with(Change change) {
  PartitionSnapshot after = sound();
  change(after);
  return only(check_progress(sound(), after));
}

using Digests = std::vector<RecordDigest>;

}  // namespace

TEST_CASE("log invariants: one state: bounds in order, batches contiguous, epochs not going back") {
  using S = PartitionSnapshot;
  CHECK(snapshot_with([](S&) {}) == "nothing");
  CHECK(snapshot_with([](S& s) { s.log_start = 6; }) == anomaly::bounds_out_of_order);
  CHECK(snapshot_with([](S& s) { s.high_watermark = 9; }) == anomaly::bounds_out_of_order);
  CHECK(snapshot_with([](S& s) { s.durable_end = 9; }) == anomaly::bounds_out_of_order);
  CHECK(snapshot_with([](S& s) { s.durable_end = 0; }) == "nothing");
  CHECK(snapshot_with([](S& s) { s.batches[1].last_offset = 2; }) == "several");
  CHECK(snapshot_with([](S& s) { s.batches.erase(s.batches.begin() + 1); }) == anomaly::offsets_not_contiguous);
  CHECK(snapshot_with([](S& s) { s.batches.erase(s.batches.begin()); }) == anomaly::offsets_not_contiguous);
  CHECK(snapshot_with([](S& s) { s.batches.clear(); }) == anomaly::offsets_not_contiguous);
  CHECK(snapshot_with([](S& s) { s.log_end = 9; }) == anomaly::offsets_not_contiguous);
  CHECK(snapshot_with([](S& s) { s.batches[2].leader_epoch = 0; }) == anomaly::epoch_went_back);
  CHECK(snapshot_with([](S& s) {
          s.batches.erase(s.batches.begin() + 1);
          s.compacted = true;
        }) == "nothing");
  CHECK(snapshot_with([](S& s) {
          s.batches[2].base_offset = 3;
          s.compacted = true;
        }) == anomaly::offsets_not_contiguous);
}

TEST_CASE("log invariants: two states: the watermark may go back only over a restart, what is below it never changes") {
  using S = PartitionSnapshot;
  CHECK(progress_with([](S&) {}) == "nothing");
  CHECK(progress_with([](S& s) { s.high_watermark = 4; }) == anomaly::watermark_went_back);
  CHECK(progress_with([](S& s) {
          s.high_watermark = 4;
          s.incarnation = 1;
        }) == "nothing");
  CHECK(progress_with([](S& s) { s.log_start = 1; }) == anomaly::log_start_went_back);
  CHECK(progress_with([](S& s) { s.batches[1].crc = 99; }) == anomaly::batch_changed);
  CHECK(progress_with([](S& s) { s.batches[2].crc = 99; }) == "nothing");
  CHECK(progress_with([](S& s) { s.batches.erase(s.batches.begin()); }) == "nothing");
}

TEST_CASE("log invariants: acknowledged records are in the durable image unless retention took them") {
  const Digests acknowledged{{1, 21}, {3, 23}, {4, 24}, {7, 27}};
  CHECK(only(check_acknowledged(sound(), acknowledged, Digests{{3, 23}, {4, 24}, {5, 25}, {7, 27}})) == "nothing");
  const auto missing = check_acknowledged(sound(), acknowledged, Digests{{3, 23}, {7, 27}});
  CHECK(only(missing) == anomaly::acknowledged_not_durable);
  CHECK(missing[0].text == "t-0 on node 0: the record acknowledged at offset 4 is not in the durable image");
  const auto changed = check_acknowledged(sound(), acknowledged, Digests{{3, 23}, {4, 99}, {7, 27}});
  CHECK(changed[0].text ==
        "t-0 on node 0: the record acknowledged at offset 4 is another one in the durable image (digest 63, was 18)");
  const auto limited = check_acknowledged(sound(), acknowledged, {}, 2);
  REQUIRE(limited.size() == 2);
  CHECK(limited[1].text == "t-0 on node 0: 2 more acknowledged records are not in the durable image");
}
