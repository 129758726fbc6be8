#include "checkers/transactions/render_cycle.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "checkers/transactions/versions.h"

namespace faultline::transactions {

namespace {

constexpr std::size_t steps_told = 12;

// Which of `count` steps to show: all, or the first and the last of them.
struct Shown {
  std::size_t head;
  std::size_t tail;  // index of the first step after the gap
};

Shown shown_of(std::size_t count, std::size_t most) {
  if (count <= most) return {count, count};
  return {most - most / 4, count - most / 4};
}

std::string short_name(std::size_t step) { return "T" + std::to_string(step + 1); }

std::string transaction_text(const TransactionHistory& history, std::uint32_t transaction) {
  return transaction == initial_state ? std::string("the initial state") : describe(history, transaction);
}

std::string dot_text(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result;
}

template <class Visit>
void for_each_shown(const Cycle& cycle, std::size_t most, Visit visit) {
  const Shown shown = shown_of(cycle.steps.size(), most);
  for (std::size_t i = 0; i < cycle.steps.size(); ++i) {
    if (i == shown.head) i = shown.tail;
    if (i < cycle.steps.size()) visit(i);
  }
}

}  // namespace

std::string cycle_text(const TransactionHistory& history, const Cycle& cycle) {
  std::string text = "Let";
  for_each_shown(cycle, steps_told, [&](std::size_t i) {
    text += (i == 0 ? " " : ", ") + short_name(i) + " = " + name_of(history, cycle.steps[i].transaction);
  });
  text += ". ";
  const Shown shown = shown_of(cycle.steps.size(), steps_told);
  for_each_shown(cycle, steps_told, [&](std::size_t i) {
    if (i == shown.tail && i != shown.head) text += "... (" + std::to_string(shown.tail - shown.head) + " more) ... ";
    const std::size_t next = i + 1 == cycle.steps.size() ? 0 : i + 1;
    text += cycle.steps[i].text + " (" + std::string(to_string(cycle.steps[i].dependency)) + ": " + short_name(i) + " before " +
            short_name(next) + "). ";
  });
  return text + "That is a cycle.";
}

std::string cycle_json(const TransactionHistory& history, const Cycle& cycle) {
  nlohmann::ordered_json steps = nlohmann::ordered_json::array();
  for (const CycleStep& step : cycle.steps) {
    nlohmann::ordered_json json{{"op", nullptr}, {"process", nullptr}, {"transaction", "the initial state"}};
    if (step.transaction != initial_state) {
      const Transaction& transaction = history.transactions[step.transaction];
      json = {{"op", transaction.source}, {"process", transaction.process}, {"transaction", name_of(history, step.transaction)}};
    }
    json["dependency"] = to_string(step.dependency);
    if (step.dependency == Dependency::commit) {
      json["key"] = history.key_name(step.key);
      json["reader"] = history.transactions[step.reader].source;
    } else if (step.dependency <= Dependency::rw && step.transaction != initial_state) {
      json["key"] = history.key_name(step.key);
      json["value"] = history.value_text(step.value);
      if (step.dependency != Dependency::wr) json["newer"] = history.value_text(step.newer);
    }
    json["because"] = step.text;
    steps.push_back(std::move(json));
  }
  const nlohmann::ordered_json json{{"anomaly", cycle.anomaly}, {"failure", cycle.failure}, {"steps", std::move(steps)}};
  // Keys and values may be any bytes; what is not UTF-8 must not stop the report.
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string cycle_dot(const TransactionHistory& history, const Cycle& cycle, std::uint32_t transactions_max) {
  std::string text = "digraph cycle {\n  label=\"" + dot_text(cycle.anomaly) + "\";\n  node [shape=box];\n";
  const std::size_t most = std::max<std::size_t>(transactions_max, 4);
  const Shown shown = shown_of(cycle.steps.size(), most);
  const auto node = [&](std::size_t i) { return i >= shown.head && i < shown.tail ? std::string("gap") : short_name(i); };
  for_each_shown(cycle, most, [&](std::size_t i) {
    text += "  " + short_name(i) + " [label=\"" + short_name(i) + ": " +
            dot_text(transaction_text(history, cycle.steps[i].transaction)) + "\"];\n";
  });
  if (shown.head != shown.tail) {
    text += "  gap [style=dashed, label=\"" + std::to_string(shown.tail - shown.head) + " more\"];\n";
  }
  for_each_shown(cycle, most, [&](std::size_t i) {
    const CycleStep& step = cycle.steps[i];
    const std::size_t next = i + 1 == cycle.steps.size() ? 0 : i + 1;
    text += "  " + short_name(i) + " -> " + node(next) + " [label=\"" + std::string(to_string(step.dependency)) +
            "\", tooltip=\"" + dot_text(step.text) + "\"];\n";
  });
  if (shown.head != shown.tail) text += "  gap -> " + short_name(shown.tail) + " [style=dashed];\n";
  return text + "}\n";
}

}  // namespace faultline::transactions
