// Several files that are clients of one run, as one history: their events in the order of their times.
//
// Every client wrote down what it did by one clock. Where two events of different files have the same time nobody knows which was
// first: a call is taken to be before a return then, so that the operations overlap, as in Porcupine. Where the order within the files
// does not allow that, the clock was too coarse, and the history is refused rather than guessed at. So is a process that two files
// have: its operations would be taken for those of one client.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "checkers/formats/event_reader.h"

namespace faultline::formats {

struct NamedReader {
  std::string name;
  std::unique_ptr<EventReader> reader;
};

/// Requires: all readers are of one format. Errors of the reader: an event without a time or without a process, times that go back within
/// a file, clocks or processes that collide; headers that state different models.
std::unique_ptr<EventReader> make_merged_reader(std::vector<NamedReader> readers);

}  // namespace faultline::formats
