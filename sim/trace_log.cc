#include "sim/trace_log.h"

#include <algorithm>
#include <utility>

#include "sim/faults.h"

namespace faultline::sim {
namespace {

std::string format_time(Time at) {
  const std::int64_t ns = at.time_since_epoch().count();
  std::string fraction = std::to_string(ns % 1'000'000'000);
  return std::to_string(ns / 1'000'000'000) + "." + std::string(9 - std::min<std::size_t>(9, fraction.size()), '0') + fraction;
}

std::string numbered(std::string_view word, std::uint64_t number) {
  return " " + std::string(word) + " " + std::to_string(number);
}

std::string arguments_of(const TraceRecord& record) {
  switch (record.kind) {
    case TraceKind::node_start: return numbered("incarnation", record.a);
    case TraceKind::listen: return numbered("port", record.a);
    case TraceKind::connect:
    case TraceKind::established:
    case TraceKind::accept:
    case TraceKind::end_of_stream:
    case TraceKind::reset: return numbered("connection", record.a);
    case TraceKind::connect_failed: return numbered("connection", record.a) + numbered("error", record.b);
    case TraceKind::write:
      return numbered("connection", record.a >> 32) + numbered("bytes", record.a & UINT32_MAX) + numbered("hash", record.b);
    case TraceKind::read:
    case TraceKind::deliver: return numbered("connection", record.a) + numbered("bytes", record.b);
    case TraceKind::disk_open:
    case TraceKind::disk_sync:
    case TraceKind::disk_names: return numbered("file", record.a) + numbered("hash", record.b);
    case TraceKind::disk_read:
    case TraceKind::disk_write:
    case TraceKind::disk_truncate: return numbered("file", record.a) + numbered("at", record.b);
    case TraceKind::disk_failed: return numbered("file", record.a) + numbered("error", record.b);
    case TraceKind::power_loss: return numbered("file", record.a) + numbered("pages", record.b);
    case TraceKind::fault: return " " + std::string(to_string(static_cast<FaultKind>(record.a)));
    default: return "";
  }
}

}  // namespace

std::string_view to_string(TraceKind kind) {
  static constexpr std::string_view names[] = {
      "node_start",    "node_stop",     "crash",       "kill",           "pause",     "resume",     "timers",
      "listen",        "connect",       "established", "connect_failed", "accept",    "write",      "read",
      "deliver",       "end_of_stream", "reset",       "disk_open",      "disk_read", "disk_write", "disk_sync",
      "disk_truncate", "disk_names",    "disk_failed", "power_loss",     "fault",     "point"};
  static_assert(std::size(names) == static_cast<std::size_t>(TraceKind::point) + 1);
  return names[static_cast<std::size_t>(kind)];
}

std::string format_fields(std::span<const TraceField> fields) {
  std::string text;
  for (const TraceField& field : fields) {
    text += (text.empty() ? "" : " ") + std::string(field.key) + "=";
    text += field.text.empty() ? std::to_string(field.number) : std::string(field.text);
  }
  return text;
}

void RunLog::clear() {
  records_.clear();
  points_.clear();
  fields_.clear();
  texts_.clear();
}

std::string RunLog::format(std::size_t index) const {
  const TraceRecord& record = records_[index];
  std::string line = format_time(record.at);
  if (record.node != no_node) line += " n" + std::to_string(record.node.value());
  if (record.kind != TraceKind::point) return line + " " + std::string(to_string(record.kind)) + arguments_of(record);
  const Point& point = points_[record.a];
  line += " " + std::string(point.point->name);
  for (std::uint32_t i = point.first_field; i < point.first_field + point.field_count; ++i) {
    const Field& field = fields_[i];
    line += " " + std::string(field.key) + "=";
    line += field.text_bytes > 0 ? texts_.substr(field.text_offset, field.text_bytes) : std::to_string(field.number);
  }
  return line;
}

void TraceLog::add_point(Time at, NodeId node, const TracePoint& point, std::initializer_list<TraceField> fields) {
  std::uint64_t content = hash_text(point.name);
  for (const TraceField& field : fields) {
    content = hash_text(field.key, content);
    content = field.text.empty()
                  ? mix64(content ^ 0x9e3779b97f4a7c15u, static_cast<std::uint64_t>(field.number) ^ 0xa0761d6478bd642fu)
                  : hash_text(field.text, content);
  }
  hash_.add(static_cast<std::uint64_t>(at.time_since_epoch().count()), content);
  hash_.add(static_cast<std::uint64_t>(TraceKind::point), node.value());
  ++count_;
  if (listener_ && point.level > TraceLevel::debug) {
    listener_({.at = at, .node = node, .kind = TraceKind::point, .point = &point, .fields = {fields.begin(), fields.size()}});
  }
  if (keep_ == TraceKeep::none) return;
  // The record first: it may turn the generations over, and the fields must be in the same one.
  store(TraceRecord{at, TraceKind::point, node, 0, content, hash_.value()});
  young_.records_.back().a = young_.points_.size();
  young_.points_.push_back(
      {&point, static_cast<std::uint32_t>(young_.fields_.size()), static_cast<std::uint32_t>(fields.size())});
  for (const TraceField& field : fields) {
    young_.fields_.push_back({field.key, field.number, static_cast<std::uint32_t>(young_.texts_.size()),
                              static_cast<std::uint32_t>(field.text.size())});
    young_.texts_ += field.text;
  }
}

void TraceLog::turn_over() {
  std::swap(young_, old_);
  young_.clear();
  young_.skipped_ = old_.skipped_ + old_.records_.size();
}

std::vector<std::string> TraceLog::last(std::size_t limit) const {
  std::vector<std::string> lines;
  for (const RunLog* log : {&old_, &young_}) {
    for (std::size_t i = 0; i < log->records_.size(); ++i) {
      const std::size_t newer = log->records_.size() - i + (log == &old_ ? young_.records_.size() : 0);
      if (newer <= limit) lines.push_back(log->format(i));
    }
  }
  return lines;
}

RunLog TraceLog::take() { return std::exchange(young_, {}); }

std::optional<Divergence> first_divergence(const RunLog& first, const RunLog& second) {
  const std::size_t common = std::min(first.records().size(), second.records().size());
  std::size_t low = 0;  // every event before it is equal: the hash of an event covers all before it
  std::size_t high = common;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (first.records()[middle].hash == second.records()[middle].hash) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == first.records().size() && low == second.records().size()) return std::nullopt;
  const auto text = [low](const RunLog& log) {
    return low < log.records().size() ? log.format(low) : std::string("(the run ended)");
  };
  return Divergence{low, text(first), text(second)};
}

}  // namespace faultline::sim
