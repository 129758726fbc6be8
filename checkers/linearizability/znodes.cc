// ZooKeeper's tree, as far as its data operations go. The rules are those of Apache ZooKeeper's PrepRequestProcessor:
// - a delete asks for the node, then for its version, then for children in the way, and the first that is wrong is the error;
// - a create asks for the parent, then for the node; a sequential one has the parent's cversion in its name, in ten digits, and only
//   creates count it up (a delete lowers the number of children);
// - a set asks for the node, then for its version, and counts that up.
#include <fmt/format.h>

#include <algorithm>

#include "checkers/linearizability/models.h"
#include "checkers/linearizability/text.h"

namespace faultline::linearizability {
namespace {

using Kind = ZnodeInput::Kind;
using Error = ZnodeOutput::Error;
using Tree = std::vector<Znode>;

template <class Nodes>
auto find(Nodes& tree, std::string_view path) {
  const auto node =
      std::lower_bound(tree.begin(), tree.end(), path, [](const Znode& a, std::string_view b) { return a.path < b; });
  return node != tree.end() && node->path == path ? node : tree.end();
}

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? "/" : path.substr(0, slash);
}

std::vector<std::string> children_of(const Tree& tree, std::string_view path) {
  std::vector<std::string> names;
  for (const Znode& node : tree) {
    if (node.path != "/" && parent_of(node.path) == path) names.push_back(node.path.substr(node.path.rfind('/') + 1));
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The answer of a server that is asked alone; `tree` becomes what it is afterwards.
ZnodeOutput perform(Tree& tree, const ZnodeInput& input) {
  ZnodeOutput answer;
  if (input.kind == Kind::create) {
    const auto parent = find(tree, parent_of(input.path));
    if (parent == tree.end()) return {.error = Error::no_node};
    answer.path = input.sequential ? fmt::format("{}{:010}", input.path, parent->next_sequence) : input.path;
    if (find(tree, answer.path) != tree.end()) return {.error = Error::node_exists};
    ++parent->next_sequence;
    const auto place =
        std::lower_bound(tree.begin(), tree.end(), answer.path, [](const Znode& a, const std::string& b) { return a.path < b; });
    tree.insert(place, Znode{.path = answer.path, .data = input.data});
    return answer;
  }
  const auto node = find(tree, input.path);
  if (node == tree.end()) return {.error = Error::no_node};
  const bool asks_version = input.kind == Kind::set || input.kind == Kind::remove;
  if (asks_version && input.version != ZnodeInput::any_version && input.version != node->version)
    return {.error = Error::bad_version};
  if (input.kind == Kind::remove) {
    if (!children_of(tree, input.path).empty()) return {.error = Error::not_empty};
    tree.erase(node);
    return answer;
  }
  if (input.kind == Kind::set) {
    node->data = input.data;
    ++node->version;
  }
  answer.version = node->version;
  answer.data = node->data;
  if (input.kind == Kind::children) answer.names = children_of(tree, input.path);
  return answer;
}

// Whether a client that was told `told` can have asked a server that answered `answer`.
bool agrees(const ZnodeInput& input, const ZnodeOutput& told, const ZnodeOutput& answer) {
  if (told.error != answer.error) return false;
  if (answer.error != Error::none) return true;
  if (input.kind == Kind::create) return !input.sequential || told.path.empty() || told.path == answer.path;
  if (input.kind == Kind::get && told.data != answer.data) return false;
  if (input.kind == Kind::children) {
    std::vector<std::string> names = told.names;
    std::sort(names.begin(), names.end());
    return names == answer.names;
  }
  return input.kind == Kind::remove || told.version == -1 || told.version == answer.version;
}

std::string_view error_text(Error error) {
  static constexpr std::string_view names[] = {"ok", "no node", "node exists", "not empty", "bad version"};
  return names[static_cast<std::size_t>(error)];
}

}  // namespace

Znodes::State Znodes::initial() const { return {Znode{.path = "/"}}; }

std::optional<Znodes::State> Znodes::apply(const State& state, const ZnodeInput& input, const ZnodeOutput* output) const {
  State next = state;
  const ZnodeOutput answer = perform(next, input);
  return output == nullptr || agrees(input, *output, answer) ? std::optional(std::move(next)) : std::nullopt;
}

std::uint64_t Znodes::hash(const State& state) const {
  std::uint64_t hash = state.size();
  for (const Znode& node : state) {
    hash = hash_text(node.path, mixed(static_cast<std::int64_t>(hash), node.data, node.version, node.next_sequence));
  }
  return hash;
}

bool Znodes::observes(const ZnodeInput& input, const ZnodeOutput* output) const {
  const bool changes = input.kind == Kind::create || input.kind == Kind::remove || input.kind == Kind::set;
  return !changes || (output != nullptr && output->error != Error::none);
}

std::size_t Znodes::bytes(const State& state) const {
  std::size_t bytes = state.capacity() * sizeof(Znode);
  for (const Znode& node : state) bytes += node.path.capacity();
  return bytes;
}

std::uint64_t Znodes::hash_input(const ZnodeInput& input) const {
  return hash_text(input.path, mixed(static_cast<int>(input.kind), input.data, input.version, input.sequential));
}

std::uint64_t Znodes::hash_output(const ZnodeOutput& output) const {
  std::uint64_t hash = hash_text(output.path, mixed(static_cast<int>(output.error), output.data, output.version));
  for (const std::string& name : output.names) hash = hash_text(name, hash);
  return hash;
}

std::string Znodes::describe(const ZnodeInput& input, const ZnodeOutput* output) const {
  static constexpr std::string_view names[] = {"create", "delete", "set", "get", "exists", "children of"};
  std::string text = fmt::format("{} {}", names[static_cast<std::size_t>(input.kind)], input.path);
  if (input.kind == Kind::create || input.kind == Kind::set) text += " = " + value_text(input.data);
  if (input.version != ZnodeInput::any_version) text += fmt::format(" at version {}", input.version);
  if (output == nullptr) return text + " -> ?";
  if (output->error != Error::none) return text + fmt::format(" -> {}", error_text(output->error));
  if (input.kind == Kind::get) text += " -> " + value_text(output->data);
  if (input.kind == Kind::children) text += fmt::format(" -> [{}]", fmt::join(output->names, " "));
  if (input.kind == Kind::create && input.sequential) text += " -> " + output->path;
  if (output->version != -1) text += fmt::format(" (version {})", output->version);
  return text;
}

bool Znodes::touched(const ZnodeOperation& operation, std::vector<std::int64_t>& values) const {
  const ZnodeInput& input = operation.input;
  const bool root = input.path == "/";
  // These look at, or count, all children of the root.
  if (root && (input.kind == Kind::children || input.kind == Kind::create || input.kind == Kind::remove)) return false;
  if (input.kind == Kind::create && input.sequential && parent_of(input.path) == "/") return false;
  const std::string_view top = std::string_view(input.path).substr(0, root ? 1 : input.path.find('/', 1));
  // Two names of one hash are only taken for one: less can be taken away then.
  values.push_back(static_cast<std::int64_t>(hash_text(top, 0)));
  return true;
}

// A node that has just been made has no past.
bool Znodes::settles(const ZnodeOperation& operation) const {
  const ZnodeInput& input = operation.input;
  return input.kind == Kind::create && !input.sequential && operation.output.error == Error::none && input.path.size() > 1 &&
         parent_of(input.path) == "/";
}

// One of unknown outcome may have failed, which changes nothing.
bool Znodes::always_possible(const ZnodeOperation& operation) const { return !operation.ok(); }

}  // namespace faultline::linearizability
