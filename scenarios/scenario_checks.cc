// What is wrong with a scenario beyond the form of each value.
#include <algorithm>
#include <set>

#include "broker/node/broker_config.h"
#include "broker/node/topic_config.h"
#include "scenarios/document.h"
#include "scenarios/enum_names.h"
#include "scenarios/field_reader.h"
#include "scenarios/scenario_file.h"
#include "scenarios/targets.h"

namespace faultline::scenarios {
namespace {

bool strikes_clients(FaultKind kind) {
  const bool of_disk = kind >= FaultKind::sync_error && kind <= FaultKind::lying_flush;
  return !of_disk && kind != FaultKind::stop && kind != FaultKind::wipe && kind != FaultKind::rename_host;
}

class Checker {
 public:
  explicit Checker(const Scenario& scenario) : scenario_(scenario) {
    servers_ = server_names(scenario);
    nodes_ = servers_;
    const std::vector<std::string> clients = client_names(scenario);
    nodes_.insert(nodes_.end(), clients.begin(), clients.end());
  }

  std::vector<Problem> run() && {
    check_names();
    check_cluster();
    check_config();
    check_clients("producer", scenario_.producers);
    check_clients("consumer", scenario_.consumers);
    check_faults();
    check_expectation();
    check_liveness();
    return std::move(problems_);
  }

 private:
  void complain(std::string path, std::string message) { problems_.push_back({{}, std::move(path), std::move(message)}); }

  void check_names() {
    if (scenario_.name.empty()) complain("name", "expected a name");
    std::set<std::string> topics;
    for (std::size_t i = 0; i < scenario_.topics.size(); ++i) {
      if (!topics.insert(scenario_.topics[i].name).second) {
        complain("topic[" + std::to_string(i) + "].name", "there is another topic of this name");
      }
    }
    std::set<std::string> clients{"broker", "controller"};
    const auto check = [&](const std::string& kind, const auto& list) {
      for (std::size_t i = 0; i < list.size(); ++i) {
        const std::string path = kind + "[" + std::to_string(i) + "].name";
        if (list[i].name.empty()) complain(path, "expected a name");
        if (!clients.insert(list[i].name).second) complain(path, "'" + list[i].name + "' is taken: nodes are named after it");
      }
    };
    check("producer", scenario_.producers);
    check("consumer", scenario_.consumers);
    check("admin", scenario_.admins);
  }

  void check_cluster() {
    const Cluster& cluster = scenario_.cluster;
    if (!cluster.controllers_apart && cluster.voters.high > cluster.brokers.high) {
      complain("cluster.voters", "there are more of them than brokers; say controllers_apart = true, or fewer");
    }
    for (std::size_t i = 0; i < scenario_.topics.size(); ++i) {
      if (scenario_.topics[i].replication > cluster.brokers.high) {
        complain("topic[" + std::to_string(i) + "].replication", "there are not so many brokers");
      }
    }
  }

  void check_config() {
    BrokerConfig broker;
    for (const auto& [key, value] : scenario_.cluster.config) {
      told("cluster.config." + quote_key(key), set_broker_config(broker, key, value.text));
    }
    if (problems_.empty()) told("cluster.config", broker.validate());
    for (const auto& [key, knob] : scenario_.knobs) {
      const std::string path = "knobs." + quote_key(key);
      std::vector<ConfigText> values = knob.one_of;
      if (knob.range) values = {ConfigText{std::to_string(knob.range->low)}, ConfigText{std::to_string(knob.range->high)}};
      for (const ConfigText& value : values) {
        BrokerConfig turned = broker;
        if (told(path, set_broker_config(turned, key, value.text))) told(path, turned.validate());
      }
    }
    for (std::size_t i = 0; i < scenario_.topics.size(); ++i) {
      TopicConfig topic;
      for (const auto& [key, value] : scenario_.topics[i].config) {
        told("topic[" + std::to_string(i) + "].config." + quote_key(key), topic_config_table().set(topic, key, value.text));
      }
    }
  }

  bool told(const std::string& path, const Result<>& result) {
    if (!result) complain(path, result.error().detail);
    return result.has_value();
  }

  template <class Client>
  void check_clients(const std::string& kind, const std::vector<Client>& clients) {
    std::vector<std::string_view> known;
    for (const Topic& topic : scenario_.topics) known.push_back(topic.name);
    for (std::size_t i = 0; i < clients.size(); ++i) {
      const std::string path = kind + "[" + std::to_string(i) + "]";
      if (known.empty()) complain(path, "there is no [[topic]] for it");
      for (std::size_t j = 0; j < clients[i].topics.size(); ++j) {
        const std::string& topic = clients[i].topics[j];
        if (std::find(known.begin(), known.end(), topic) == known.end()) {
          complain(path + ".topics[" + std::to_string(j) + "]", unknown_word("topic", topic, known));
        }
      }
    }
  }

  void check_faults() {
    std::set<std::string> ids;
    for (std::size_t i = 0; i < scenario_.faults.size(); ++i) {
      const FaultSpec& fault = scenario_.faults[i];
      const std::string path = "fault[" + std::to_string(i) + "]";
      if (!fault.id.empty() && !ids.insert(fault.id).second) complain(path + ".id", "there is another fault of this id");
      if (fault.at.high > scenario_.duration) {
        complain(path + ".at", "the trial ends before it");
      }
      check_parameters(path, fault, fault.kind);
    }
    for (const auto& [name, family] : scenario_.chaos.families) {
      const std::string path = "chaos." + quote_key(name);
      if (const auto kind = family_kind(name, family)) {
        check_parameters(path, family, *kind);
      } else {
        std::vector<std::string_view> known{"from", "until", "intensity"};
        for (const FaultInfo& info : fault_infos()) known.push_back(info.name);
        complain(path, unknown_word("fault", name, known) + " (or say which with kind = ...)");
      }
    }
    if (scenario_.chaos.until && *scenario_.chaos.until > scenario_.duration) complain("chaos.until", "the trial ends before it");
  }

  void check_parameters(const std::string& path, const FaultParameters& fault, FaultKind kind) {
    const FaultInfo& info = info_of(kind);
    std::string taken;
    const auto check = [&](std::string_view key, bool stated, bool takes) {
      if (takes) taken += (taken.empty() ? "'" : ", '") + std::string(key) + "'";
      if (stated && !takes) refused_.emplace_back(key);
    };
    refused_.clear();
    check("node", !fault.node.empty(), true);
    check("peer", !fault.peer.empty(), info.takes_peer);
    check("delay", fault.delay.has_value(), waits_for_target(fault));
    check("for", fault.lasts.has_value(), info.lasts.has_value());
    check("restart_after", fault.restart_after.has_value(), info.restart_after.has_value());
    check("latency", fault.latency.has_value(), info.latency.has_value());
    check("by", fault.by.has_value(), info.by.has_value());
    check("count", fault.count.has_value(), info.count.has_value());
    check("ppm", fault.ppm.has_value(), info.ppm.has_value());
    check("factor", fault.factor.has_value(), info.factor.has_value());
    check("path", !fault.path.empty(), info.takes_path);
    check("share", fault.share.has_value(), info.share.has_value());
    for (const std::string_view key : refused_) {
      complain(path + "." + std::string(key), "'" + std::string(info.name) + "' does not take it; it takes " + taken);
    }
    const bool on_client = fault.node == "clients" || (std::find(nodes_.begin(), nodes_.end(), fault.node) != nodes_.end() &&
                                                       std::find(servers_.begin(), servers_.end(), fault.node) == servers_.end());
    if (on_client && !strikes_clients(kind)) {
      complain(path + ".node", "'" + std::string(info.name) +
                                   "' strikes brokers only: clients have no disk, no address and are not asked to stop");
    }
    if (const std::optional<Target> target = parse_target(fault.node)) {
      check_target(path + ".node", *target);
    } else {
      check_node(path + ".node", fault.node, {"brokers", "controllers", "clients"}, target_words());
    }
    check_node(path + ".peer", fault.peer, {"brokers", "controllers", "clients", "servers", "all brokers", "all voters"}, {});
  }

  void check_target(const std::string& path, const Target& target) {
    if (target.partition.empty()) return;
    std::vector<std::string> partitions;
    for (const Topic& topic : scenario_.topics) {
      for (std::int64_t i = 0; i < topic.partitions; ++i) partitions.push_back(topic.name + "-" + std::to_string(i));
    }
    if (std::find(partitions.begin(), partitions.end(), target.partition) != partitions.end()) return;
    complain(path, unknown_word("partition", target.partition, {partitions.begin(), partitions.end()}));
  }

  void check_node(const std::string& path, const std::string& node, std::vector<std::string_view> known,
                  const std::vector<std::string_view>& more) {
    if (node.empty() || std::find(known.begin(), known.end(), node) != known.end()) return;
    if (std::find(nodes_.begin(), nodes_.end(), node) != nodes_.end()) return;
    known.insert(known.end(), more.begin(), more.end());
    known.insert(known.end(), nodes_.begin(), nodes_.end());
    complain(path, unknown_word("node", node, known));
  }

  void check_expectation() {
    if (!scenario_.expect.finding.empty()) return;
    if (scenario_.expect.share) complain("expect.share", "there is no 'finding' that it could be the share of");
    if (!scenario_.expect.also.empty()) complain("expect.also", "there is no 'finding' that they could come with");
  }

  // A majority can be told from outside only as long as the voters stay who they are, each with all that it has promised.
  void check_liveness() {
    const Liveness& liveness = scenario_.liveness;
    if (liveness.core == CoreKind::all) {
      if (liveness.min_demanded > 0) complain("liveness.min_demanded", "it is demanded of core = \"majority\" only");
      return;
    }
    if (liveness.write_stall.has_value()) {
      complain("liveness.write_stall", "what is frozen takes no writes: it goes with core = \"all\" only");
    }
    for (const FaultSpec& fault : scenario_.faults) check_against_core(fault.kind);
    for (const auto& [name, family] : scenario_.chaos.families) {
      if (const auto kind = family_kind(name, family)) check_against_core(*kind);
    }
    for (const Admin& admin : scenario_.admins) {
      if (std::find(admin.actions.begin(), admin.actions.end(), AdminAction::change_voters) == admin.actions.end()) continue;
      complain("liveness.core", "'change_voters' leaves open who is a majority of the voters: only \"all\" goes with it");
    }
  }

  void check_against_core(FaultKind kind) {
    if (!destroys_data(kind)) return;
    complain("liveness.core",
             "'" + std::string(info_of(kind).name) + "' takes from a voter what it has promised: only \"all\" goes with it");
  }

  const Scenario& scenario_;
  std::vector<std::string> servers_;
  std::vector<std::string> nodes_;
  std::vector<std::string_view> refused_;
  std::vector<Problem> problems_;
};

}  // namespace

std::optional<FaultKind> family_kind(std::string_view name, const FaultFamily& family) {
  if (family.kind) return family.kind;
  for (const FaultInfo& info : fault_infos()) {
    if (info.name == name) return info.kind;
  }
  return std::nullopt;
}

std::vector<Problem> problems_of(const Scenario& scenario) { return Checker(scenario).run(); }

}  // namespace faultline::scenarios
