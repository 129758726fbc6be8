// A consuming client of a trial: reads its partitions, by assignment, and writes down what it was given.
#pragma once

#include <string>

#include "broker/client/consumer.h"
#include "runtime/env.h"
#include "scenarios/trial_state.h"

namespace faultline::scenarios {

/// The program of one consuming node. `starts` counts its starts. Returns when the trial stops.
void run_consumer(Env& env, TrialState& state, const Consumer& spec, const std::string& node, std::uint64_t& starts);

/// The records of a poll as the history wants them: the number of each payload, or of its damage, and who is said to have sent it.
struct HistoryRecords {
  std::vector<checkers::LogRecord> records;
  std::vector<checkers::RecordAttributes> attributes;

  void add(TrialState& state, const std::vector<client::ConsumerRecord>& polled);
};

}  // namespace faultline::scenarios
