// The sweep against a search that tries every order, and the cases that people get wrong.
#include "checkers/log_linearizability.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "base/random.h"
#include "script.h"

using namespace faultline;
using namespace faultline::checkers;

namespace {

// Wing and Gong's search without any cleverness: the state is the log itself.
class BruteForce {
 public:
  explicit BruteForce(const LogHistory& history) : history_(history), done_(history.operations.size(), false) {}

  bool linearizable() {
    if (all_placed()) return true;
    for (std::size_t i = 0; i < done_.size(); ++i) {
      if (done_[i] || !may_be_next(i)) continue;
      const std::size_t length = log_.size();
      if (!apply(history_.operations[i])) continue;
      done_[i] = true;
      if (linearizable()) return true;
      done_[i] = false;
      log_.resize(length);
    }
    return false;
  }

 private:
  static bool bounded(const LogOperation& operation) { return operation.outcome == Outcome::ok; }

  bool all_placed() const {
    for (std::size_t i = 0; i < done_.size(); ++i) {
      if (!done_[i] && bounded(history_.operations[i])) return false;
    }
    return true;
  }

  bool may_be_next(std::size_t candidate) const {
    const LogOperation& operation = history_.operations[candidate];
    if (operation.outcome == Outcome::fail) return false;
    if (operation.kind == OperationKind::poll && operation.outcome != Outcome::ok) return false;
    for (std::size_t i = 0; i < done_.size(); ++i) {
      const LogOperation& other = history_.operations[i];
      if (!done_[i] && bounded(other) && other.completion_index < operation.invoke_index) return false;
    }
    return true;
  }

  bool apply(const LogOperation& operation) {
    const auto length = static_cast<std::int64_t>(log_.size());
    const auto records = history_.records_of(operation);
    if (operation.kind == OperationKind::send) {
      for (std::size_t i = 0; i < records.size(); ++i) {
        if (records[i].offset != no_offset && records[i].offset != length + static_cast<std::int64_t>(i)) return false;
      }
      for (const LogRecord& record : records) log_.push_back(record.value);
      return true;
    }
    if (operation.end_offset != no_offset && operation.end_offset != length) return false;
    return std::all_of(records.begin(), records.end(), [&](const LogRecord& record) {
      return record.offset < length && log_[static_cast<std::size_t>(record.offset)] == record.value;
    });
  }

  const LogHistory& history_;
  std::vector<bool> done_;
  std::vector<std::int64_t> log_;
};

struct Plan {
  bool send = false;
  Outcome outcome = Outcome::ok;
  std::uint64_t invoke = 0;
  std::uint64_t completion = 0;
  std::uint64_t effect = 0;
  bool takes_effect = true;
  bool exact = false;
  std::int64_t end = no_offset;
  std::int64_t batch = 1;  // how many records a send has
  std::vector<At> records;
};

constexpr std::uint64_t moments = 1000;

Plan draw_plan(RandomStream& random) {
  Plan plan;
  plan.send = random.chance({3, 5});
  plan.invoke = random.below(moments);
  plan.completion = plan.invoke + random.below(moments / 2);
  plan.effect = static_cast<std::uint64_t>(
      random.between(static_cast<std::int64_t>(plan.invoke), static_cast<std::int64_t>(plan.completion)));
  const bool definite = random.chance({2, 3});
  if (plan.send && !definite) {
    plan.outcome = random.chance({1, 4}) ? Outcome::fail : Outcome::indefinite;
    plan.takes_effect = plan.outcome == Outcome::indefinite && random.chance({1, 2});
    if (random.chance({1, 2})) plan.effect = plan.invoke + random.below(2 * moments);
  }
  plan.exact = random.chance({1, 2});
  if (random.chance({1, 6})) plan.effect = random.below(moments);  // a broken system: effect outside the operation
  if (random.chance({1, 40})) plan.takes_effect = !plan.takes_effect;
  return plan;
}

// Runs the plans in order of their effects against a real log.
void execute(std::vector<Plan>& plans, RandomStream& random) {
  std::vector<Plan*> order;
  for (Plan& plan : plans) order.push_back(&plan);
  std::sort(order.begin(), order.end(), [](const Plan* a, const Plan* b) { return a->effect < b->effect; });
  std::vector<std::int64_t> log;
  for (Plan* plan : order) {
    const auto length = static_cast<std::int64_t>(log.size());
    if (plan->send) {
      for (std::int64_t i = 0; i < plan->batch; ++i) {
        const std::int64_t value = 100 + 10 * (plan - plans.data()) + i;
        plan->records.push_back({plan->outcome == Outcome::ok ? length + i : no_offset, value});
        if (plan->takes_effect) log.push_back(value);
      }
      continue;
    }
    const std::int64_t reached = plan->exact ? length : random.between(std::int64_t{0}, length);
    const std::int64_t from = random.between(std::int64_t{0}, reached);
    for (std::int64_t o = from; o < reached; ++o) plan->records.push_back({o, log[static_cast<std::size_t>(o)]});
    if (plan->exact) plan->end = reached;
  }
}

void spoil(std::vector<Plan>& plans, RandomStream& random) {
  Plan& plan = plans[random.below(plans.size())];
  const std::int64_t shift = random.chance({1, 2}) ? 1 : -1;
  if (!plan.send && plan.exact) plan.end = std::max<std::int64_t>(0, plan.end + shift);
  if (plan.exact) std::erase_if(plan.records, [&](const At& record) { return !plan.send && record.offset >= plan.end; });
  if (plan.send && plan.outcome == Outcome::ok)
    plan.records[0].offset = std::max<std::int64_t>(0, plan.records[0].offset + shift);
}

LogHistory record(const std::vector<Plan>& plans) {
  struct Step {
    std::uint64_t moment;
    bool completion;
    std::size_t plan;
  };
  std::vector<Step> steps;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    steps.push_back({plans[i].invoke, false, i});
    steps.push_back({plans[i].completion, true, i});
  }
  std::sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) {
    return std::tie(a.moment, a.completion, a.plan) < std::tie(b.moment, b.completion, b.plan);
  });
  Script script;
  std::vector<OperationId> ids(plans.size());
  for (const Step& step : steps) {
    const Plan& plan = plans[step.plan];
    const auto process = static_cast<std::int32_t>(step.plan);
    OperationId& id = ids[step.plan];
    if (!step.completion) {
      id = plan.send ? script.begin_send(process, plan.records) : script.begin_poll(process);
    } else if (plan.send) {
      script.end_send(id, plan.records, plan.outcome);
    } else {
      if (plan.exact) script.recorder().set_exact_end(id, script.partition(0), plan.end);
      script.end_poll(id, plan.records);
    }
  }
  return script.history();
}

Verdict::Outcome judge(Script& script, const LinearizabilityRules& rules = {}) {
  return check_linearizable(script.history(), rules).outcome;
}

constexpr auto valid = Verdict::Outcome::valid;
constexpr auto invalid = Verdict::Outcome::invalid;

}  // namespace

TEST_CASE("linearizability: the sweep agrees with a search over all orders on 200,000 small random histories") {
  constexpr std::uint64_t histories = 200000;
  std::uint64_t valid_count = 0;
  for (std::uint64_t seed = 0; seed < histories; ++seed) {
    RandomStream random = RandomSource(seed).stream("linearizability");
    std::vector<Plan> plans;
    const std::uint64_t count = 1 + random.below(7);
    for (std::uint64_t i = 0; i < count; ++i) plans.push_back(draw_plan(random));
    execute(plans, random);
    if (random.chance({1, 3})) spoil(plans, random);
    const LogHistory history = record(plans);
    const bool expected = BruteForce(history).linearizable();
    const Verdict verdict = check_linearizable(history);
    valid_count += expected ? 1 : 0;
    if ((verdict.outcome == valid) == expected && verdict.outcome != Verdict::Outcome::unknown) continue;
    INFO("seed " << seed << ", a search says " << expected);
    for (std::uint32_t i = 0; i < history.operations.size(); ++i) UNSCOPED_INFO(describe(history, i));
    for (const Finding& finding : verdict.findings) UNSCOPED_INFO(finding.text);
    REQUIRE(false);
  }
  CHECK(valid_count > histories / 5);
  CHECK(valid_count < histories * 4 / 5);
}

TEST_CASE("linearizability: batches that appear at once agree with the search on 200,000 small random histories") {
  LinearizabilityRules rules;
  rules.atomic_batches = true;
  constexpr std::uint64_t histories = 200000;
  std::map<Verdict::Outcome, std::uint64_t> answers;
  for (std::uint64_t seed = 0; seed < histories; ++seed) {
    RandomStream random = RandomSource(seed).stream("batches");
    std::vector<Plan> plans;
    const std::uint64_t count = 1 + random.below(6);
    for (std::uint64_t i = 0; i < count; ++i) {
      plans.push_back(draw_plan(random));
      plans.back().batch = random.between(std::int64_t{1}, std::int64_t{3});
    }
    execute(plans, random);
    if (random.chance({1, 3})) spoil(plans, random);
    const LogHistory history = record(plans);
    const Verdict verdict = check_linearizable(history, rules);
    ++answers[verdict.outcome];
    if (verdict.outcome == Verdict::Outcome::unknown) continue;
    const bool expected = BruteForce(history).linearizable();
    if ((verdict.outcome == valid) == expected) continue;
    INFO("seed " << seed << ", a search says " << expected);
    for (std::uint32_t i = 0; i < history.operations.size(); ++i) UNSCOPED_INFO(describe(history, i));
    for (const Finding& finding : verdict.findings) UNSCOPED_INFO(finding.text);
    REQUIRE(false);
  }
  CHECK(answers[Verdict::Outcome::valid] > histories / 5);
  CHECK(answers[Verdict::Outcome::invalid] > histories / 6);
  CHECK(answers[Verdict::Outcome::unknown] < histories / 3);
}

TEST_CASE("linearizability: no exact read ends inside a batch") {
  LinearizabilityRules rules;
  rules.atomic_batches = true;
  for (const std::int64_t end : {0, 1, 2}) {
    Script script;
    const OperationId batch = script.begin_send(1, {{0, 10}, {1, 11}});
    script.final_poll(2, {}, end);
    script.end_send(batch, {{0, 10}, {1, 11}});
    CHECK(judge(script, rules) == (end == 1 ? invalid : valid));
    CHECK(judge(script) == valid);
  }
}

TEST_CASE("linearizability: a partial poll is a lower bound, it does not hold later appends back") {
  Script script;
  script.send(1, {0, 10});
  const OperationId late = script.begin_send(1, {{1, 11}});
  script.end_send(late, {{1, 11}});
  script.poll(2, {{0, 10}});
  CHECK(judge(script) == valid);
  script.recorder().set_exact_end(OperationId(2), script.partition(0), 1);
  const Verdict verdict = check_linearizable(script.history());
  CHECK(verdict.outcome == invalid);
  REQUIRE(verdict.findings.size() == 1);
  CHECK(verdict.findings[0].witness == std::vector<std::uint32_t>{2, 1});
  CHECK(verdict.findings[0].text ==
        "op 1, an append at offset 1 of t-0, ended at event 3, yet op 2, a read that found the end at 1, which comes before it "
        "in the "
        "log, began only at event 4; the 3 steps before it can be placed");
}

TEST_CASE("linearizability: an indefinite append may never happen, or fill a hole, but only if it began in time") {
  Script never;
  never.send(1, {no_offset, 10}, Outcome::indefinite);
  never.final_poll(2, {}, 0);
  CHECK(judge(never) == valid);

  Script fills;
  fills.send(1, {no_offset, 10}, Outcome::indefinite);
  fills.send(2, {1, 11});
  CHECK(judge(fills) == valid);

  Script began_too_late;
  began_too_late.send(2, {1, 11});
  began_too_late.send(1, {no_offset, 10}, Outcome::indefinite);
  CHECK(judge(began_too_late) == invalid);
  LinearizabilityRules holes_say_nothing;
  holes_say_nothing.fill_holes = false;
  CHECK(judge(began_too_late, holes_say_nothing) == valid);
}

TEST_CASE("linearizability: a second copy of a value is a violation unless retries may append twice") {
  Script script;
  script.send(1, {0, 10});
  script.send(1, {1, 11});
  script.final_poll(2, {{0, 10}, {1, 11}, {2, 10}}, 3);
  CHECK(judge(script) == invalid);
  LinearizabilityRules retries;
  retries.duplicates_allowed = true;
  CHECK(judge(script, retries) == valid);
}

TEST_CASE("linearizability: without offsets of acknowledged sends there is no answer") {
  Script script;
  script.send(1, {no_offset, 10});
  const Verdict verdict = check_linearizable(script.history());
  CHECK(verdict.outcome == Verdict::Outcome::unknown);
  CHECK(verdict.reason == "op 0 was acknowledged, but its offset is not known");
}

TEST_CASE("linearizability: partitions are judged apart") {
  Script script;
  script.send(1, {0, 10});
  script.send(1, {0, 11}, Outcome::ok, 1);
  script.send(1, {1, 12});
  CHECK(judge(script) == valid);
  script.send(1, {5, 13}, Outcome::ok, 1);
  const Verdict verdict = check_linearizable(script.history());
  REQUIRE(verdict.findings.size() == 1);
  CHECK(verdict.findings[0].partition == "t-1");
}
