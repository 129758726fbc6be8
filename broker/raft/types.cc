// Voter sets are small (3 to 9) and change rarely: a sorted vector that is copied.
#include "broker/raft/types.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace faultline::raft {

namespace {

constexpr std::size_t entry_overhead_bytes = 32;  // term, index, kind, lengths; about what a codec needs
constexpr std::size_t voter_bytes = 64;           // a key and an endpoint

}  // namespace

VoterSet::VoterSet(std::vector<Voter> voters) : voters_(std::move(voters)) {
  std::ranges::sort(voters_, {}, &Voter::key);
  const auto same_node = [](const Voter& a, const Voter& b) { return a.key.node == b.key.node; };
  ENSURE(std::ranges::adjacent_find(voters_, same_node) == voters_.end());
}

const Voter* VoterSet::find(const ReplicaKey& key) const {
  const auto it = std::ranges::find(voters_, key, &Voter::key);
  return it == voters_.end() ? nullptr : &*it;
}

const Voter* VoterSet::find(NodeId node) const {
  const auto it = std::ranges::find_if(voters_, [&](const Voter& voter) { return voter.key.node == node; });
  return it == voters_.end() ? nullptr : &*it;
}

VoterSet VoterSet::with(Voter voter) const {
  std::vector<Voter> voters = voters_;
  voters.push_back(std::move(voter));
  return VoterSet(std::move(voters));
}

VoterSet VoterSet::without(const ReplicaKey& key) const {
  ENSURE(contains(key));
  VoterSet result = *this;
  std::erase_if(result.voters_, [&](const Voter& voter) { return voter.key == key; });
  return result;
}

std::size_t Entry::size_bytes() const {
  if (const auto* command = std::get_if<Command>(&body)) return entry_overhead_bytes + command->data.size();
  if (const auto* changed = std::get_if<VotersChanged>(&body)) return entry_overhead_bytes + changed->voters.size() * voter_bytes;
  return entry_overhead_bytes;
}

std::string to_string(const ReplicaKey& key) {
  if (!key.directory.known()) return fmt::format("{}", key.node.value());
  return fmt::format("{}/{:x}{:x}", key.node.value(), key.directory.high, key.directory.low);
}

std::string to_string(const Position& position) { return fmt::format("{}.{}", position.term.value(), position.index.value()); }

}  // namespace faultline::raft
