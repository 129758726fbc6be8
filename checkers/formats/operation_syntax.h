// How the operations of each model are written in a history: what an invocation asks for, and what a completion answers.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "checkers/formats/event.h"
#include "checkers/formats/event_reader.h"
#include "checkers/formats/names.h"
#include "checkers/linearizability/models.h"

namespace faultline::formats {

/// What the functions below need beside the event.
struct SyntaxContext {
  const EventReader& reader;
  NameTable& keys;
  ValueNumbers& values;
};

/// An invocation taken apart: which object, and with what. `keyed`: the two stood as a pair in the value.
struct Target {
  Value key;
  Value value;
  bool keyed = false;
};
/// `pair_size`: of an unkeyed value that is a vector, how long it is (2: of a cas), so that a pair is told from it.
Target target_of(const Event& event, bool value_is_pair);

/// The input that an invocation describes. `keyed` and `writes` are set. Errors: malformed.
Result<> read_input(const Event& event, const SyntaxContext& context, linearizability::RegisterInput& input, bool& keyed,
                    bool& writes);
Result<> read_input(const Event& event, const SyntaxContext& context, linearizability::MultiRegisterInput& input, bool& keyed,
                    bool& writes);
Result<> read_input(const Event& event, const SyntaxContext& context, linearizability::KvInput& input, bool& keyed, bool& writes);
Result<> read_input(const Event& event, const SyntaxContext& context, linearizability::MutexInput& input, bool& keyed,
                    bool& writes);
Result<> read_input(const Event& event, const SyntaxContext& context, linearizability::SetInput& input, bool& keyed,
                    bool& writes);
Result<> read_input(const Event& event, const SyntaxContext& context, linearizability::QueueInput& input, bool& keyed,
                    bool& writes);
Result<> read_input(const Event& event, const SyntaxContext& context, linearizability::LogInput& input, bool& keyed,
                    bool& writes);
Result<> read_input(const Event& event, const SyntaxContext& context, linearizability::ZnodeInput& input, bool& keyed,
                    bool& writes);

/// The output that an ok completion with `value` describes. Errors: malformed.
Result<> read_output(const Value& value, const Event& event, const SyntaxContext& context,
                     const linearizability::RegisterInput& input, linearizability::RegisterOutput& output);
Result<> read_output(const Value& value, const Event& event, const SyntaxContext& context,
                     const linearizability::MultiRegisterInput& input, linearizability::MultiRegisterOutput& output);
Result<> read_output(const Value& value, const Event& event, const SyntaxContext& context, const linearizability::KvInput& input,
                     linearizability::KvOutput& output);
Result<> read_output(const Value& value, const Event& event, const SyntaxContext& context,
                     const linearizability::MutexInput& input, linearizability::MutexOutput& output);
Result<> read_output(const Value& value, const Event& event, const SyntaxContext& context, const linearizability::SetInput& input,
                     linearizability::SetOutput& output);
Result<> read_output(const Value& value, const Event& event, const SyntaxContext& context,
                     const linearizability::QueueInput& input, linearizability::QueueOutput& output);
Result<> read_output(const Value& value, const Event& event, const SyntaxContext& context, const linearizability::LogInput& input,
                     linearizability::LogOutput& output);
Result<> read_output(const Value& value, const Event& event, const SyntaxContext& context,
                     const linearizability::ZnodeInput& input, linearizability::ZnodeOutput& output);

}  // namespace faultline::formats
