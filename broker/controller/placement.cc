#include "broker/controller/placement.h"

#include <fmt/format.h>

#include <map>
#include <span>
#include <string>

namespace faultline::controller {

using metadata::BrokerId;

namespace {

class Rack {
 public:
  void add(BrokerId id) { brokers_.push_back(id); }
  void shuffle(RandomStream& random) { random.shuffle(std::span(brokers_)); }

  /// Whose turn it is next.
  void begin_at(std::size_t turn) { turn_ = turn; }

  /// The next broker in turn that is not among `taken`; no_broker if all are.
  BrokerId next_beside(const std::vector<BrokerId>& taken) {
    for (std::size_t tried = 0; tried < brokers_.size(); ++tried) {
      const BrokerId id = brokers_[turn_++ % brokers_.size()];
      if (!metadata::contains(taken, id)) return id;
    }
    return metadata::no_broker;
  }

 private:
  std::vector<BrokerId> brokers_;
  std::size_t turn_ = 0;
};

std::vector<Rack> racks_of(const metadata::ClusterImage& image, RandomStream& random) {
  std::map<std::string, Rack> by_name;  // a broker without a rack counts as one of a rack without a name
  for (const auto& [id, broker] : image.brokers()) {
    if (broker.active()) by_name[broker.rack.value_or("")].add(id);
  }
  std::vector<Rack> racks;
  for (auto& [name, rack] : by_name) {
    rack.shuffle(random);
    racks.push_back(std::move(rack));
  }
  random.shuffle(std::span(racks));
  return racks;
}

std::int32_t active_brokers(const metadata::ClusterImage& image) {
  std::int32_t count = 0;
  for (const auto& [id, broker] : image.brokers()) count += broker.active() ? 1 : 0;
  return count;
}

}  // namespace

Outcome<std::vector<std::vector<BrokerId>>> place_replicas(const metadata::ClusterImage& image, std::int32_t partitions,
                                                           std::int32_t replication, RandomStream& random) {
  const std::int32_t active = active_brokers(image);
  if (replication < 1 || replication > active) {
    return Refusal(ErrorCode::invalid_replication_factor,
                   fmt::format("replication factor {} with {} active brokers", replication, active));
  }
  std::vector<Rack> racks = racks_of(image, random);
  std::vector<std::vector<BrokerId>> placed(static_cast<std::size_t>(partitions));
  for (std::size_t partition = 0; partition < placed.size(); ++partition) {
    std::vector<BrokerId>& replicas = placed[partition];
    // The first replica leads. Going on from the last replica would give every partition the same few leaders whenever the
    // brokers of a rack are a multiple of the replicas in it.
    for (Rack& rack : racks) rack.begin_at(partition / racks.size());
    for (std::size_t turn = partition; replicas.size() < static_cast<std::size_t>(replication); ++turn) {
      const BrokerId id = racks[turn % racks.size()].next_beside(replicas);
      if (id != metadata::no_broker) replicas.push_back(id);
    }
  }
  return placed;
}

}  // namespace faultline::controller
