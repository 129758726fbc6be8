// Exhibits: mistakes that others shipped, each behind one switch that puts it back into this program, in one place where that is enough.
//
// A harness that cannot find the bugs which are known to have happened proves nothing by finding none. So each exhibit has a name, the
// wrong rule and the right one, and a core reads its switch at one single line. A core gets its Exhibits with its configuration; the
// set is empty everywhere but in the simulator and in tests, and no configuration file of a broker can name one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace faultline {

enum class Exhibit : std::uint8_t {
  kip_101,
  kip_279,
  kafka_7415,
  kafka_7786,
  kafka_8400,
  kip_903,
  kafka_13916,
  kip_966,
  kafka_14154,
  kafka_12751,
  kafka_0_8,
  kafka_7866,
  kafka_10778,
  kafka_16541,
  kafka_10101,
  kafka_6683,
  redpanda_3039,
  kafka_15489,
  raft_figure_8,
  raft_single_server_change,
  raft_vote_not_persisted,
  redpanda_17731,
  fsync_trap,
  sync_credited_with_later_writes,
  duplicate_acknowledged_early,
  epoch_led_twice,
};

/// What is known about an exhibit: its name on the command line, and the rule that is broken while it is on.
struct ExhibitCard {
  Exhibit exhibit;
  std::string_view name;
  std::string_view wrong;
  std::string_view right;
};

/// One card per exhibit, in the order of the enum.
inline constexpr std::array exhibit_cards{
    ExhibitCard{Exhibit::kip_101, "kip-101", "a follower truncates to its own high watermark",
                "it asks the leader where its epoch ends"},
    ExhibitCard{Exhibit::kip_279, "kip-279", "the answer about an epoch's end does not say for which epoch",
                "it does, and the follower asks again"},
    ExhibitCard{Exhibit::kafka_7415, "kafka-7415", "a leader notes its epoch at its first append",
                "at its election, before it serves"},
    ExhibitCard{Exhibit::kafka_7786, "kafka-7786", "an answer from an older leader epoch is applied", "it is ignored"},
    ExhibitCard{Exhibit::kafka_8400, "kafka-8400", "the -1 fields of a failed read update a follower's state",
                "a failed read updates nothing"},
    ExhibitCard{Exhibit::kip_903, "kip-903", "an old AlterPartition admits a broker that was wiped since",
                "it names broker epochs, which must match"},
    ExhibitCard{Exhibit::kafka_13916, "kafka-13916", "a fenced replica joins the ISR", "it is not eligible"},
    ExhibitCard{Exhibit::kip_966, "kip-966", "the last ISR member is trusted after it lost unsynced data",
                "eligible leader replicas know who still has it"},
    ExhibitCard{Exhibit::kafka_14154, "kafka-14154", "a controller that is behind calls a newer leader epoch fenced",
                "it says that it is not the controller"},
    ExhibitCard{Exhibit::kafka_12751, "kafka-12751", "a duplicate AlterPartition leaves its request in flight for ever",
                "each answer ends the request"},
    ExhibitCard{Exhibit::kafka_0_8, "kafka-0.8", "the ISR may shrink to the leader and acks=all is content",
                "a minimum ISR, and clean elections only"},
    ExhibitCard{Exhibit::kafka_7866, "kafka-7866", "the log end moves after the index was written", "it moves with the append"},
    ExhibitCard{Exhibit::kafka_10778, "kafka-10778", "appends go on after an I/O error", "the log is fenced"},
    ExhibitCard{Exhibit::kafka_16541, "kafka-16541", "the epoch checkpoint is not synced", "it is, before anything relies on it"},
    ExhibitCard{Exhibit::kafka_10101, "kafka-10101", "what recovery read counts as flushed", "it is synced first"},
    ExhibitCard{Exhibit::kafka_6683, "kafka-6683", "producer state changes before the append", "after it has succeeded"},
    ExhibitCard{Exhibit::redpanda_3039, "redpanda-3039", "a retried batch is out of sequence for a new leader",
                "it remembers the last five batches"},
    ExhibitCard{Exhibit::kafka_15489, "kafka-15489", "a leader that hears from no majority stays leader",
                "it resigns (check quorum)"},
    ExhibitCard{Exhibit::raft_figure_8, "raft-figure-8", "an entry of an older term is committed by counting replicas",
                "only entries of the current term are"},
    ExhibitCard{Exhibit::raft_single_server_change, "raft-single-server-change",
                "voters may change before an entry of the leader's term is committed", "not until one is"},
    ExhibitCard{Exhibit::raft_vote_not_persisted, "raft-vote-not-persisted", "a vote is answered before it is on the disk",
                "after it is"},
    ExhibitCard{Exhibit::redpanda_17731, "redpanda-17731", "a delayed append cuts off entries that match it",
                "it skips what is there already"},
    ExhibitCard{Exhibit::fsync_trap, "fsync-trap", "a failed sync is tried again and believed", "the log has failed"},
    ExhibitCard{Exhibit::sync_credited_with_later_writes, "sync-credited-with-later-writes",
                "a sync covers what was written while it ran", "only what was complete before it was issued"},
    ExhibitCard{Exhibit::duplicate_acknowledged_early, "duplicate-acknowledged-early", "a retried batch is acknowledged at once",
                "when the watermark has passed the original"},
    ExhibitCard{Exhibit::epoch_led_twice, "epoch-led-twice", "a restarted leader goes on in its old epoch",
                "a new incarnation never does"},
};

/// Which exhibits are on. None, unless a test or a simulated run says so.
class Exhibits {
 public:
  constexpr Exhibits() = default;
  constexpr Exhibits(std::initializer_list<Exhibit> exhibits) {
    for (const Exhibit exhibit : exhibits) bits_ |= bit(exhibit);
  }

  /// Whether the mistake is to be made. Each exhibit is asked for where it is made, kafka-14154 also by who would avoid it.
  constexpr bool on(Exhibit exhibit) const { return (bits_ & bit(exhibit)) != 0; }
  constexpr bool none() const { return bits_ == 0; }
  constexpr void insert(Exhibit exhibit) { bits_ |= bit(exhibit); }

  constexpr bool operator==(const Exhibits&) const = default;

 private:
  static constexpr std::uint64_t bit(Exhibit exhibit) { return std::uint64_t{1} << static_cast<unsigned>(exhibit); }

  std::uint64_t bits_ = 0;
};

constexpr const ExhibitCard& card_of(Exhibit exhibit) { return exhibit_cards[static_cast<std::size_t>(exhibit)]; }

/// The exhibit of that name, if there is one.
constexpr std::optional<Exhibit> exhibit_named(std::string_view name) {
  for (const ExhibitCard& card : exhibit_cards) {
    if (card.name == name) return card.exhibit;
  }
  return std::nullopt;
}

}  // namespace faultline
