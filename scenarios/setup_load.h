// The first and the last client of a trial: one creates the topics before it begins, the other proves after it that the healed
// system moves again, by a write to every partition, and reads everything there is.
#pragma once

#include "runtime/env.h"
#include "scenarios/trial_state.h"

namespace faultline::scenarios {

/// Creates the scenario's topics, trying until they are there. Sets `done`.
void run_setup(Env& env, TrialState& state, bool& done);

/// How far the final reads came.
struct FinalReads {
  std::size_t written = 0;  // partitions that took a write
  std::size_t read = 0;     // partitions that were read to their end
  bool done = false;
  std::string last_error;
  std::vector<checkers::Finding> findings;
};

/// Writes to each of `partitions`, then reads each from its beginning to the end that ListOffsets gives, trying until it works.
/// `number` tells its records from those of the producers.
void run_final_reads(Env& env, TrialState& state, std::uint32_t number, std::vector<client::TopicPartition> partitions,
                     FinalReads& reads);

/// Creates a topic of so many replicas and deletes it again, trying until it works: proves that the metadata can be changed, and that so many
/// brokers are let in. Sets `done`.
void run_metadata_changes(Env& env, TrialState& state, std::int16_t replication, bool& done);

}  // namespace faultline::scenarios
