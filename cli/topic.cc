#include "cli/topic.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "broker/client/admin.h"

namespace faultline::cli {
namespace {

using namespace client;

class TopicCommand {
 public:
  TopicCommand(ClientSession& session, Env& env, const TopicOptions& options)
      : session_(session), env_(env), options_(options), admin_(env, session.cluster()) {}

  ClientResult<> run() {
    switch (options_.action) {
      case TopicOptions::Action::create: return create();
      case TopicOptions::Action::list: return list();
      case TopicOptions::Action::describe: return describe();
      case TopicOptions::Action::remove: return remove();
      case TopicOptions::Action::alter: return alter();
    }
    return {};
  }

 private:
  Time deadline() const { return session_.deadline(env_); }

  ClientResult<> create() {
    NewTopic topic{options_.topic, options_.partitions, options_.replication_factor, {}};
    for (const std::string& text : options_.configs) topic.configs.insert(TRY(parse_setting(text)));
    TRY(admin_.create_topic(topic, deadline()));
    fmt::print("created {}\n", options_.topic);
    return {};
  }

  ClientResult<> list() {
    for (const auto& [name, topic] : TRY(admin_.list_topics(deadline()))) fmt::print("{}\t{}\n", name, topic.partitions.size());
    return {};
  }

  ClientResult<> describe() {
    const TopicMetadata topic = TRY(admin_.describe_topic(options_.topic, deadline()));
    std::map<TopicPartition, std::int64_t> first;
    std::map<TopicPartition, std::int64_t> last;
    for (const auto& [index, partition] : topic.partitions) {
      first[{options_.topic, index}] = earliest_offset;
      last[{options_.topic, index}] = latest_offset;
    }
    const auto beginnings = TRY(admin_.offsets(first, deadline()));
    const auto ends = TRY(admin_.offsets(last, deadline()));
    fmt::print("topic {} id {} partitions {}\n", options_.topic, protocol::to_string(topic.id), topic.partitions.size());
    for (const auto& [index, partition] : topic.partitions) {
      const TopicPartition name{options_.topic, index};
      fmt::print("  partition {} leader {} epoch {} replicas {} isr {} offsets {}..{}\n", index, partition.leader,
                 partition.leader_epoch, fmt::join(partition.replicas, ","), fmt::join(partition.isr, ","),
                 text_of_offset(beginnings.at(name)), text_of_offset(ends.at(name)));
    }
    for (const ConfigEntry& entry : TRY(admin_.describe_configs({ResourceType::topic, options_.topic}, deadline()))) {
      fmt::print("  {}={}{}\n", entry.name, entry.sensitive ? "(hidden)" : entry.value.value_or("(none)"),
                 entry.is_default ? "" : " *");
    }
    return {};
  }

  ClientResult<> remove() {
    TRY(admin_.delete_topic(options_.topic, deadline()));
    fmt::print("deleted {}\n", options_.topic);
    return {};
  }

  ClientResult<> alter() {
    std::vector<ConfigChange> changes;
    for (const std::string& text : options_.configs) {
      auto [name, value] = TRY(parse_setting(text));
      changes.push_back({ConfigChange::Operation::set, std::move(name), std::move(value)});
    }
    for (const std::string& name : options_.removed) changes.push_back({ConfigChange::Operation::remove, name, std::nullopt});
    if (changes.empty() && options_.partitions < 0) {
      return Error(Errc::invalid_argument, "nothing to change: give --config, --remove-config or --partitions");
    }
    if (!changes.empty()) TRY(admin_.change_configs({ResourceType::topic, options_.topic}, changes, deadline()));
    if (options_.partitions >= 0) TRY(admin_.create_partitions(options_.topic, options_.partitions, deadline()));
    fmt::print("altered {}\n", options_.topic);
    return {};
  }

  static std::string text_of_offset(const ClientResult<FoundOffset>& found) {
    return found ? std::to_string(found->offset) : "?";
  }

  ClientSession& session_;
  Env& env_;
  const TopicOptions& options_;
  Admin admin_;
};

}  // namespace

ExitCode topic(const TopicOptions& options) {
  ClientSession session("topic", options.client);
  return session.run([&](Env& env) {
    const ClientResult<> done = TopicCommand(session, env, options).run();
    if (done) return ExitCode::ok;
    if (done.error().is_transport() && done.error().transport == Errc::invalid_argument)
      return session.usage(done.error().transport.detail);
    return session.fail(done.error());
  });
}

}  // namespace faultline::cli
