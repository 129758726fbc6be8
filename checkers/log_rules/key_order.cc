// Order by key: of the records that one process sent with one key to one partition, each lies behind the one sent before it.
//
// "Before" is the order of invocation, also of sends that overlap: that is the order in which a producer that pipelines asked for
// them. Only neighbours among the records whose place is known are compared.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "checkers/log_rules/log_rules.h"
#include "checkers/log_rules/names.h"

namespace faultline::log_rules {

namespace {

struct Sent {
  std::int32_t process = 0;
  std::uint32_t partition = 0;
  std::int64_t key = 0;
  std::uint32_t operation = 0;
  std::uint32_t value_row = 0;
  std::uint32_t record = 0;

  auto stream() const { return std::tie(process, partition, key); }
  auto place() const { return std::tie(process, partition, key, operation, record); }
};

}  // namespace

void find_reordered_keys(const Context& context) {
  const checkers::LogHistory& history = context.history;
  const checkers::LogModel& model = context.model;
  std::vector<Sent> all;
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    const checkers::RecordRange sent = history.sent_range(history.operations[i]);
    for (std::uint32_t r = sent.begin; r < sent.end; ++r) {
      const std::int64_t key = history.attributes_of(r).key;
      const std::uint32_t row = model.value_rows[r];
      if (key == checkers::RecordAttributes::no_key || model.values[row].first_index == checkers::no_row) continue;
      all.push_back({history.operations[i].process, history.records[r].partition.value(), key, i, row, r});
    }
  }
  std::sort(all.begin(), all.end(), [](const Sent& a, const Sent& b) { return a.place() < b.place(); });
  for (std::size_t i = 1; i < all.size(); ++i) {
    const Sent& before = all[i - 1];
    const Sent& after = all[i];
    if (before.stream() != after.stream()) continue;
    const checkers::LogModel::Value& first = model.values[before.value_row];
    const checkers::LogModel::Value& second = model.values[after.value_row];
    if (first.first_index < second.first_index) continue;
    context.found.add(anomaly::key_reordered, [&] {
      return checkers::Finding{
          .partition = history.partitions[after.partition],
          .witness = {before.operation, after.operation},
          .text = fmt::format("process {} sent value {} (op {}) and then value {} (op {}) with key {} to {}, where they lie the "
                              "other way round",
                              after.process, first.value, before.operation, second.value, after.operation, after.key,
                              history.partitions[after.partition])};
    });
  }
}

}  // namespace faultline::log_rules
