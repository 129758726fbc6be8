#include "broker/node/data_directory.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "broker/log/text_checkpoint.h"
#include "broker/metadata/topic_name.h"
#include "broker/node/properties.h"

namespace faultline {
namespace {

constexpr TracePoint log_refused{"node.log_refused", TraceLevel::error};
constexpr TracePoint leftover_removed{"node.leftover_removed", TraceLevel::info};
constexpr TracePoint removal_failed{"node.removal_failed", TraceLevel::warning};

constexpr std::string_view meta_file = "meta.properties";
constexpr std::string_view partition_file = "partition.metadata";
constexpr std::string_view topic_id_key = "topic-id";
constexpr std::string_view deleted_prefix = "deleted.";
constexpr std::size_t meta_bytes_max = 64 * 1024;

Error bad_meta(const std::string& what) { return Error(Errc::corrupt, std::string(meta_file) + ": " + what); }

/// The partition whose log would lie in a directory of that name.
std::optional<PartitionId> parse_partition_directory(std::string_view name) {
  const std::size_t dash = name.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  PartitionId id;
  id.topic = name.substr(0, dash);
  const std::string_view digits = name.substr(dash + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id.index);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  if (!whole || to_string(id) != name || !metadata::check_topic_name(id.topic)) return std::nullopt;
  return id;
}

Slice encode_partition_metadata(const protocol::Uuid& topic_id) {
  return seal_checkpoint(std::string(topic_id_key) + " " + to_string(topic_id) + "\n");
}

Result<protocol::Uuid> decode_partition_metadata(Bytes bytes) {
  const CheckpointLines lines = TRY(open_checkpoint(bytes));
  if (lines.size() != 1 || lines[0].key != topic_id_key) return Error(Errc::corrupt, "expected one topic-id");
  Result<protocol::Uuid> id = protocol::parse_uuid(lines[0].value);
  if (!id || id->is_zero()) return Error(Errc::corrupt, "not a topic id: " + lines[0].value);
  return id;
}

}  // namespace

DataDirectory::DataDirectory(Env& env, Duration disk_timeout, std::unique_ptr<DirectoryLock> lock)
    : env_(env),
      disk_timeout_(disk_timeout),
      lock_(std::move(lock)),
      ids_(env.random.stream("directory ids")),
      removals_(env.tasks) {}

Result<std::unique_ptr<DataDirectory>> DataDirectory::open(Env& env, std::int32_t node_id, Duration disk_timeout) {
  std::unique_ptr<DirectoryLock> lock = TRY(env.disk.lock());
  std::unique_ptr<DataDirectory> directory(new DataDirectory(env, disk_timeout, std::move(lock)));
  TRY(directory->load_identity(node_id));
  return directory;
}

protocol::Uuid DataDirectory::draw_id() {
  const std::uint64_t high = ids_.next();
  const std::uint64_t low = ids_.next();
  return protocol::Uuid::of(high, low);
}

Result<> DataDirectory::load_identity(std::int32_t node_id) {
  const Slice bytes = TRY(read_whole(env_.disk, meta_file, meta_bytes_max, deadline()));
  std::map<std::string, std::string> values;
  const Result<> parsed =
      parse_properties(meta_file, as_text(bytes), [&](std::string_view key, std::string_view value) -> Result<> {
        values[std::string(key)] = std::string(value);
        return {};
      });
  if (!parsed) return Error(Errc::corrupt, parsed.error().detail);
  if (values["version"] != "1") return bad_meta("expected version=1");
  if (values["node.id"] != std::to_string(node_id)) {
    return Error(Errc::invalid_argument,
                 "the data directory belongs to node " + values["node.id"] + ", this is node " + std::to_string(node_id));
  }
  const Result<protocol::Uuid> id = protocol::parse_uuid(values["directory.id"]);
  if (!id) return bad_meta("directory.id: " + id.error().detail);
  directory_id_ = *id;
  cluster_id_ = values["cluster.id"];
  if (cluster_id_.empty()) return bad_meta("no cluster.id");
  return {};
}

Result<std::vector<DataDirectory::FoundDirectory>> DataDirectory::find_logs() {
  std::vector<FoundDirectory> found;
  for (const DirectoryEntry& entry : TRY(env_.disk.list("", deadline()))) {
    if (!entry.is_directory) continue;
    if (entry.name.starts_with(deleted_prefix)) {
      TRY(remove_leftover(entry.name));
      continue;
    }
    std::optional<PartitionId> id = parse_partition_directory(entry.name);
    if (!id) continue;
    const std::string path = entry.name + "/" + std::string(partition_file);
    const Result<Slice> bytes = read_whole(env_.disk, path, meta_bytes_max, deadline());
    if (!bytes && bytes.error() == Errc::not_found) {
      TRY(remove_half_made(entry.name));
      continue;
    }
    const Result<protocol::Uuid> topic_id = decode_partition_metadata(TRY(bytes));
    if (!topic_id) return Error(Errc::corrupt, path + ": " + topic_id.error().detail);
    if (TRY(was_never_finished(entry.name))) {
      TRY(remove_leftover(entry.name));
      continue;
    }
    found.push_back({std::move(*id), *topic_id});
  }
  return found;
}

Result<> DataDirectory::remove_leftover(const std::string& directory) {
  TRY(remove_tree(env_.disk, directory, deadline()));
  env_.trace.emit(leftover_removed, {{"directory", directory}});
  return env_.disk.sync_dir("", deadline());
}

// Nothing is in there before partition.metadata is: a log without it has lost it, and is not to be thrown away for that.
Result<> DataDirectory::remove_half_made(const std::string& directory) {
  for (const DirectoryEntry& entry : TRY(env_.disk.list(directory, deadline()))) {
    if (entry.name == checkpoint_file || parse_segment_file_name(entry.name) >= 0) {
      return Error(Errc::corrupt, directory + " holds a log, but no " + std::string(partition_file));
    }
  }
  return remove_leftover(directory);
}

// The checkpoint comes last when a log is made, and nothing is appended before. Without one, a log that holds something has lost it.
Result<bool> DataDirectory::was_never_finished(const std::string& directory) {
  for (const DirectoryEntry& entry : TRY(env_.disk.list(directory, deadline()))) {
    if (entry.name == checkpoint_file) return false;
    if (parse_segment_file_name(entry.name) < 0) continue;
    const std::unique_ptr<File> segment = TRY(env_.disk.open(directory + "/" + entry.name, OpenMode::read, deadline()));
    if (TRY(segment->size()) > 0) return false;
  }
  return true;
}

Result<DataDirectory::FoundLog> DataDirectory::open_log(const FoundDirectory& found, const LogConfig& config) {
  RecoveryReport report;
  const std::string directory = to_string(found.id);
  Result<std::unique_ptr<PartitionLog>> log =
      PartitionLog::open(LogContext::of(env_), directory, LogOpen::existing, config, report);
  if (log) return FoundLog{found.id, found.topic_id, std::move(*log), false, report.damaged};
  if (log.error() == Errc::cancelled) return log.error();
  env_.trace.emit(
      log_refused,
      {{"log", directory}, {"verdict", to_string(report.verdict)}, {"end", report.log_end}, {"detail", report.detail}});
  return FoundLog{found.id, found.topic_id, nullptr, log.error() == Errc::corrupt, true};
}

Result<std::unique_ptr<PartitionLog>> DataDirectory::create_log(const PartitionId& id, const protocol::Uuid& topic_id,
                                                                const LogConfig& config) {
  const std::string directory = to_string(id);
  Result<> made = env_.disk.create_directory(directory, deadline());
  if (!made && made.error() == Errc::already_exists) {
    TRY(put_away(directory));
    made = env_.disk.create_directory(directory, deadline());
  }
  TRY(made);
  TRY(env_.disk.sync_dir("", deadline()));
  const std::string path = directory + "/" + std::string(partition_file);
  TRY(replace_file(env_.disk, path, encode_partition_metadata(topic_id), deadline()));
  RecoveryReport report;
  return PartitionLog::open(LogContext::of(env_), directory, LogOpen::create, config, report);
}

Result<> DataDirectory::delete_log(const PartitionId& id) {
  Result<> away = put_away(to_string(id));
  // Not there: an earlier attempt that reported a failure after all.
  if (!away && away.error() == Errc::not_found) return {};
  return away;
}

Result<> DataDirectory::put_away(const std::string& directory) {
  const std::string away = std::string(deleted_prefix) + to_string(draw_id());
  TRY(env_.disk.rename(directory, away, deadline()));
  TRY(env_.disk.sync_dir("", deadline()));
  removals_.spawn("directory removal", [this, away] {
    Result<> removed = remove_tree(env_.disk, away, deadline());
    if (removed) removed = env_.disk.sync_dir("", deadline());  // so that its room is free soon
    // The next start removes what is left.
    if (!removed) env_.trace.emit(removal_failed, {{"directory", away}, {"error", to_string(removed.error().code)}});
  });
  return {};
}

}  // namespace faultline
