#include "checkers/formats/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace faultline::formats {

namespace {

using Names = std::set<std::string, std::less<>>;

// What the events of a sample do.
struct Seen {
  Names functions;  // of operations
  Names micro;      // of the parts of transactions
  bool list_read = false;
  std::string stated;  // by the header

  bool has(std::string_view f) const { return functions.contains(f); }
  bool any(std::initializer_list<std::string_view> names) const {
    return std::ranges::any_of(names, [&](std::string_view name) { return has(name); });
  }
};

void look_at(const Event& event, Seen& seen) {
  if (!event.f.empty()) seen.functions.emplace(event.f);
  if (!event.value.is_sequence()) return;
  for (const Value& item : event.value.items()) {
    const std::span<const Value> parts = item.items();
    if (!item.is_sequence() || parts.empty() || !parts[0].is_name()) continue;
    const std::string_view name = parts[0].text();
    constexpr std::array<std::string_view, 7> micro{"append", "r", "w", "read", "write", "send", "poll"};
    if (std::ranges::find(micro, name) == micro.end()) continue;
    seen.micro.emplace(name);
    if ((name == "r" || name == "read") && parts.size() == 3 && parts[2].is_sequence()) seen.list_read = true;
  }
}

Seen look(Format format, std::string_view sample) {
  Seen seen;
  TextInput input(sample, "sample");
  const std::unique_ptr<EventReader> reader = make_reader(format, input);
  Event event;
  // The sample may be cut in the middle of an event; an error is met again, and told, when the file is read.
  for (Result<bool> more = reader->next(event); more && *more; more = reader->next(event)) {
    if (event.client) look_at(event, seen);
  }
  seen.stated = reader->header().find("model").text();
  return seen;
}

std::optional<Workload> transactions_of(const Seen& seen) {
  const auto has = [&](std::string_view name) { return seen.micro.contains(name); };
  if (has("send") || has("poll")) return Workload{WorkloadKind::log};
  if (has("append") || seen.list_read) return Workload{WorkloadKind::list_append};
  if (has("w") || has("write")) return Workload{WorkloadKind::rw_register};
  return std::nullopt;
}

std::optional<Workload> object_of(const Seen& seen) {
  const auto model = [](Model which) { return Workload{WorkloadKind::model, which}; };
  if (seen.any({"send", "poll", "assign", "subscribe", "seek", "rebalance", "commit"})) return Workload{WorkloadKind::log};
  if (seen.any({"cas", "compare-and-set", "compare-and-swap"})) return model(Model::register_);
  if (seen.any({"acquire", "release", "lock", "unlock"})) return model(Model::mutex);
  if (seen.any({"enqueue", "dequeue"})) return model(Model::queue);
  if (seen.any({"push", "pop"})) return model(Model::stack);
  if (seen.any({"create", "children"})) return model(Model::znodes);
  if (seen.any({"add", "contains"})) return model(Model::set);
  if (seen.any({"get", "put"})) return model(Model::kv);
  if (seen.has("append") && seen.has("read")) return model(Model::log);
  if (seen.any({"write", "w"})) return model(Model::register_);
  return std::nullopt;
}

}  // namespace

std::string_view to_string(const Workload& workload) {
  switch (workload.kind) {
    case WorkloadKind::log: return "log";
    case WorkloadKind::model: return to_string(workload.model);
    case WorkloadKind::list_append: return "elle-list-append";
    case WorkloadKind::rw_register: return "elle-register";
  }
  return "";
}

std::optional<Workload> parse_workload(std::string_view name) {
  for (const WorkloadKind kind : {WorkloadKind::log, WorkloadKind::list_append, WorkloadKind::rw_register}) {
    if (name == to_string(Workload{kind})) return Workload{kind};
  }
  // "log" is the checker of logs with offsets; the model of that name is asked for with --model.
  const std::optional<Model> model = parse_model(name.starts_with("model:") ? name.substr(6) : name);
  return model ? std::optional(Workload{WorkloadKind::model, *model}) : std::nullopt;
}

Guess guess_workload(Format format, std::string_view sample, bool whole) {
  if (!whole) sample = sample.substr(0, sample.rfind('\n') + 1);
  const Seen seen = look(format, sample);
  if (!seen.stated.empty()) {
    if (const auto stated = parse_workload(seen.stated)) return {stated, "the header says so"};
    return {std::nullopt, fmt::format("the header's model \"{}\" is not known", seen.stated)};
  }
  const std::string what = fmt::format("operations {}", fmt::join(seen.functions, ", "));
  if (const auto workload = transactions_of(seen))
    return {workload, fmt::format("transactions of {}", fmt::join(seen.micro, ", "))};
  if (const auto workload = object_of(seen)) return {workload, what};
  if (format == Format::jsonl) return {Workload{WorkloadKind::log}, "the format says so"};
  return {std::nullopt, seen.functions.empty() ? std::string("no operation of a client was found") : what};
}

}  // namespace faultline::formats
