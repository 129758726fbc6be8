#include "broker/node/data_directory.h"

#include <algorithm>
#include <map>

#include "broker/node/properties.h"

namespace faultline {
namespace {

constexpr TracePoint log_refused{"node.log_refused", TraceLevel::error};
constexpr TracePoint leftover_removed{"node.leftover_removed", TraceLevel::info};
constexpr TracePoint removal_failed{"node.removal_failed", TraceLevel::warning};

constexpr std::string_view meta_file = "meta.properties";
constexpr std::string_view deleted_prefix = "deleted.";
constexpr std::size_t meta_bytes_max = 64 * 1024;

Error bad_meta(const std::string& what) { return Error(Errc::corrupt, std::string(meta_file) + ": " + what); }

}  // namespace

std::string to_string(const PartitionId& id) { return id.topic + "-" + std::to_string(id.index); }

DataDirectory::DataDirectory(Env& env, Duration disk_timeout, std::unique_ptr<DirectoryLock> lock)
    : env_(env),
      disk_timeout_(disk_timeout),
      lock_(std::move(lock)),
      ids_(env.random.stream("directory ids")),
      removals_(env.tasks) {}

Result<std::unique_ptr<DataDirectory>> DataDirectory::open(Env& env, std::int32_t node_id, Duration disk_timeout) {
  std::unique_ptr<DirectoryLock> lock = TRY(env.disk.lock());
  std::unique_ptr<DataDirectory> directory(new DataDirectory(env, disk_timeout, std::move(lock)));
  TRY(directory->load_or_create_identity(node_id));
  return directory;
}

protocol::Uuid DataDirectory::draw_id() {
  const std::uint64_t high = ids_.next();
  const std::uint64_t low = ids_.next();
  return protocol::Uuid::of(high, low);
}

Result<> DataDirectory::load_or_create_identity(std::int32_t node_id) {
  const Result<Slice> bytes = read_whole(env_.disk, meta_file, meta_bytes_max, deadline());
  if (!bytes && bytes.error() == Errc::not_found) {
    cluster_id_ = to_string(draw_id());
    directory_id_ = draw_id();
    const std::string text = "# Written once, when the directory was first used.\nversion=1\ncluster.id=" + cluster_id_ +
                             "\nnode.id=" + std::to_string(node_id) + "\ndirectory.id=" + to_string(directory_id_) + "\n";
    return replace_file(env_.disk, meta_file, Slice::copy_of(text), deadline());
  }
  std::map<std::string, std::string> values;
  const Result<> parsed =
      parse_properties(meta_file, as_text(TRY(bytes)), [&](std::string_view key, std::string_view value) -> Result<> {
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

Result<bool> DataDirectory::holds_logs() {
  for (const DirectoryEntry& entry : TRY(env_.disk.list("", deadline()))) {
    if (entry.is_directory && !entry.name.starts_with(deleted_prefix)) return true;
  }
  return false;
}

Result<> DataDirectory::remove_leftovers(const std::vector<PartitionId>& known) {
  std::vector<std::string> names;
  for (const PartitionId& id : known) names.push_back(to_string(id));
  std::ranges::sort(names);
  bool removed = false;
  for (const DirectoryEntry& entry : TRY(env_.disk.list("", deadline()))) {
    if (!entry.is_directory || std::ranges::binary_search(names, entry.name)) continue;
    TRY(remove_tree(env_.disk, entry.name, deadline()));
    env_.trace.emit(leftover_removed, {{"directory", entry.name}});
    removed = true;
  }
  if (removed) TRY(env_.disk.sync_dir("", deadline()));
  return {};
}

Result<std::unique_ptr<PartitionLog>> DataDirectory::open_at(const PartitionId& id, LogOpen mode, const LogConfig& config) {
  RecoveryReport report;
  const std::string directory = to_string(id);
  Result<std::unique_ptr<PartitionLog>> log = PartitionLog::open(LogContext::of(env_), directory, mode, config, report);
  if (!log) {
    env_.trace.emit(
        log_refused,
        {{"log", directory}, {"verdict", to_string(report.verdict)}, {"end", report.log_end}, {"detail", report.detail}});
  }
  return log;
}

Result<std::unique_ptr<PartitionLog>> DataDirectory::create_log(const PartitionId& id, const LogConfig& config) {
  const std::string directory = to_string(id);
  Result<> made = env_.disk.create_directory(directory, deadline());
  if (!made && made.error() == Errc::already_exists) {
    TRY(put_away(directory));
    made = env_.disk.create_directory(directory, deadline());
  }
  TRY(made);
  TRY(env_.disk.sync_dir("", deadline()));
  return open_at(id, LogOpen::create, config);
}

Result<std::unique_ptr<PartitionLog>> DataDirectory::open_log(const PartitionId& id, const LogConfig& config) {
  return open_at(id, LogOpen::existing, config);
}

Result<> DataDirectory::delete_log(const PartitionId& id) { return put_away(to_string(id)); }

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
