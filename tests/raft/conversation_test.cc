// Conversations with one core, message by message: the rules of the paper where timing and luck play no part.
#include <catch2/catch.hpp>
#include <deque>

#include "broker/raft/core.h"

using namespace faultline;
using namespace faultline::raft;

namespace {

ReplicaKey key(int node) { return {NodeId(node), DirectoryId{.high = 7, .low = static_cast<std::uint64_t>(node)}}; }

VoterSet voters(std::initializer_list<int> nodes) {
  std::vector<Voter> result;
  for (const int node : nodes) result.push_back({key(node), ""});
  return VoterSet(result);
}

Position at(int term, int index) { return {Term(term), Index(index)}; }
Entry entry(int term, int index) { return {at(term, index), Command{Slice::copy_of("x")}}; }

/// A log whose entries have these terms, behind the first one, which names voters 1, 2, 3.
std::vector<Entry> entries(std::initializer_list<int> terms) {
  std::vector<Entry> result = Recovered::bootstrap(voters({1, 2, 3})).entries;
  int index = 2;
  for (const int term : terms) result.push_back(entry(term, index++));
  return result;
}

Config config_with(Exhibits exhibits) {
  Config config;
  config.exhibits = exhibits;
  return config;
}

/// Voter 1 of three, and all that it said since it was last listened to.
class Talk {
 public:
  Talk(int term, std::initializer_list<int> terms, Exhibits exhibits = {})
      : core_(config_with(exhibits), key(1),
              {.hard_state = {Term(term), std::nullopt}, .snapshot = {}, .entries = entries(terms)},
              RandomSource(1).stream("core"), now_) {
    take(core_.start());
  }

  Core& core() { return core_; }
  void hear(int from, int term, MessageBody body) { step(Received{{key(from), key(1), Term(term), std::move(body)}}); }
  void step(Input input) { take(core_.step(now_, std::move(input))); }
  void pass(Duration time) {
    now_ += time;
    step(Tick());
  }
  /// A sync that was issued after the writes of step `sequence`; 0: of all steps so far.
  void synced(std::uint64_t sequence = 0) { step(Persisted{sequence == 0 ? written_ : sequence}); }
  std::uint64_t written() const { return written_; }
  const std::vector<Entry>& applied() const { return applied_; }
  const Effects& last() const { return last_; }

  /// The next thing that was said, which must be a Body.
  template <class Body>
  Body said() {
    REQUIRE_FALSE(said_.empty());
    const Message message = said_.front();
    said_.pop_front();
    INFO(to_string(message));
    REQUIRE(std::holds_alternative<Body>(message.body));
    return std::get<Body>(message.body);
  }
  bool silent() const { return said_.empty(); }
  void ignore() { said_.clear(); }

  /// Lets it win an election with the vote of voter 2, and answers nothing of what it then sends.
  void lead() {
    pass(2s);
    hear(2, core_.term().value(), VoteReply{.kind = VoteKind::pre, .granted = true, .leader = {}});
    synced();
    hear(2, core_.term().value(), VoteReply{.kind = VoteKind::real, .granted = true, .leader = {}});
    REQUIRE(core_.leads());
    ignore();
  }

 private:
  void take(Effects effects) {
    for (Message& message : effects.send) said_.push_back(message);
    for (const Entry& committed : effects.apply) applied_.push_back(committed);
    if (effects.writes.sequence != 0) written_ = effects.writes.sequence;
    last_ = std::move(effects);
    if (!last_.fatal) REQUIRE_FALSE(core_.check_invariants().has_value());
  }

  Time now_{};
  Core core_;
  std::deque<Message> said_;
  std::vector<Entry> applied_;
  std::uint64_t written_ = 0;
  Effects last_;
};

VoteRequest vote(Position last, VoteKind kind = VoteKind::real) { return {.kind = kind, .last = last}; }

AppendRequest append(Position previous, std::vector<Entry> what, int commit = 0) {
  return {.previous = previous, .entries = std::move(what), .commit = Index(commit), .read_round = 0};
}

}  // namespace

TEST_CASE("raft 5.2: a vote is answered when it is durable, and not before") {
  Talk talk(1, {1});
  talk.hear(2, 2, vote(at(1, 2)));
  CHECK(talk.silent());
  CHECK(talk.last().writes.hard_state == HardState{Term(2), key(2)});
  talk.synced();
  CHECK(talk.said<VoteReply>().granted);
  talk.hear(2, 2, vote(at(1, 2)));
  CHECK(talk.said<VoteReply>().granted);  // the same candidate asked again
  talk.hear(3, 2, vote(at(1, 9)));
  CHECK_FALSE(talk.said<VoteReply>().granted);
}

TEST_CASE(
    "KIP-853: another directory of the same node is another candidate, and what is meant for another directory is not heard") {
  Talk talk(1, {1});
  talk.hear(2, 2, vote(at(1, 2)));
  talk.synced();
  talk.ignore();
  ReplicaKey other = key(2);
  other.directory.low = 99;
  talk.step(Received{{other, key(1), Term(2), vote(at(1, 2))}});
  CHECK_FALSE(talk.said<VoteReply>().granted);
  ReplicaKey mine = key(1);
  mine.directory.low = 99;
  talk.step(Received{{key(3), mine, Term(5), vote(at(1, 2))}});
  CHECK(talk.silent());
  CHECK(talk.core().term() == Term(2));
}

TEST_CASE("raft 5.4.1: only a candidate whose log is as up-to-date gets the vote") {
  struct Case {
    Position candidate;
    bool granted;
  };
  const Case cases[] = {{at(3, 4), true},  {at(3, 5), true},  {at(4, 1), true},
                        {at(3, 3), false}, {at(2, 9), false}, {at(0, 0), false}};
  for (const auto& [candidate, granted] : cases) {
    Talk talk(3, {1, 2, 3});
    INFO(to_string(candidate));
    talk.hear(2, 4, vote(candidate));
    talk.synced();
    CHECK(talk.said<VoteReply>().granted == granted);
  }
}

TEST_CASE("KIP-996: a pre-vote changes nothing, and who hears a leader refuses it and names the leader") {
  Talk talk(3, {1});
  talk.hear(2, 3, vote(at(1, 2), VoteKind::pre));
  CHECK(talk.said<VoteReply>().granted);
  CHECK(talk.last().writes.sequence == 0);
  talk.hear(3, 3, append(at(1, 2), {}));
  CHECK(talk.said<AppendAccepted>().received == Index(2));
  talk.hear(2, 3, vote(at(1, 2), VoteKind::pre));
  const auto refused = talk.said<VoteReply>();
  CHECK_FALSE(refused.granted);
  CHECK(refused.leader == key(3));
}

TEST_CASE("thesis 4.2.3: who has heard no leader for the shortest election timeout would vote, though it waits longer itself") {
  Talk talk(3, {1});
  talk.hear(3, 3, append(at(1, 2), {}));
  talk.ignore();
  talk.pass(999ms);
  talk.hear(2, 3, vote(at(1, 2), VoteKind::pre));
  CHECK_FALSE(talk.said<VoteReply>().granted);
  talk.pass(1ms);
  REQUIRE(talk.core().leader() == key(3));
  talk.hear(2, 3, vote(at(1, 2), VoteKind::pre));
  CHECK(talk.said<VoteReply>().granted);
}

TEST_CASE("KIP-595: an observer whose leader is silent asks one node after the other, that leader last") {
  Talk talk(3, {});
  talk.hear(3, 3, append(at(0, 1), {Entry{at(3, 2), VotersChanged{voters({2, 3, 4})}}}, 2));
  talk.synced();
  talk.hear(3, 3, append(at(3, 2), {}));
  talk.ignore();
  talk.pass(999ms);
  REQUIRE(talk.silent());
  talk.pass(1ms);
  for (const int asked : {4, 2, 3, 4}) {
    REQUIRE(talk.last().send.size() == 1);
    CHECK(talk.last().send.front().to.node == NodeId(asked));
    CHECK(talk.said<Observe>().last == at(3, 2));
    talk.pass(200ms);
  }
  // One that has heard another leader names it: that is the next to be asked.
  talk.ignore();
  talk.hear(2, 4, LeaderHint{.leader = key(4)});
  CHECK(talk.last().send.front().to == key(4));
  talk.ignore();
  talk.pass(199ms);
  CHECK(talk.silent());
  talk.hear(4, 4, append(at(3, 2), {}));
  CHECK(talk.core().leader() == key(4));
}

TEST_CASE("raft 5.2: who is no voter any more, and is asked for its vote, gives it though it looks for a leader meanwhile") {
  Talk talk(3, {});
  talk.hear(3, 3, append(at(0, 1), {Entry{at(3, 2), VotersChanged{voters({2, 3})}}}, 2));
  talk.synced();
  talk.hear(2, 4, vote(at(3, 2)));
  talk.ignore();
  talk.pass(300ms);
  CHECK(talk.said<Observe>().last == at(3, 2));
  talk.synced();
  CHECK(talk.said<VoteReply>().granted);
}

TEST_CASE("observers: a leader that resigns says so to those who are no voters, and they look for another at once") {
  Talk leader(3, {});
  leader.lead();
  leader.hear(9, leader.core().term().value(), Observe{.last = at(0, 1)});
  leader.ignore();
  leader.hear(2, 9, vote(at(9, 9)));
  CHECK(leader.last().send.front().to == key(9));
  CHECK_FALSE(leader.said<LeaderHint>().leader.has_value());

  Talk observer(3, {});
  observer.hear(3, 3, append(at(0, 1), {Entry{at(3, 2), VotersChanged{voters({2, 3})}}}, 2));
  observer.ignore();
  observer.hear(3, 3, LeaderHint{});
  CHECK_FALSE(observer.core().leader().has_value());
  observer.pass(0ms);
  CHECK(observer.last().send.front().to.node == NodeId(2));
  CHECK(observer.said<Observe>().last == at(3, 2));
}

TEST_CASE("KRaft: no vote in a term whose leader is known") {
  Talk talk(3, {1});
  talk.hear(3, 3, append(at(1, 2), {}));
  talk.ignore();
  talk.hear(2, 3, vote(at(9, 9)));
  CHECK_FALSE(talk.said<VoteReply>().granted);
}

TEST_CASE("raft 5.3: a follower acknowledges what a sync has covered that was issued after the write") {
  Talk talk(1, {});
  talk.hear(2, 1, append(at(0, 1), {entry(1, 2)}));
  const std::uint64_t first = talk.written();
  CHECK(talk.said<AppendAccepted>().durable == Index(1));
  talk.hear(2, 1, append(at(1, 2), {entry(1, 3)}));
  CHECK(talk.said<AppendAccepted>().received == Index(3));
  talk.synced(first);
  CHECK(talk.said<AppendAccepted>().durable == Index(2));
  talk.synced();
  CHECK(talk.said<AppendAccepted>().durable == Index(3));
  talk.synced();
  CHECK(talk.silent());
}

TEST_CASE("raft 5.3: an append of a new term is acknowledged when that term is durable too") {
  Talk talk(1, {});
  talk.hear(2, 5, append(at(0, 1), {}));
  CHECK(talk.silent());
  talk.synced();
  CHECK(talk.said<AppendAccepted>().received == Index(1));
}

TEST_CASE("raft 5.3, Redpanda 17731: late and repeated appends cut nothing off that matches") {
  Talk talk(1, {1, 1, 1});
  talk.hear(2, 1, append(at(0, 1), {entry(1, 2)}));
  CHECK(talk.core().log().last() == at(1, 4));
  CHECK_FALSE(talk.last().writes.truncate_to.has_value());
  Talk mistaken(1, {1, 1, 1}, {Exhibit::redpanda_17731});
  mistaken.hear(2, 1, append(at(0, 1), {entry(1, 2)}));
  CHECK(mistaken.core().log().last() == at(1, 2));
}

TEST_CASE("raft 5.3, figure 7: what contradicts the leader is cut off, and a hint skips a term at a time") {
  Talk talk(3, {1, 1, 2, 2, 3, 3});
  talk.hear(2, 6, append(at(5, 7), {}));
  const auto rejected = talk.said<AppendRejected>();
  CHECK(rejected.previous == Index(7));
  CHECK(rejected.hint == at(3, 7));
  talk.hear(2, 6, append(at(1, 3), {entry(5, 4), entry(5, 5)}));
  CHECK(talk.core().log().last() == at(5, 5));
  CHECK(talk.last().writes.truncate_to == Index(3));
  REQUIRE(talk.last().writes.append.size() == 2);
}

TEST_CASE("raft 5.3: a truncation below the commit index stops the node") {
  Talk talk(2, {1, 1});
  talk.hear(2, 2, append(at(1, 3), {}, 3));
  CHECK(talk.core().commit_index() == Index(3));
  talk.hear(2, 2, append(at(1, 2), {entry(2, 3)}));
  CHECK(talk.last().fatal.has_value());
}

TEST_CASE("raft 5.3: a follower commits no further than it matches, whatever the leader's commit index is") {
  Talk talk(2, {1, 1});
  talk.hear(2, 2, append(at(1, 2), {}, 3));
  CHECK(talk.core().commit_index() == Index(2));
  CHECK(talk.applied().size() == 2);
}

TEST_CASE("raft 5.4.2, figure 8: a leader counts replicas only of entries of its own term") {
  for (const bool mistaken : {false, true}) {
    Talk talk(2, {2}, mistaken ? Exhibits{Exhibit::raft_figure_8} : Exhibits());
    talk.lead();
    talk.synced();
    const int term = talk.core().term().value();
    talk.hear(2, term, AppendAccepted{.received = Index(2), .durable = Index(2), .read_round = 0});
    CHECK(talk.core().commit_index() == Index(mistaken ? 2 : 0));
    talk.hear(2, term, AppendAccepted{.received = Index(3), .durable = Index(3), .read_round = 0});
    CHECK(talk.core().commit_index() == Index(3));
  }
}

TEST_CASE("thesis 10.2.1: a leader counts itself when its own disk has the entry") {
  Talk talk(1, {});
  talk.lead();
  talk.synced();
  talk.step(Propose{{Slice::copy_of("a")}});
  const Index index = talk.last().proposal->last.index;
  talk.ignore();
  talk.hear(2, talk.core().term().value(), AppendAccepted{.received = index, .durable = index, .read_round = 0});
  CHECK(talk.core().commit_index() == before(index));
  talk.synced();
  CHECK(talk.core().commit_index() == index);
}

TEST_CASE("raft 5.2: a candidate asks for votes when its own is durable") {
  Talk talk(1, {});
  talk.pass(2s);
  CHECK(talk.said<VoteRequest>().kind == VoteKind::pre);
  talk.ignore();
  talk.hear(2, 1, VoteReply{.kind = VoteKind::pre, .granted = true, .leader = {}});
  CHECK(talk.core().term() == Term(2));
  CHECK(talk.silent());
  talk.synced();
  CHECK(talk.said<VoteRequest>().kind == VoteKind::real);
}

TEST_CASE("raft 5.1: old requests learn of the new term, old answers are ignored") {
  Talk talk(4, {1});
  talk.hear(2, 3, append(at(1, 2), {}));
  CHECK(talk.said<AppendRejected>().previous == Index(2));
  talk.hear(2, 3, VoteReply{.kind = VoteKind::real, .granted = true, .leader = {}});
  CHECK(talk.silent());
  CHECK(talk.core().term() == Term(4));
}

TEST_CASE("thesis 6.4: a read waits for an entry of the leader's term, then for a majority to answer after it came") {
  Talk talk(1, {});
  talk.lead();
  const int term = talk.core().term().value();
  talk.step(ReadIndex{.id = 1});
  CHECK(talk.last().reads.empty());
  talk.synced();
  talk.hear(2, term, AppendAccepted{.received = Index(2), .durable = Index(2), .read_round = 0});
  CHECK(talk.core().commit_index() == Index(2));
  CHECK(talk.last().reads.empty());
  talk.hear(2, term, AppendAccepted{.received = Index(2), .durable = Index(2), .read_round = 0});
  CHECK(talk.last().reads.empty());  // an answer to what was sent before the read
  talk.hear(2, term, AppendAccepted{.received = Index(2), .durable = Index(2), .read_round = 1});
  REQUIRE(talk.last().reads.size() == 1);
  CHECK(talk.last().reads[0].index == Index(2));
  talk.step(ReadIndex{.id = 2});
  talk.hear(3, term + 1, append(at(1, 2), {}));
  REQUIRE(talk.last().reads.size() == 1);
  CHECK_FALSE(talk.last().reads[0].index.has_value());
}

TEST_CASE("recovery: a log that contradicts an installed snapshot is emptied, one that goes on behind it is kept") {
  const SnapshotMeta snapshot{.last = at(2, 3), .voters = voters({1, 2, 3}), .size_bytes = 8};
  const auto core_of = [&](std::initializer_list<int> terms) {
    return Core({}, key(1), {.hard_state = {Term(5), std::nullopt}, .snapshot = snapshot, .entries = entries(terms)},
                RandomStream(1), Time());
  };
  Core contradicted = core_of({1, 1, 1});
  CHECK(contradicted.start().writes.reset_log == at(2, 3));
  CHECK(contradicted.log().last() == at(2, 3));
  Core short_log = core_of({1});
  CHECK(short_log.start().writes.reset_log == at(2, 3));
  Core agreeing = core_of({1, 2, 3});
  const Effects effects = agreeing.start();
  CHECK_FALSE(effects.writes.reset_log.has_value());
  CHECK(effects.reset == snapshot);
  CHECK(agreeing.log().last() == at(3, 4));
  CHECK(agreeing.commit_index() == Index(3));
}

TEST_CASE("recovery: a term that the log has and the hard state has not is adopted, without a vote") {
  Core core({}, key(1), {.hard_state = {Term(1), key(2)}, .snapshot = {}, .entries = entries({1, 4})}, RandomStream(1), Time());
  CHECK(core.start().writes.hard_state == HardState{Term(4), std::nullopt});
}

TEST_CASE("raft 7: an installed snapshot is acknowledged when it is durable") {
  const SnapshotMeta snapshot{.last = at(1, 9), .voters = voters({1, 2, 3}), .size_bytes = 4};
  Talk talk(1, {1});
  talk.hear(2, 1, SnapshotChunk{.snapshot = snapshot, .offset = 0, .data = Slice::copy_of("ab"), .read_round = 0});
  CHECK(talk.said<SnapshotProgress>().received_bytes == 2);
  talk.hear(2, 1, SnapshotChunk{.snapshot = snapshot, .offset = 0, .data = Slice::copy_of("ab"), .read_round = 0});
  CHECK(talk.said<SnapshotProgress>().received_bytes == 2);  // again, by a repeated message
  CHECK_FALSE(talk.last().writes.chunk.has_value());
  talk.hear(2, 1, SnapshotChunk{.snapshot = snapshot, .offset = 2, .data = Slice::copy_of("cd"), .read_round = 0});
  CHECK(talk.last().writes.install == snapshot);
  CHECK(talk.last().writes.reset_log == at(1, 9));
  CHECK(talk.last().reset == snapshot);
  const auto received = talk.said<AppendAccepted>();
  CHECK(received.received == Index(9));
  CHECK(received.durable == Index(0));
  talk.synced();
  CHECK(talk.said<AppendAccepted>().durable == Index(9));
}

TEST_CASE("thesis 3.10: only the leader can ask for an election, and only a voter obeys") {
  Talk voter(1, {});
  voter.hear(2, 1, append(at(0, 1), {}));
  voter.hear(3, 1, TimeoutNow());
  CHECK(voter.core().term() == Term(1));
  voter.hear(2, 1, TimeoutNow());
  CHECK(voter.core().term() == Term(2));
  Talk removed(1, {});
  removed.hear(2, 1, append(at(0, 1), {Entry{at(1, 2), VotersChanged{voters({2, 3})}}}, 2));
  removed.hear(2, 1, TimeoutNow());
  CHECK(removed.core().term() == Term(1));
}
