// The rules against their definitions, on histories that are nonsense.
#include <algorithm>
#include <catch2/catch.hpp>
#include <initializer_list>

#include "naive_rules.h"
#include "random_rules_history.h"

using namespace faultline;
using namespace faultline::log_rules;

namespace {

std::map<std::string, std::uint64_t> counts_of(const checkers::Verdict& verdict) {
  std::map<std::string, std::uint64_t> counts;
  for (const checkers::AnomalyCount& entry : verdict.counts) counts[entry.anomaly] = entry.count;
  return counts;
}

using Graph = std::vector<std::vector<bool>>;

bool has_cycle(Graph reach) {
  for (std::size_t k = 0; k < reach.size(); ++k) {
    for (std::size_t i = 0; i < reach.size(); ++i) {
      for (std::size_t j = 0; j < reach.size(); ++j) reach[i][j] = reach[i][j] || (reach[i][k] && reach[k][j]);
    }
  }
  for (std::size_t i = 0; i < reach.size(); ++i) {
    if (reach[i][i]) return true;
  }
  return false;
}

// The dependencies between committed operations by their definitions, one matrix for each kind.
struct NaiveDependencies {
  Graph ww, wr, rw, process, realtime;

  explicit NaiveDependencies(const checkers::LogHistory& history) {
    const std::size_t count = history.operations.size();
    ww = wr = rw = process = realtime = Graph(count, std::vector<bool>(count, false));
    const checkers::LogModel model = checkers::build_log_model(history);
    const auto place = [&](std::uint32_t record) { return model.values[model.value_rows[record]].first_index; };
    for (std::size_t a = 0; a < count; ++a) {
      for (std::size_t b = 0; b < count; ++b) {
        if (a == b || !takes_part(history, model, a) || !takes_part(history, model, b)) continue;
        const checkers::LogOperation& from = history.operations[a];
        const checkers::LogOperation& to = history.operations[b];
        const bool after = from.outcome == Outcome::ok && from.completion_index < to.invoke_index;
        realtime[a][b] = after;
        process[a][b] = after && from.process == to.process;
        const checkers::RecordRange sent = history.sent_range(from);
        const checkers::RecordRange later = history.sent_range(to);
        for (std::uint32_t r = sent.begin; r < sent.end; ++r) {
          for (std::uint32_t s = later.begin; s < later.end; ++s) {
            if (history.records[r].partition != history.records[s].partition) continue;
            if (place(r) != checkers::no_row && place(s) != checkers::no_row && place(r) < place(s)) ww[a][b] = true;
          }
          for (const LogRecord& record : history.polled_by(to)) {
            const bool same = record.partition == history.records[r].partition && record.value == history.records[r].value;
            if (to.outcome == Outcome::ok && same) wr[a][b] = true;
          }
        }
        for (std::uint32_t s = later.begin; s < later.end; ++s) {
          if (from.outcome != Outcome::ok || from.end_offset == no_offset || place(s) == checkers::no_row) continue;
          const std::uint32_t p = history.records[s].partition.value();
          if (p == from.end_partition.value() && model.at_index(p, place(s)).offset >= from.end_offset) rw[a][b] = true;
        }
      }
    }
  }

  static bool takes_part(const checkers::LogHistory& history, const checkers::LogModel& model, std::size_t operation) {
    return checkers::has_values(history.operations[operation].kind) && model.committed[operation];
  }
};

Graph united(Graph a, const Graph& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < a.size(); ++j) a[i][j] = a[i][j] || b[i][j];
  }
  return a;
}

// Two values at one offset make it a matter of taste which of them is there.
bool has_conflicts(const checkers::LogHistory& history) { return !checkers::build_log_model(history).conflicts.empty(); }

}  // namespace

TEST_CASE("log rules: agree with the definitions on 200,000 random histories, and every anomaly occurs in them") {
  std::map<std::string, std::uint64_t> histories_with;
  std::uint64_t judged = 0;
  for (std::uint64_t seed = 0; judged < 200000; ++seed) {
    RandomStream random = RandomSource(seed).stream("nonsense");
    const checkers::LogHistory history = NonsenseRules(random).run();
    const Promises promises = random_promises(random);
    const checkers::Verdict verdict = check_log_rules(history, promises);
    if (has_conflicts(history)) continue;
    ++judged;
    const auto expected = NaiveRules(history, promises).counts();
    for (const auto& [name, count] : expected) ++histories_with[name];
    if (counts_of(verdict) == expected) continue;
    INFO("seed " << seed);
    for (const auto& [name, count] : expected) UNSCOPED_INFO("expected " << name << " " << count);
    for (std::uint32_t i = 0; i < history.operations.size(); ++i) UNSCOPED_INFO(describe(history, i));
    for (const checkers::Finding& finding : verdict.findings) UNSCOPED_INFO(finding.anomaly << ": " << finding.text);
    REQUIRE(counts_of(verdict) == expected);
  }
  for (const std::string_view name :
       {anomaly::key_reordered,    anomaly::stale_read,        anomaly::split_ownership,       anomaly::unowned_partition,
        anomaly::commit_went_back, anomaly::zombie_commit,     anomaly::lost_commit,           anomaly::processed_twice,
        anomaly::never_processed,  anomaly::sequence_repeated, anomaly::sequence_out_of_order, anomaly::sequence_gap,
        anomaly::zombie_append,    anomaly::torn_transaction,  anomaly::read_beyond_lso,       anomaly::deleted_early,
        anomaly::key_lost,         anomaly::tombstone_lost,    anomaly::compacted_early,       anomaly::key_resurrected}) {
    INFO(name);
    CHECK(histories_with[std::string(name)] > 50);
  }
}

TEST_CASE("log rules: a cycle is found exactly where the dependencies have one, on 30,000 random histories") {
  std::map<std::string, std::uint64_t> histories_with;
  for (std::uint64_t seed = 0; seed < 30000; ++seed) {
    RandomStream random = RandomSource(seed).stream("cycles");
    const checkers::LogHistory history = NonsenseRules(random).run();
    if (has_conflicts(history)) continue;
    Promises promises;
    promises.dependencies = Dependencies::writes;
    const checkers::Verdict verdict = check_log_rules(history, promises);
    const auto any_of = [&](std::initializer_list<std::string_view> names, std::string_view suffix) {
      return std::any_of(names.begin(), names.end(),
                         [&](std::string_view name) { return verdict.count(std::string(name) + std::string(suffix)) > 0; });
    };
    const NaiveDependencies edges(history);
    const Graph written_or_read = united(edges.ww, edges.wr);
    const Graph data = united(written_or_read, edges.rw);
    INFO("seed " << seed);
    for (std::uint32_t i = 0; i < history.operations.size(); ++i) UNSCOPED_INFO(describe(history, i));
    for (const checkers::Finding& finding : verdict.findings) UNSCOPED_INFO(finding.anomaly << ": " << finding.text);
    const std::initializer_list<std::string_view> all{"G0", "G1c", "G-single", "G-nonadjacent", "G2-item"};
    const bool plain = any_of(all, "");
    const bool process = plain || any_of(all, "-process");
    REQUIRE(any_of({"G0"}, "") == has_cycle(edges.ww));
    REQUIRE(any_of({"G0", "G1c"}, "") == has_cycle(written_or_read));
    REQUIRE(plain == has_cycle(data));
    REQUIRE(process == has_cycle(united(data, edges.process)));
    REQUIRE((process || any_of(all, "-realtime")) == has_cycle(united(data, edges.realtime)));
    promises.dependencies = Dependencies::reads;
    REQUIRE((check_log_rules(history, promises).count("G1c") > 0) == has_cycle(edges.wr));
    for (const checkers::AnomalyCount& entry : verdict.counts) ++histories_with[entry.anomaly];
  }
  for (const std::string_view name : {"G0", "G1c", "G-single", "G1c-process", "G1c-realtime", "G-single-realtime"}) {
    INFO(name);
    CHECK(histories_with[std::string(name)] > 20);
  }
}
