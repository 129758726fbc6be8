// The bridge from what was read to the checker of its model.
#include <charconv>
#include <string>
#include <variant>

#include "base/check.h"
#include "checkers/formats/to_operations.h"

namespace faultline::formats {

namespace {

namespace lin = linearizability;

template <class Operation>
std::span<const Operation> operations_of(const ReadOperations& read) {
  const auto* operations = std::get_if<std::vector<Operation>>(&read.operations);
  ENSURE(operations != nullptr);
  return *operations;
}

lin::Result check_model(const ReadOperations& read, const lin::Options& options) {
  switch (read.model) {
    case Model::register_: return lin::check(lin::Register{}, operations_of<lin::RegisterOperation>(read), options);
    case Model::multi_register:
      return lin::check(lin::MultiRegister{}, operations_of<lin::MultiRegisterOperation>(read), options);
    case Model::kv: return lin::check(lin::Kv{}, operations_of<lin::KvOperation>(read), options);
    case Model::mutex: return lin::check(lin::Mutex{}, operations_of<lin::MutexOperation>(read), options);
    case Model::owned_mutex:
      return lin::check(lin::Mutex{.check_owner = true}, operations_of<lin::MutexOperation>(read), options);
    case Model::set: return lin::check(lin::Set{}, operations_of<lin::SetOperation>(read), options);
    case Model::queue: return lin::check(lin::Queue{}, operations_of<lin::QueueOperation>(read), options);
    case Model::stack: return lin::check(lin::Stack{}, operations_of<lin::QueueOperation>(read), options);
    case Model::log: return lin::check(lin::Log{}, operations_of<lin::LogOperation>(read), options);
    case Model::znodes: return lin::check(lin::Znodes{}, operations_of<lin::ZnodeOperation>(read), options);
  }
  return {};
}

// The checker knows objects by number ("key 3"); the file had names, or one object without any.
std::string with_key_names(std::string text, const std::vector<std::string>& names) {
  constexpr std::string_view word = "key ";
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    std::size_t number = 0;
    const char* digits = text.data() + at + word.size();
    const auto [end, error] = std::from_chars(digits, text.data() + text.size(), number);
    if (error != std::errc{} || number >= names.size()) continue;
    const auto length = static_cast<std::size_t>(end - (text.data() + at));
    const std::string name = names[number].empty() ? std::string("the object") : std::string(word) + names[number];
    text.replace(at, length, name);
  }
  return text;
}

}  // namespace

lin::Result check(const ReadOperations& read, const lin::Options& options) {
  lin::Result result = check_model(read, options);
  const auto restored = [&](std::string text) { return read.values.restore(with_key_names(std::move(text), read.keys)); };
  result.text = restored(std::move(result.text));
  result.reason = restored(std::move(result.reason));
  result.object = restored(std::move(result.object));
  for (lin::WitnessOperation& operation : result.witness) operation.text = read.values.restore(std::move(operation.text));
  return result;
}

}  // namespace faultline::formats
