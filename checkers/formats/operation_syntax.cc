#include "checkers/formats/operation_syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

namespace faultline::formats {

using namespace linearizability;  // NOLINT(google-build-using-namespace): its inputs and outputs are all this file is about
using faultline::Result;
using Key = linearizability::Key;
using formats::Value;

namespace {

// A function of a model under the names that histories give it.
template <class Kind>
struct Function {
  Kind kind;
  std::string_view name;
};

template <class Kind, std::size_t size>
faultline::Result<Kind> kind_of(const Event& event, const SyntaxContext& context, std::string_view model,
                                const std::array<Function<Kind>, size>& functions) {
  for (const Function<Kind>& function : functions) {
    if (function.name == event.f) return function.kind;
  }
  std::string names;
  for (const Function<Kind>& function : functions) names += fmt::format("{}{}", names.empty() ? "" : ", ", function.name);
  return context.reader.error(
      event.fields.find("f"),
      fmt::format("\"{}\" is no operation of a {}: it has {}. For another model give --model", event.f, model, names));
}

linearizability::Key number_of(const Value& key, const SyntaxContext& context) {
  return key.is_nil() ? context.keys.number("") : context.keys.number(plain_text(key));
}

linearizability::Value content(const Value& value, const SyntaxContext& context) {
  return value.is_nil() ? nil : context.values.number(value);
}

std::string kv_text(const Value& value) { return value.is_nil() ? std::string() : plain_text(value); }

bool is_pair(const Value& value) { return value.is_sequence() && value.items().size() == 2; }

bool is_collection(const Value& value) { return value.is_sequence() || value.kind() == Kind::set; }

}  // namespace

Target target_of(const Event& event, bool value_is_pair) {
  if (!event.key.is_nil()) return {event.key, event.value, false};
  // #jepsen.independent.Tuple{:key k, :value v}
  if (event.value.kind() == Kind::tagged && event.value.items()[1].contains("key")) {
    const Value& map = event.value.items()[1];
    return {map.find("key"), map.find("value"), true};
  }
  if (!is_pair(event.value)) return {Value(), event.value, false};
  const std::span<const Value> parts = event.value.items();
  if (value_is_pair && !is_pair(parts[1])) return {Value(), event.value, false};
  return {parts[0], parts[1], true};
}

faultline::Result<> read_input(const Event& event, const SyntaxContext& context, RegisterInput& input, bool& keyed,
                               bool& writes) {
  using K = RegisterInput::Kind;
  static constexpr std::array functions{Function<K>{K::read, "read"},
                                        Function<K>{K::write, "write"},
                                        Function<K>{K::cas, "cas"},
                                        Function<K>{K::read, "r"},
                                        Function<K>{K::read, "get"},
                                        Function<K>{K::write, "w"},
                                        Function<K>{K::write, "set"},
                                        Function<K>{K::write, "put"},
                                        Function<K>{K::cas, "compare-and-set"},
                                        Function<K>{K::cas, "compare-and-swap"}};
  input.kind = TRY(kind_of(event, context, "register", functions));
  const Target target = target_of(event, input.kind == K::cas);
  keyed = target.keyed;
  writes = input.kind != K::read;
  input.key = number_of(target.key, context);
  if (input.kind == K::write) input.value = content(target.value, context);
  if (input.kind != K::cas) return {};
  if (!is_pair(target.value)) return context.reader.error(target.value, "the value of a cas is a pair: [expected new]");
  input.expected = content(target.value.items()[0], context);
  input.value = content(target.value.items()[1], context);
  return {};
}

faultline::Result<> read_output(const Value& value, const Event& /*event*/, const SyntaxContext& context,
                                const RegisterInput& input, RegisterOutput& output) {
  if (input.kind == RegisterInput::Kind::read) output.value = content(value, context);
  if (input.kind == RegisterInput::Kind::cas) output.succeeded = value.kind() != Kind::boolean || value.is_true();
  return {};
}

faultline::Result<> read_input(const Event& event, const SyntaxContext& context, MultiRegisterInput& input, bool& keyed,
                               bool& writes) {
  keyed = false;
  writes = false;
  if (!event.value.is_sequence())
    return context.reader.error(event.value, "the value must be a vector of [:read key value] and [:write key value]");
  for (const Value& item : event.value.items()) {
    const std::span<const Value> parts = item.items();
    const std::string_view name = parts.empty() ? std::string_view() : parts[0].text();
    const bool read = name == "r" || name == "read";
    const bool write = name == "w" || name == "write";
    if (!item.is_sequence() || parts.size() < 2 || (!read && !write) || (write && parts.size() != 3)) {
      return context.reader.error(item, "expected [:read key value] or [:write key value]");
    }
    input.accesses.push_back({write, number_of(parts[1], context), write ? content(parts[2], context) : nil});
    writes = writes || write;
  }
  return {};
}

faultline::Result<> read_output(const Value& value, const Event& event, const SyntaxContext& context,
                                const MultiRegisterInput& input, MultiRegisterOutput& output) {
  if (!value.is_sequence() || value.items().size() != input.accesses.size()) {
    return context.reader.error(event.value, "the completion must repeat the operations of the invocation, with what was read");
  }
  for (const Value& item : value.items()) {
    if (item.items().size() != 3) return context.reader.error(item, "expected [:read key value] or [:write key value]");
    output.values.push_back(content(item.items()[2], context));
  }
  return {};
}

faultline::Result<> read_input(const Event& event, const SyntaxContext& context, KvInput& input, bool& keyed, bool& writes) {
  using K = KvInput::Kind;
  static constexpr std::array functions{
      Function<K>{K::get, "get"},   Function<K>{K::put, "put"}, Function<K>{K::append, "append"}, Function<K>{K::get, "read"},
      Function<K>{K::put, "write"}, Function<K>{K::get, "r"},   Function<K>{K::put, "w"},         Function<K>{K::put, "set"}};
  input.kind = TRY(kind_of(event, context, "kv", functions));
  const Target target = target_of(event, false);
  keyed = target.keyed;
  writes = input.kind != K::get;
  input.key = number_of(target.key, context);
  if (writes) input.value = kv_text(target.value);
  return {};
}

faultline::Result<> read_output(const Value& value, const Event& /*event*/, const SyntaxContext& /*context*/,
                                const KvInput& input, KvOutput& output) {
  if (input.kind == KvInput::Kind::get) output.value = kv_text(value);
  return {};
}

faultline::Result<> read_input(const Event& event, const SyntaxContext& context, MutexInput& input, bool& keyed, bool& writes) {
  using K = MutexInput::Kind;
  static constexpr std::array functions{Function<K>{K::acquire, "acquire"}, Function<K>{K::release, "release"},
                                        Function<K>{K::acquire, "lock"}, Function<K>{K::release, "unlock"}};
  input.kind = TRY(kind_of(event, context, "mutex", functions));
  keyed = false;
  writes = true;
  input.key = number_of(event.key, context);
  input.owner = event.process.value_or(0);
  return {};
}

faultline::Result<> read_output(const Value& value, const Event& /*event*/, const SyntaxContext& /*context*/,
                                const MutexInput& /*input*/, MutexOutput& output) {
  output.granted = value.kind() != Kind::boolean || value.is_true();
  return {};
}

faultline::Result<> read_input(const Event& event, const SyntaxContext& context, SetInput& input, bool& keyed, bool& writes) {
  using K = SetInput::Kind;
  static constexpr std::array functions{Function<K>{K::add, "add"},
                                        Function<K>{K::remove, "remove"},
                                        Function<K>{K::contains, "contains"},
                                        Function<K>{K::read, "read"},
                                        Function<K>{K::add, "insert"},
                                        Function<K>{K::remove, "delete"},
                                        Function<K>{K::contains, "contains?"},
                                        Function<K>{K::read, "r"}};
  input.kind = TRY(kind_of(event, context, "set", functions));
  keyed = false;
  writes = input.kind == K::add || input.kind == K::remove;
  input.key = number_of(event.key, context);
  if (input.kind != K::read) input.element = content(event.value, context);
  return {};
}

faultline::Result<> read_output(const Value& value, const Event& event, const SyntaxContext& context, const SetInput& input,
                                SetOutput& output) {
  using Answer = SetOutput::Answer;
  if (value.kind() == Kind::boolean) output.answer = value.is_true() ? Answer::yes : Answer::no;
  if (input.kind == SetInput::Kind::contains && output.answer == Answer::not_told) {
    return context.reader.error(event.value, "the completion of a contains is true or false");
  }
  if (input.kind != SetInput::Kind::read) return {};
  if (!is_collection(value) && !value.is_nil())
    return context.reader.error(event.value, "the completion of a read is a collection of elements");
  for (const Value& element : value.items()) output.elements.push_back(content(element, context));
  return {};
}

faultline::Result<> read_input(const Event& event, const SyntaxContext& context, QueueInput& input, bool& keyed, bool& writes) {
  using K = QueueInput::Kind;
  static constexpr std::array functions{Function<K>{K::put, "enqueue"}, Function<K>{K::take, "dequeue"},
                                        Function<K>{K::put, "push"},    Function<K>{K::take, "pop"},
                                        Function<K>{K::put, "put"},     Function<K>{K::take, "take"},
                                        Function<K>{K::put, "offer"},   Function<K>{K::take, "poll"}};
  input.kind = TRY(kind_of(event, context, "queue", functions));
  keyed = false;
  writes = input.kind == K::put;
  input.key = number_of(event.key, context);
  if (writes) input.value = content(event.value, context);
  return {};
}

faultline::Result<> read_output(const Value& value, const Event& /*event*/, const SyntaxContext& context, const QueueInput& input,
                                QueueOutput& output) {
  if (input.kind == QueueInput::Kind::take) output.value = content(value, context);
  return {};
}

faultline::Result<> read_input(const Event& event, const SyntaxContext& context, LogInput& input, bool& keyed, bool& writes) {
  using K = LogInput::Kind;
  static constexpr std::array functions{Function<K>{K::append, "append"}, Function<K>{K::read, "read"},
                                        Function<K>{K::append, "send"}, Function<K>{K::read, "poll"}};
  input.kind = TRY(kind_of(event, context, "log", functions));
  keyed = false;
  writes = input.kind == K::append;
  input.key = number_of(event.key, context);
  if (writes) input.value = content(event.value, context);
  if (writes || event.value.is_nil()) return {};
  if (!event.value.is_integer() || event.value.integer() < 0)
    return context.reader.error(event.value, "the value of a read is the first offset wanted");
  input.from = event.value.integer();
  return {};
}

faultline::Result<> read_output(const Value& value, const Event& event, const SyntaxContext& context, const LogInput& input,
                                LogOutput& output) {
  if (input.kind == LogInput::Kind::append) {
    // [offset value], or the value alone if the offset was not told.
    if (is_pair(value) && value.items()[0].is_integer() && value.items()[0].integer() >= 0)
      output.offset = value.items()[0].integer();
    return {};
  }
  if (!value.is_sequence() && !value.is_nil())
    return context.reader.error(event.value, "the completion of a read is a vector of values");
  for (const Value& item : value.items()) output.values.push_back(content(item, context));
  return {};
}

faultline::Result<> read_input(const Event& event, const SyntaxContext& context, ZnodeInput& input, bool& keyed, bool& writes) {
  using K = ZnodeInput::Kind;
  static constexpr std::array functions{Function<K>{K::create, "create"}, Function<K>{K::remove, "delete"},
                                        Function<K>{K::set, "set"},       Function<K>{K::get, "get"},
                                        Function<K>{K::exists, "exists"}, Function<K>{K::children, "children"},
                                        Function<K>{K::remove, "remove"}, Function<K>{K::exists, "exists?"}};
  input.kind = TRY(kind_of(event, context, "znode tree", functions));
  keyed = false;
  writes = input.kind == K::create || input.kind == K::remove || input.kind == K::set;
  const Value& path = event.key.is_nil() ? event.value.find("path") : event.key;
  if (!path.text().starts_with('/'))
    return context.reader.error(event.value, "expected {:path \"/a\", :data 1, :version 0, :sequential false}");
  input.path = path.text();
  input.data = content(event.value.is_map() ? event.value.find("data") : event.value, context);
  const Value version = event.value.find("version");
  if (version.is_integer() && version.integer() >= 0 && version.integer() < 1'000'000'000)
    input.version = static_cast<std::int32_t>(version.integer());
  input.sequential = event.value.find("sequential").is_true();
  return {};
}

faultline::Result<> read_output(const Value& value, const Event& event, const SyntaxContext& context, const ZnodeInput& input,
                                ZnodeOutput& output) {
  using E = ZnodeOutput::Error;
  static constexpr std::array errors{Function<E>{E::no_node, "no-node"}, Function<E>{E::node_exists, "node-exists"},
                                     Function<E>{E::not_empty, "not-empty"}, Function<E>{E::bad_version, "bad-version"}};
  for (const Function<E>& error : errors) {
    if (event.error.text() == error.name) output.error = error.kind;
  }
  output.path = value.find("path").text();
  const Value version = value.find("version");
  if (version.is_integer() && version.integer() >= 0 && version.integer() < 1'000'000'000)
    output.version = static_cast<std::int32_t>(version.integer());
  if (input.kind == ZnodeInput::Kind::get) output.data = content(value.is_map() ? value.find("data") : value, context);
  if (input.kind == ZnodeInput::Kind::exists && value.kind() == Kind::boolean && !value.is_true()) output.error = E::no_node;
  if (input.kind != ZnodeInput::Kind::children) return {};
  const Value names = value.is_map() ? value.find("names") : value;
  if (!is_collection(names) && !names.is_nil())
    return context.reader.error(event.value, "the completion of children is a collection of names");
  for (const Value& name : names.items()) output.names.push_back(plain_text(name));
  return {};
}

}  // namespace faultline::formats
