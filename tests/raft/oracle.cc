#include "oracle.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

namespace faultline::raft::testing {

std::string_view to_string(Rule rule) {
  constexpr std::array<std::string_view, 12> names{
      "election safety", "leader append-only", "log matching", "leader completeness", "state machine safety", "monotone",
      "one vote",        "durable majority",   "read index",   "core invariant",      "fatal finding",        "progress"};
  return names[static_cast<std::size_t>(rule)];
}

std::uint64_t digest_of(const Entry& entry) {
  std::uint64_t hash = mix64(0x9e3779b97f4a7c15u ^ static_cast<std::uint64_t>(entry.at.term.value()),
                             0xd6e8feb86659fd93u ^ static_cast<std::uint64_t>(entry.at.index.value()));
  if (const auto* command = std::get_if<Command>(&entry.body)) return hash_text(as_text(command->data), hash);
  if (const auto* changed = std::get_if<VotersChanged>(&entry.body)) {
    for (const Voter& voter : changed->voters) {
      hash = mix64(hash ^ static_cast<std::uint64_t>(voter.key.node.value()), 0xa0761d6478bd642fu ^ voter.key.directory.low);
    }
  }
  return hash;
}

void apply_to(Machine& machine, const Entry& entry) {
  machine.applied = entry.at.index;
  machine.state = mix64(machine.state ^ 0xe7037ed1a0b428dbu, digest_of(entry) ^ 0x8ebc6af09c88c6e3u);
}

std::string bytes_of(const Machine& machine, std::size_t size) {
  std::string result(size, '\0');
  for (std::size_t at = 0; at + sizeof(machine.state) <= size; at += sizeof(machine.state)) {
    std::memcpy(result.data() + at, &machine.state, sizeof(machine.state));
  }
  return result;
}

std::uint64_t state_in(std::string_view bytes) {
  std::uint64_t state = 0;
  std::memcpy(&state, bytes.data() + bytes.size() - sizeof(state), sizeof(state));
  return state;
}

void Oracle::report(Rule rule, std::string what) {
  const bool inside =
      rule == Rule::core_invariant || rule == Rule::one_vote || rule == Rule::durable_majority || rule == Rule::fatal;
  if (outcomes_only_ && inside) return;
  if (!violation_) violation_ = Violation{rule, std::move(what)};
}

std::uint64_t Oracle::state_at(Index index) const {
  return index == Index() ? 0 : committed_[static_cast<std::size_t>(index.value() - 1)].state;
}

void Oracle::after_step(const Core& core, const Before& before, const Effects& effects, const Machine& machine_before,
                        const DiskOf& disks) {
  if (effects.fatal) return report(Rule::fatal, *effects.fatal);
  if (auto broken = core.check_invariants()) report(Rule::core_invariant, fmt::format("{}: {}", to_string(core.self()), *broken));
  if (core.term() < before.term) report(Rule::monotone, "a term went back");
  if (core.commit_index() < before.commit) report(Rule::monotone, "a commit index went back");
  check_leadership(core, before, effects);
  if (!effects.writes.append.empty()) check_appends(core, effects);
  check_votes(effects);
  if (!effects.apply.empty()) check_applied(core, effects, machine_before, disks);
  for (const ReadOutcome& read : effects.reads) {
    if (read.index && *read.index < reads_[read.id]) report(Rule::read_index, "a read does not see what was committed before it");
  }
}

void Oracle::check_leadership(const Core& core, const Before& before, const Effects& effects) {
  if (!core.leads()) return;
  const auto [it, first] = leaders_.try_emplace(core.term(), core.self());
  if (it->second != core.self()) {
    report(Rule::election_safety,
           fmt::format("{} and {} lead term {}", to_string(it->second), to_string(core.self()), core.term().value()));
  }
  if (before.led && before.term == core.term()) {
    if (effects.writes.truncate_to || effects.writes.reset_log) report(Rule::leader_append_only, "a leader cut its log");
    return;
  }
  for (Index index = next_after(core.log().base().index); index <= committed_end(); ++index) {
    const Position& committed = committed_[static_cast<std::size_t>(index.value() - 1)].at;
    if (core.log().has(committed)) continue;
    report(Rule::leader_completeness,
           fmt::format("{} leads term {} without {}", to_string(core.self()), core.term().value(), to_string(committed)));
    return;
  }
}

void Oracle::check_appends(const Core& core, const Effects& effects) {
  for (const Entry& entry : effects.writes.append) {
    const std::optional<Term> previous = core.log().term_at(raft::before(entry.at.index));
    const Known now{previous.value_or(Term()), digest_of(entry)};
    const auto [it, fresh] = entries_.try_emplace(entry.at, now);
    if (it->second.digest != now.digest)
      report(Rule::log_matching, fmt::format("{} is two different entries", to_string(entry.at)));
    if (previous && it->second.previous_term != now.previous_term) {
      report(Rule::log_matching, fmt::format("{} follows entries of different terms", to_string(entry.at)));
    }
  }
}

void Oracle::check_votes(const Effects& effects) {
  for (const Message& message : effects.send) {
    const auto* reply = std::get_if<VoteReply>(&message.body);
    if (reply == nullptr || !reply->granted || reply->kind == VoteKind::pre) continue;
    const auto [it, first] = votes_.try_emplace({message.from, message.term}, message.to);
    if (it->second != message.to) {
      report(Rule::one_vote, fmt::format("{} voted twice in term {}", to_string(message.from), message.term.value()));
    }
  }
}

void Oracle::check_applied(const Core& core, const Effects& effects, Machine machine, const DiskOf& disks) {
  if (effects.reset) machine = {effects.reset->last.index, state_at(effects.reset->last.index)};
  for (const Entry& entry : effects.apply) {
    if (entry.at.index != next_after(machine.applied)) report(Rule::state_machine_safety, "entries are applied out of order");
    apply_to(machine, entry);
    const Committed now{entry.at, digest_of(entry), machine.state};
    if (entry.at.index == next_after(committed_end())) {
      if (core.leads()) check_majority(core, entry.at, disks);
      committed_.push_back(now);
      continue;
    }
    if (entry.at.index > committed_end()) return report(Rule::state_machine_safety, "a gap was applied");
    const Committed& then = committed_[static_cast<std::size_t>(entry.at.index.value() - 1)];
    if (then.at != now.at || then.digest != now.digest || then.state != now.state) {
      report(Rule::state_machine_safety,
             fmt::format("{} and {} were applied at one index", to_string(then.at), to_string(now.at)));
    }
  }
}

void Oracle::check_majority(const Core& core, const Position& position, const DiskOf& disks) {
  std::size_t holders = 0;
  for (const Voter& voter : core.voters()) {
    const auto disk = disks.find(voter.key);
    holders += disk != disks.end() && disk->second->holds(position) ? 1 : 0;
  }
  if (holders < core.voters().majority()) {
    report(Rule::durable_majority,
           fmt::format("{} was committed on {} disks of {}", to_string(position), holders, core.voters().size()));
  }
}

void Oracle::check_restored(const Core& core, Index index, std::uint64_t state) {
  if (index > committed_end() || state_at(index) != state) {
    report(Rule::state_machine_safety, fmt::format("{} restored another state at {}", to_string(core.self()), index.value()));
  }
}

}  // namespace faultline::raft::testing
