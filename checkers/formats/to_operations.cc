#include "checkers/formats/to_operations.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "checkers/formats/log_history_builder.h"
#include "checkers/formats/operation_syntax.h"

namespace faultline::formats {

namespace {

constexpr std::array models{Model::register_, Model::multi_register, Model::kv,    Model::mutex, Model::owned_mutex,
                            Model::set,       Model::queue,          Model::stack, Model::log,   Model::znodes};

OperationVector empty_vector(Model model) {
  switch (model) {
    case Model::register_: return std::vector<linearizability::RegisterOperation>();
    case Model::multi_register: return std::vector<linearizability::MultiRegisterOperation>();
    case Model::kv: return std::vector<linearizability::KvOperation>();
    case Model::mutex:
    case Model::owned_mutex: return std::vector<linearizability::MutexOperation>();
    case Model::set: return std::vector<linearizability::SetOperation>();
    case Model::queue:
    case Model::stack: return std::vector<linearizability::QueueOperation>();
    case Model::log: return std::vector<linearizability::LogOperation>();
    case Model::znodes: return std::vector<linearizability::ZnodeOperation>();
  }
  return {};
}

}  // namespace

std::span<const Model> all_models() { return models; }

std::string_view to_string(Model model) {
  switch (model) {
    case Model::register_: return "register";
    case Model::multi_register: return "multi-register";
    case Model::kv: return "kv";
    case Model::mutex: return "mutex";
    case Model::owned_mutex: return "owned-mutex";
    case Model::set: return "set";
    case Model::queue: return "queue";
    case Model::stack: return "stack";
    case Model::log: return "log";
    case Model::znodes: return "znodes";
  }
  return "";
}

std::optional<Model> parse_model(std::string_view name) {
  if (name == "cas-register") return Model::register_;
  if (name == "lock") return Model::mutex;
  const auto found = std::ranges::find_if(models, [&](Model model) { return to_string(model) == name; });
  return found == models.end() ? std::nullopt : std::optional(*found);
}

OperationConverter::OperationConverter(Model model) {
  read_.model = model;
  read_.operations = empty_vector(model);
}

Result<> OperationConverter::add(const Event& event, const EventReader& reader) {
  if (!event.client) {
    tally_.add_fault(event);
    return {};
  }
  if (events_ == linearizability::no_event - 1) return reader.error("the history is too long: more than 4 billion events");
  return event.type == EventType::invoke ? begin(event, reader) : end(event, reader);
}

Result<> OperationConverter::begin(const Event& event, const EventReader& reader) {
  const auto number = static_cast<std::uint32_t>(notes_.size());
  TRY(pairing_.open(event, number, reader));
  Note note;
  const SyntaxContext context{reader, keys_, read_.values};
  TRY(std::visit(
      [&](auto& operations) -> Result<> {
        typename std::decay_t<decltype(operations)>::value_type operation;
        TRY(read_input(event, context, operation.input, note.keyed, note.writes));
        operation.process = pairing_.process_of(event, number);
        operation.invoke_index = events_;
        operation.source = number;
        operations.push_back(std::move(operation));
        return {};
      },
      read_.operations));
  ++events_;
  note.begun = tally_.time_of(event);
  tally_.begun(note.begun);
  notes_.push_back(note);
  return {};
}

Result<> OperationConverter::end(const Event& event, const EventReader& reader) {
  const std::optional<std::uint32_t> number = TRY(pairing_.close(event, reader));
  if (!number)
    return reader.error(
        "this completes an operation that was not invoked; without invocations nothing is known of the order in time");
  Note& note = notes_[*number];
  const checkers::Outcome outcome = outcome_of(event.type);
  note.ended = true;
  note.failed = outcome == checkers::Outcome::fail;
  tally_.ended(note.begun, tally_.time_of(event), outcome, note.writes);
  const std::uint32_t index = events_++;
  if (outcome != checkers::Outcome::ok) return {};
  const SyntaxContext context{reader, keys_, read_.values};
  Value value = event.value;
  if (note.keyed) value = target_of(event, false).value;
  return std::visit(
      [&](auto& operations) -> Result<> {
        auto& operation = operations[*number];
        operation.completion_index = index;
        operation.outcome = linearizability::Outcome::ok;
        return read_output(value, event, context, operation.input, operation.output);
      },
      read_.operations);
}

ReadOperations OperationConverter::take() && {
  for (const Note& note : notes_) {
    if (!note.ended) tally_.left_open(note.writes);
  }
  std::visit(
      [&](auto& operations) {
        std::erase_if(operations, [&](const auto& operation) { return notes_[operation.source].failed; });
      },
      read_.operations);
  read_.keys = keys_.names();
  read_.vacuity = tally_.vacuity();
  read_.vacuity.partitions = read_.keys.size();
  return std::move(read_);
}

}  // namespace faultline::formats
