// The rows of the transaction checker. The history has the shape of Elle's own generator: 20 clients, transactions of one to four reads and
// appends over ten keys at a time, a key retired after 32 appends; served one at a time, so that it is strictly serializable and every edge
// of it has to be looked at. A second one is all one component.
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "bench/checkers_bench.h"
#include "checkers/transactions/check_transactions.h"

namespace faultline::bench {
namespace {

using namespace transactions;
using Outcome = checkers::Verdict::Outcome;

constexpr std::size_t clients = 20;
constexpr std::size_t active_keys = 10;
constexpr std::uint32_t appends_per_key = 32;
constexpr std::uint64_t operations_max = 4;

struct ActiveKey {
  Key key;
  std::vector<Value> list;
};

class Generator {
 public:
  TransactionHistory run(std::uint32_t transactions) {
    for (std::size_t i = 0; i < active_keys; ++i) keys_.push_back(fresh_key());
    for (std::size_t i = 0; i < clients; ++i) idle_.push_back(static_cast<std::int32_t>(i));
    for (std::uint32_t begun = 0; begun < transactions || !open_.empty();) {
      const bool begin = begun < transactions && !idle_.empty() && (open_.empty() || random_.chance({1, 2}));
      if (begin) {
        const std::int32_t client = take(idle_);
        open_.emplace_back(builder_.invoke(client, begun++), client);
        continue;
      }
      const auto [id, client] = take(open_);
      serve();
      builder_.complete(id, checkers::Outcome::ok);
      idle_.push_back(client);
    }
    return std::move(builder_).take();
  }

 private:
  template <class T>
  T take(std::vector<T>& from) {
    std::swap(from[random_.below(from.size())], from.back());
    T result = from.back();
    from.pop_back();
    return result;
  }

  ActiveKey fresh_key() { return {builder_.key(std::to_string(key_count_++)), {}}; }

  void serve() {
    const std::uint64_t operations = 1 + random_.below(operations_max);
    for (std::uint64_t i = 0; i < operations; ++i) {
      ActiveKey& key = keys_[random_.below(keys_.size())];
      const bool append = random_.chance({1, 2});
      if (!append) {
        builder_.read_list(key.key, key.list);
        continue;
      }
      key.list.emplace_back(static_cast<std::uint32_t>(key.list.size()) + 1);
      builder_.append(key.key, key.list.back());
      if (key.list.size() == appends_per_key) key = fresh_key();
    }
  }

  RandomStream random_ = RandomSource(1).stream("transactions");
  TransactionHistoryBuilder builder_;
  std::vector<ActiveKey> keys_;
  std::uint32_t key_count_ = 0;
  std::vector<std::int32_t> idle_;
  std::vector<std::pair<TransactionId, std::int32_t>> open_;
};

// Each of `count` overlapping transactions misses what the next one appends, and the last what the first one does.
TransactionHistory ring(std::uint32_t count) {
  TransactionHistoryBuilder builder;
  std::vector<TransactionId> ids;
  for (std::uint32_t i = 0; i < count; ++i) ids.push_back(builder.invoke(static_cast<std::int32_t>(i), i));
  for (std::uint32_t i = 0; i < count; ++i) {
    builder.append(builder.key(std::to_string(i)), Value(1));
    builder.read_list(builder.key(std::to_string((i + 1) % count)), {});
    builder.complete(ids[i], checkers::Outcome::ok);
  }
  return std::move(builder).take();
}

double milliseconds(const TransactionHistory& history, std::uint32_t runs, Outcome expected) {
  const auto check = [&] { ENSURE(check_transactions(history, {}).verdict.outcome == expected); };
  if (runs > 1) return median_ms(check);
  const std::clock_t started = std::clock();
  check();
  return static_cast<double>(std::clock() - started) * 1000 / CLOCKS_PER_SEC;
}

}  // namespace

std::vector<Figure> transactions_figures() {
  std::vector<Figure> figures;
  const auto at_most = [&](std::string name, double value, std::string unit, double bound) {
    figures.push_back({.name = std::move(name), .value = value, .unit = std::move(unit), .at_most = bound});
  };
  at_most("transactions, one component of 10,000, shortest cycle", milliseconds(ring(10'000), 5, Outcome::invalid), "ms", 5000);
  // A million a second, at every size. The largest runs once: it is long enough to need no median.
  at_most("transactions, list-append, 100,000", milliseconds(Generator().run(100'000), 5, Outcome::valid), "ms", 100);
  at_most("transactions, list-append, 1,000,000", milliseconds(Generator().run(1'000'000), 5, Outcome::valid), "ms", 1000);
  at_most("transactions, list-append, 10,000,000", milliseconds(Generator().run(10'000'000), 1, Outcome::valid), "ms", 10'000);
  at_most("transactions, peak memory with the 10,000,000 in it", peak_memory_mb(), "MB", 4096);
  return figures;
}

}  // namespace faultline::bench
