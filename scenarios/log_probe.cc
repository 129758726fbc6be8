#include "scenarios/log_probe.h"

#include "broker/protocol/record.h"
#include "broker/protocol/record_batch.h"
#include "scenarios/cluster_plan.h"
#include "scenarios/payload.h"

namespace faultline::scenarios {
namespace {

constexpr std::size_t read_bytes = 1 << 20;

checkers::PartitionSnapshot marks_of(const std::string& node, std::uint64_t incarnation, Partition& partition) {
  checkers::PartitionSnapshot snapshot;
  snapshot.node = node;
  snapshot.partition = to_string(partition.id());
  snapshot.incarnation = incarnation;
  snapshot.log_start = partition.log_start_offset();
  snapshot.high_watermark = partition.high_watermark();
  snapshot.durable_end = partition.log().durable_end();
  snapshot.log_end = partition.log().log_end();
  snapshot.compacted = true;  // batches are not looked at: none is missed
  return snapshot;
}

// What a log says of itself.
checkers::Finding at_odds(const checkers::PartitionSnapshot& now, const std::string& broken) {
  return {.anomaly = std::string(checkers::anomaly::log_at_odds),
          .partition = now.partition,
          .text = now.partition + " on " + now.node + " is at odds with itself: " + broken};
}

checkers::NumberedBatch numbered(const protocol::BatchView& batch) {
  return {.producer_id = batch.producer_id(),
          .epoch = batch.producer_epoch(),
          .first_sequence = batch.base_sequence(),
          .last_sequence = batch.last_sequence(),
          .base_offset = batch.base_offset(),
          .last_offset = batch.last_offset()};
}

std::vector<checkers::NumberedBatch> remembered_by(const Partition& partition) {
  std::vector<checkers::NumberedBatch> batches;
  for (const auto& [id, entry] : partition.log().producers().entries()) {
    for (const replication::RememberedBatch& batch : entry.batches()) {
      batches.push_back({id, entry.epoch, batch.first_sequence, batch.last_sequence, batch.base_offset, batch.last_offset});
    }
  }
  return batches;
}

// Calls use(partition) for all that are online.
template <class Use>
void for_each_partition(Broker& broker, Use&& use) {
  for (const std::shared_ptr<Partition>& partition : broker.replicas().partitions()) use(partition);
}

// The numbers of a batch's records. Returns: false if it cannot be read.
bool add_records(const protocol::BatchView& batch, std::vector<checkers::RecordDigest>& records) {
  Result<protocol::RecordIterator> iterator = protocol::RecordIterator::open(batch);
  if (!iterator) return false;
  for (;;) {
    const Result<std::optional<protocol::Record>> record = iterator->next();
    if (!record) return false;
    if (!*record) return true;
    const Bytes payload = (*record)->value ? (*record)->value->bytes() : Bytes();
    const std::optional<std::int64_t> number = peek_payload(payload);  // the checksum of its batch was right
    records.push_back({(*record)->offset, static_cast<std::uint64_t>(number ? *number : number_of_garbage(payload))});
  }
}

}  // namespace

void LogProbe::add(std::vector<checkers::Finding> findings) {
  for (checkers::Finding& finding : findings) {
    const std::string anomaly = finding.anomaly;
    state_.sighted(anomaly);
    findings_.add(anomaly, [&] {
      finding.text = "at " + checkers::seconds_text(state_.now()) + ", " + finding.text;
      return std::move(finding);
    });
  }
}

checkers::Verdict LogProbe::take_findings() {
  checkers::Verdict verdict;
  std::move(findings_).into(verdict);
  return verdict;
}

void LogProbe::look(const std::string& node, std::uint64_t incarnation, Broker& broker) {
  for_each_partition(broker, [&](const std::shared_ptr<Partition>& partition) {
    if (partition->being_cut()) return;
    checkers::PartitionSnapshot now = marks_of(node, incarnation, *partition);
    add(checkers::check_snapshot(now));
    if (const std::optional<std::string> broken = partition->log().check_invariants()) add({at_odds(now, *broken)});
    Marks& before = last_marks_[{node, now.partition}];
    if (before.replica.lock() == partition) add(checkers::check_progress(before.snapshot, now));
    before = {partition, std::move(now)};
    ++looks_;
  });
}

void LogProbe::look_at_all(const std::string& node, std::uint64_t incarnation, Broker& broker) {
  for (auto& [topic, partitions] : recovered_) {
    for (auto& [index, logs] : partitions) logs.erase(broker.node_id());
  }
  forget_taken_away(node, broker.node_id());
  for_each_partition(broker, [&](const std::shared_ptr<Partition>& shared) {
    Partition& partition = *shared;
    Contents contents = read(partition);
    if (!contents.whole) return;
    checkers::PartitionSnapshot now = marks_of(node, incarnation, partition);
    now.compacted = false;
    now.batches = std::move(contents.batches);
    add(checkers::check_snapshot(now));
    judge_acknowledged(partition, now, contents.records);
    compare_producers(node, partition, contents);
    recovered_[partition.topic_id()][partition.id().index][broker.node_id()] = {.log_start = now.log_start,
                                                                                .records = std::move(contents.records)};
    if (!state_.taken_away.contains({now.partition, broker.node_id()})) compare(std::move(now));
    ++looks_;
  });
}

void LogProbe::look_at_producers(const std::string& node, Broker& broker) {
  const std::vector<std::shared_ptr<Partition>> partitions = broker.replicas().partitions();
  for (const std::shared_ptr<Partition>& partition : partitions) {
    if (partition->being_cut() || partition->log().fenced()) continue;
    const std::int64_t end = partition->log_end_offset();
    Contents contents = read(*partition);
    if (contents.whole && partition->log_end_offset() == end) compare_producers(node, *partition, contents);
  }
}

void LogProbe::compare_producers(const std::string& node, const Partition& partition, Contents& contents) {
  add(checkers::check_producers({.node = node,
                                 .partition = to_string(partition.id()),
                                 .log_start = partition.log_start_offset(),
                                 .logged = std::move(contents.numbered),
                                 .remembered = remembered_by(partition)}));
}

void LogProbe::look_at_refusal(const std::string& node, Broker& broker, const sim::News& news) {
  std::string name;
  checkers::NumberedBatch refused;
  for (const TraceField& field : news.fields) {
    if (field.key == "partition") name = std::string(field.text);
    if (field.key == "producer") refused.producer_id = field.number;
    if (field.key == "epoch") refused.epoch = static_cast<std::int16_t>(field.number);
    if (field.key == "first") refused.first_sequence = static_cast<std::int32_t>(field.number);
    if (field.key == "last") refused.last_sequence = static_cast<std::int32_t>(field.number);
  }
  for_each_partition(broker, [&](const std::shared_ptr<Partition>& partition) {
    if (to_string(partition->id()) != name) return;
    if (auto finding = checkers::check_refusal(node, name, refused, remembered_by(*partition))) add({*std::move(finding)});
  });
}

// What a reassignment has taken away and put back is another log.
void LogProbe::forget_taken_away(const std::string& node, std::int32_t id) {
  std::erase_if(state_.taken_away, [&](const auto& entry) {
    const auto& [replica, given_back] = entry;
    if (replica.second == id) last_whole_.erase({node, replica.first});
    return replica.second == id && given_back;
  });
}

// One copy has everything that was acknowledged. Where there are several, it takes the knowledge of who counts: ClusterProbe.
void LogProbe::judge_acknowledged(const Partition& partition, const checkers::PartitionSnapshot& now,
                                  const std::vector<checkers::RecordDigest>& records) {
  if (is_cluster(state_.scenario) || !state_.syncs(partition.id().topic)) return;
  const std::vector<checkers::RecordDigest> acknowledged = state_.acknowledged_in({partition.id().topic, partition.id().index});
  records_looked_up_ += acknowledged.size();
  add(checkers::check_acknowledged(now, acknowledged, records));
}

void LogProbe::compare(checkers::PartitionSnapshot now) {
  auto& before = last_whole_[{now.node, now.partition}];
  if (!before.node.empty() && state_.syncs(now.partition.substr(0, now.partition.rfind('-'))))
    add(checkers::check_progress(before, now));
  before = std::move(now);
}

LogProbe::Contents LogProbe::read(Partition& partition) {
  Contents contents;
  std::int64_t offset = partition.log_start_offset();
  const std::int64_t end = partition.log_end_offset();
  while (offset < end) {
    const Result<ReadResult> found =
        partition.log().read(offset, {.upper_bound = end, .max_bytes = read_bytes, .min_one_batch = true});
    if (!found || found->batches.empty()) return contents;
    for (const Slice& bytes : found->batches) {
      protocol::BatchIterator batches(bytes);
      for (;;) {
        const Result<std::optional<protocol::BatchView>> batch = batches.next();
        if (!batch) return contents;
        if (!*batch) break;
        contents.batches.push_back(
            {(*batch)->base_offset(), (*batch)->last_offset(), (*batch)->partition_leader_epoch(), (*batch)->crc()});
        if ((*batch)->has_producer_id() && !(*batch)->is_control()) contents.numbered.push_back(numbered(**batch));
        if (!add_records(**batch, contents.records)) return contents;
      }
    }
    offset = found->next_offset;
  }
  contents.whole = true;
  return contents;
}

}  // namespace faultline::scenarios
