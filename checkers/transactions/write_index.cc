#include "checkers/transactions/write_index.h"

#include <algorithm>
#include <bit>

#include "base/random.h"

namespace faultline::transactions {

struct WriteIndex::Range {
  std::uint32_t count = 0;
  std::uint32_t least = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t greatest = 0;
};

namespace {

// Direct addressing may cost this many slots per value, hashing always costs between two and four.
constexpr std::uint64_t direct_slots_per_value = 3;

bool belongs(Function function, Workload workload) {
  switch (function) {
    case Function::append:
    case Function::read_list: return workload == Workload::list_append;
    case Function::write:
    case Function::read_register: return workload == Workload::rw_register;
    case Function::read_unknown: return true;
  }
  return false;
}

}  // namespace

WriteIndex::WriteIndex(const TransactionHistory& history, Workload workload) : rows_(history.keys.size()) {
  std::vector<Range> ranges(history.keys.size());
  measure(history, workload, ranges);
  lay_out(ranges);
  fill(history);
}

void WriteIndex::reject(Key key, const std::string& flaw) {
  Row& row = rows_[key.value()];
  if (row.layout == Layout::unusable) return;
  row.layout = Layout::unusable;
  ++unusable_keys_;
  if (flaw_.empty()) flaw_ = flaw;
}

void WriteIndex::measure(const TransactionHistory& history, Workload workload, std::vector<Range>& ranges) {
  for (const MicroOperation& operation : history.operations) {
    const Key key = operation.key();
    if (!belongs(operation.function(), workload)) {
      reject(key, "key " + std::string(history.key_name(key)) + " has operations that are not of this workload");
    }
    if (!operation.is_write()) continue;
    if (operation.value() == nil) reject(key, "key " + std::string(history.key_name(key)) + ": nil is written");
    Range& range = ranges[key.value()];
    ++range.count;
    range.least = std::min(range.least, operation.argument);
    range.greatest = std::max(range.greatest, operation.argument);
  }
}

void WriteIndex::lay_out(const std::vector<Range>& ranges) {
  std::size_t slots = 0;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    Row& row = rows_[i];
    const Range& range = ranges[i];
    row.base = slots;
    if (row.layout == Layout::unusable || range.count == 0) continue;
    const std::uint64_t width = std::uint64_t{range.greatest} - range.least + 1;
    if (width <= direct_slots_per_value * range.count) {
      row.least = range.least;
      row.slots = static_cast<std::uint32_t>(width);
    } else {
      row.layout = Layout::hashed;
      row.slots = std::bit_ceil(std::min(range.count, 1u << 30) * 2);
    }
    slots += row.slots;
  }
  slots_.resize(slots);
}

void WriteIndex::fill(const TransactionHistory& history) {
  // The last write of a key within a transaction is found by going backwards: it is the first that is met.
  std::vector<std::uint32_t> last_transaction(history.keys.size(), no_transaction);
  for (std::uint32_t t = static_cast<std::uint32_t>(history.transactions.size()); t-- > 0;) {
    const Transaction& transaction = history.transactions[t];
    for (std::uint32_t i = transaction.first + transaction.count; i-- > transaction.first;) {
      const MicroOperation& operation = history.operations[i];
      const Key key = operation.key();
      if (!operation.is_write() || !usable(key)) continue;
      const bool final = last_transaction[key.value()] != t;
      last_transaction[key.value()] = t;
      const Row& row = rows_[key.value()];
      Write& slot = slots_[row.base + probe(row, operation.argument)];
      if (slot.operation != no_operation) {
        reject(key, "key " + std::string(history.key_name(key)) + ": the value " + history.value_text(operation.value()) +
                        " is written more than once");
        continue;
      }
      slot = {operation.argument, i, t << 1 | (final ? 1u : 0u), 0};
    }
  }
}

// The slot of `value`, or the free one where it belongs. Requires: the value is in the range of the row if that is direct.
std::uint32_t WriteIndex::probe(const Row& row, std::uint32_t value) const {
  if (row.layout == Layout::direct) return value - row.least;
  const std::uint32_t mask = row.slots - 1;
  auto slot = static_cast<std::uint32_t>(mix64(value ^ 0x9e3779b97f4a7c15u, 0xd6e8feb86659fd93u)) & mask;
  while (slots_[row.base + slot].operation != no_operation && slots_[row.base + slot].value != value) slot = (slot + 1) & mask;
  return slot;
}

Write* WriteIndex::find(Key key, Value value) {
  const Row& row = rows_[key.value()];
  if (row.slots == 0) return nullptr;
  if (row.layout == Layout::direct && (value.value() < row.least || value.value() - row.least >= row.slots)) return nullptr;
  Write& slot = slots_[row.base + probe(row, value.value())];
  return slot.operation == no_operation ? nullptr : &slot;
}

std::span<Write> WriteIndex::slots_of(Key key) {
  const Row& row = rows_[key.value()];
  return std::span(slots_).subspan(row.base, row.slots);
}

}  // namespace faultline::transactions
