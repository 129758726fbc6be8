#include "planted_cycle.h"

#include <algorithm>
#include <tuple>

namespace faultline::transactions {

namespace {

bool is_order(EdgeKind kind) { return kind == EdgeKind::process || kind == EdgeKind::realtime; }

// When each transaction begins and ends: at the beginning and at the end of all, unless an edge of order wants it otherwise.
struct Times {
  std::uint32_t began = 0;
  std::uint32_t ended = 1000;
};

std::vector<Times> times_of(std::span<const EdgeKind> shape) {
  const std::size_t count = shape.size();
  std::vector<Times> times(count);
  // From a transaction that follows no other in time.
  std::size_t first = 0;
  while (is_order(shape[(first + count - 1) % count])) ++first;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = (first + i) % count;
    if (!is_order(shape[at])) continue;
    times[at].ended = times[at].began + 5;
    times[(at + 1) % count].began = times[at].began + 10;
  }
  return times;
}

}  // namespace

PlannedHistory planted_cycle(std::span<const EdgeKind> shape, Workload workload, std::uint32_t first_key,
                             std::int32_t first_process) {
  const bool lists = workload == Workload::list_append;
  const std::size_t count = shape.size();
  PlannedHistory plan;
  PlannedTransaction observer;
  plan.transactions.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    PlannedTransaction& from = plan.transactions[i];
    PlannedTransaction& to = plan.transactions[(i + 1) % count];
    from.process = first_process + static_cast<std::int32_t>(i);
    const std::uint32_t key = first_key + static_cast<std::uint32_t>(i);
    switch (shape[i]) {
      case EdgeKind::ww:
        from.operations.push_back(append(key, 1));
        to.operations.push_back(append(key, 2));
        observer.operations.push_back(list(key, {1, 2}));
        break;
      case EdgeKind::wr:
        from.operations.push_back(lists ? append(key, 1) : write(key, 1));
        to.operations.push_back(lists ? list(key, {1}) : reg(key, 1));
        break;
      case EdgeKind::rw:
        from.operations.push_back(lists ? list(key, {}) : reg(key, nothing));
        to.operations.push_back(lists ? append(key, 1) : write(key, 1));
        break;
      default: break;
    }
  }
  std::size_t first = 0;
  while (is_order(shape[(first + count - 1) % count])) ++first;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = (first + i) % count;
    if (shape[at] == EdgeKind::process) plan.transactions[(at + 1) % count].process = plan.transactions[at].process;
  }
  const std::vector<Times> times = times_of(shape);
  std::vector<std::tuple<std::uint32_t, std::uint32_t, bool>> events;
  for (std::uint32_t i = 0; i < count; ++i) {
    events.emplace_back(times[i].began, i, false);
    events.emplace_back(times[i].ended, i, true);
  }
  std::sort(events.begin(), events.end());
  for (const auto& [time, transaction, ended] : events) plan.events.push_back({transaction, ended});
  observer.process = first_process + static_cast<std::int32_t>(count);
  if (!observer.operations.empty()) plan.add(observer);
  return plan;
}

std::vector<EdgeKind> random_shape(RandomStream& random, std::uint32_t length, std::uint32_t orders_max, Workload workload) {
  std::vector<EdgeKind> shape;
  std::uint32_t orders = 0;
  for (std::uint32_t i = 0; i < length; ++i) {
    auto kind = static_cast<EdgeKind>(random.below(5));
    if (kind == EdgeKind::ww && workload == Workload::rw_register) kind = EdgeKind::wr;
    if (is_order(kind) && (orders == orders_max || orders + 1 == length)) kind = EdgeKind::rw;
    orders += is_order(kind) ? 1 : 0;
    shape.push_back(kind);
  }
  return shape;
}

PlannedHistory merged(RandomStream& random, const PlannedHistory& host, const PlannedHistory& guest) {
  PlannedHistory result;
  result.transactions = host.transactions;
  result.transactions.insert(result.transactions.end(), guest.transactions.begin(), guest.transactions.end());
  const auto moved = static_cast<std::uint32_t>(host.transactions.size());
  std::size_t h = 0;
  std::size_t g = 0;
  while (h < host.events.size() || g < guest.events.size()) {
    const bool from_host =
        g == guest.events.size() ||
        (h < host.events.size() && random.below(host.events.size() - h + guest.events.size() - g) < host.events.size() - h);
    if (from_host) {
      result.events.push_back(host.events[h++]);
    } else {
      result.events.push_back({guest.events[g].transaction + moved, guest.events[g].ended});
      ++g;
    }
  }
  return result;
}

}  // namespace faultline::transactions
