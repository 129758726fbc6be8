#include "reports/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace faultline::reports {

using checkers::Vacuity;
using checkers::Verdict;

namespace {

constexpr std::size_t columns = 100;

// Breaks `text` between words, so that no line is longer than `columns` unless a word is.
std::string wrapped(std::string_view text, std::string_view first_indent, std::string_view indent) {
  std::string result(first_indent);
  std::size_t column = first_indent.size();
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    text = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
    if (column > indent.size() && column + word.size() > columns) {
      while (!result.empty() && result.back() == ' ') result.pop_back();
      result += fmt::format("\n{}", indent);
      column = indent.size();
    }
    result += word;
    column += word.size() + 1;
    if (!text.empty()) result += ' ';
  }
  return result + "\n";
}

std::string found(const Verdict& verdict) {
  if (verdict.outcome == Verdict::Outcome::unknown) return verdict.reason;
  std::string text;
  for (const checkers::AnomalyCount& entry : verdict.counts) {
    text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", entry.anomaly, entry.count, entry.failure ? "" : " (allowed)");
  }
  return text.empty() ? "nothing found" : text;
}

// "97.3 %", rounded down, so that 100 % means all.
std::string share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "none to count";
  __extension__ using Wide = unsigned __int128;
  const auto tenths = static_cast<std::uint64_t>(static_cast<Wide>(part) * 1000 / whole);
  return fmt::format("{}.{} %", tenths / 10, tenths % 10);
}

std::string names(const std::vector<std::string>& list) {
  constexpr std::size_t shown = 8;
  if (list.size() <= shown) return fmt::format("{}", fmt::join(list, ", "));
  return fmt::format("{} and {} more", fmt::join(list.begin(), list.begin() + shown, ", "), list.size() - shown);
}

}  // namespace

std::string verdict_table(std::span<const NamedVerdict> verdicts) {
  std::size_t width = 0;
  for (const NamedVerdict& row : verdicts) width = std::max(width, row.checker.size());
  std::string text;
  for (const NamedVerdict& row : verdicts) {
    const std::string head = fmt::format("  {:<{}}  {:<7}  ", row.checker, width, checkers::to_string(row.verdict.outcome));
    text += wrapped(found(row.verdict), head, std::string(head.size(), ' '));
  }
  return text;
}

std::string findings_text(const Verdict& verdict, const checkers::LogHistory* history) {
  std::string text;
  for (const checkers::Finding& finding : verdict.findings) {
    text += wrapped(finding.text, fmt::format("  {}{}: ", finding.anomaly, finding.failure ? "" : " (allowed)"), "    ");
    if (history == nullptr) continue;
    std::vector<std::uint32_t> witness = finding.witness;
    std::sort(witness.begin(), witness.end());
    witness.erase(std::unique(witness.begin(), witness.end()), witness.end());
    for (const std::uint32_t operation : witness) text += wrapped(checkers::describe(*history, operation), "      ", "        ");
  }
  for (const checkers::AnomalyCount& entry : verdict.counts) {
    const auto spelled_out = static_cast<std::uint64_t>(
        std::count_if(verdict.findings.begin(), verdict.findings.end(),
                      [&](const checkers::Finding& finding) { return finding.anomaly == entry.anomaly; }));
    if (entry.count > spelled_out) text += fmt::format("  {}: {} more like it\n", entry.anomaly, entry.count - spelled_out);
  }
  return text;
}

std::string vacuity_text(const Vacuity& did) {
  std::string text;
  text += fmt::format("  operations    {} ({} sends, {} polls): {} ok, {} failed, {} indefinite ({})\n", did.operations,
                      did.sends, did.polls, did.ok, did.failed, did.indefinite, share(did.indefinite, did.operations));
  text += fmt::format("  acknowledged  {} records, {} of them read ({})\n", did.acknowledged, did.acknowledged_read,
                      share(did.acknowledged_read, did.acknowledged));
  text += fmt::format("  read          {} records in {} polls\n", did.records_read, did.ok_polls);
  text += fmt::format("  faults        {}, {} of them during an operation\n", did.faults, did.faults_overlapping);
  if (!did.never_polled.empty()) text += wrapped(names(did.never_polled), "  never polled  ", std::string(16, ' '));
  if (!did.never_read_to_end.empty()) text += wrapped(names(did.never_read_to_end), "  end not read  ", std::string(16, ' '));
  return text;
}

std::string report_text(std::span<const NamedVerdict> verdicts, const checkers::LogHistory* history,
                        std::span<const std::string> unmet_requirements) {
  std::string text = "verdicts\n" + verdict_table(verdicts);
  std::string findings;
  for (const NamedVerdict& row : verdicts) findings += findings_text(row.verdict, history);
  if (!findings.empty()) text += "findings\n" + findings;
  if (!verdicts.empty()) text += "tested\n" + vacuity_text(verdicts.front().verdict.vacuity);
  if (!unmet_requirements.empty()) text += "not enough was tested\n";
  for (const std::string& requirement : unmet_requirements) text += wrapped(requirement, "  ", "    ");
  return text;
}

}  // namespace faultline::reports
