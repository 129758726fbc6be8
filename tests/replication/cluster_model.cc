#include "cluster_model.h"

#include <algorithm>
#include <utility>

namespace faultline::replication::model {

namespace {

constexpr Duration lag_time = 100ms;
constexpr std::size_t network_max = 60;

}  // namespace

void Replica::truncate(std::int64_t offset) {
  log.resize(static_cast<std::size_t>(std::min(offset, end())));
  durable_end = end();
  checked_end = std::min(checked_end, end());
  epochs.truncate_from(end());
  saved_epochs = epochs;
}

Cluster::Cluster(std::uint64_t seed, const Options& options)
    : options_(options), random_(RandomSource(seed).stream("cluster")), replicas_(static_cast<std::size_t>(options.replicas)) {
  for (BrokerId id = 0; id < options_.replicas; ++id) {
    truth_.partition.replicas.push_back(id);
    truth_.brokers[id] = {++last_broker_epoch_, false, false};
    at(id).broker_epoch = last_broker_epoch_;
  }
  truth_.partition.isr = truth_.partition.replicas;
  change_leader(0);
  publish();
}

BrokerId Cluster::random_broker() { return static_cast<BrokerId>(random_.below(static_cast<std::uint64_t>(options_.replicas))); }

void Cluster::fail(std::string what) {
  if (failure_.empty()) failure_ = std::move(what);
}

std::string Cluster::run() {
  for (int i = 0; i < options_.steps && failure_.empty(); ++i) {
    step();
    check();
  }
  if (failure_.empty()) heal();
  if (failure_.empty()) check_converged();
  return failure_;
}

void Cluster::step() {
  now_ += Duration(random_.between(0, Duration(4ms).count()));
  const std::uint64_t dice = random_.below(100);
  const BrokerId id = random_broker();
  Replica& replica = at(id);
  if (dice < 50) {
    if (network_.empty()) return;
    const std::size_t index = random_.below(network_.size());
    if (network_.size() > network_max || random_.chance({1, 8})) {
      network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(index));
    } else {
      // A connection gives its peer each byte once: only questions that are asked again are doubled.
      const bool doubled = random_.chance({1, 8});
      deliver(index, doubled && !std::holds_alternative<Alter>(network_[index]));
    }
  } else if (dice < 62) {
    produce(id);
  } else if (dice < 72) {
    if (replica.up) sync(replica);
  } else if (dice < 87) {
    send_fetch(id);
  } else if (dice < 90) {
    network_.push_back(News{id, truth_});
  } else if (dice < 92) {
    if (replica.leader) act(id, replica.leader->tick(now_));
    lose_answer(id);
  } else if (dice < 94) {
    replica.saved_watermark = std::min(replica.watermark(), replica.durable_end);
    if (random_.chance({1, 4})) renew_epoch();
  } else if (dice < 96) {
    if (!truth_.brokers[id].fenced && (!replica.up || random_.chance({1, 3}))) fence(id);
  } else if (dice < 98) {
    const bool knows = replica.metadata.version >= registered_at_[id];
    if (replica.up && truth_.brokers[id].fenced && knows) unfence(id);
  } else if (replica.up) {
    crash(id);
  } else {
    restart(id);
  }
}

void Cluster::produce(BrokerId id) {
  Replica& replica = at(id);
  if (!replica.up || !replica.leader || !replica.leader->enough_replicas()) return;
  const Entry entry{replica.leader->leader_epoch(), ++values_};
  replica.epochs.assign(entry.epoch, replica.end());
  replica.log.push_back(entry);
  replica.waiting.push_back({replica.leader->ticket_for(replica.end()), entry});
  act(id, replica.leader->log_moved(log_of(replica), now_));
}

void Cluster::sync(Replica& replica) {
  replica.durable_end = replica.end();
  if (replica.leader) act(replica.leader->isr().committed().leader, replica.leader->log_moved(log_of(replica), now_));
}

// A follower fetches only what it has synced.
void Cluster::send_fetch(BrokerId id) {
  Replica& replica = at(id);
  if (!replica.up || !replica.follower || replica.follows == no_broker || replica.durable_end != replica.end()) return;
  if (replica.follower->awaits_metadata()) return;
  const FetchPosition position = replica.follower->position({0, replica.end(), replica.epochs});
  network_.push_back(Fetch{id, replica.follows, position, {id, replica.broker_epoch, position.fetch_offset, 0}});
}

void Cluster::deliver(std::size_t index, bool keep) {
  const Message message = network_[index];
  if (!keep) network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(index));
  std::visit([this](const auto& it) { receive(it); }, message);
}

void Cluster::receive(const Fetch& fetch) {
  Replica& replica = at(fetch.to);
  if (!replica.up || !replica.leader) return;
  Leader& leader = *replica.leader;
  Fetched out{fetch.from, fetch.follower.broker_epoch, fetch.position, {}, {}};
  const EpochCheck epoch = check_epoch(fetch.position.leader_epoch, leader.leader_epoch());
  if (epoch != EpochCheck::current || !leader.knows(fetch.follower)) {
    if (epoch == EpochCheck::fenced) out.answer.kind = FetchAnswer::Kind::fenced_leader_epoch;
    network_.push_back(std::move(out));
    return;
  }
  out.answer.high_watermark = leader.high_watermark();
  const FetchCheck verdict =
      check_fetch(fetch.position.fetch_offset, fetch.position.last_fetched_epoch, replica.epochs, 0, replica.end());
  if (verdict.kind == FetchCheck::Kind::diverging) {
    out.answer.kind = FetchAnswer::Kind::diverging;
    out.answer.diverging = verdict.diverging;
  } else if (verdict.kind == FetchCheck::Kind::out_of_range) {
    out.answer.kind = FetchAnswer::Kind::out_of_range;
  } else {
    const bool failed = calm_ ? fetch.from == unreadable_for_ : random_.chance({1, 20});
    out.answer.kind = failed ? FetchAnswer::Kind::other_error : FetchAnswer::Kind::records;
    const std::int64_t count = random_.between(0, 4);
    const std::int64_t upto = std::min(replica.end(), fetch.position.fetch_offset + count + (calm_ ? 1 : 0));
    if (!failed) out.entries.assign(replica.log.begin() + fetch.position.fetch_offset, replica.log.begin() + upto);
    act(fetch.to, leader.fetched(fetch.follower, failed ? ReadOutcome::failed : ReadOutcome::done, log_of(replica), now_));
  }
  network_.push_back(std::move(out));
}

void Cluster::receive(const Fetched& fetched) {
  Replica& replica = at(fetched.to);
  if (!replica.up || !replica.follower || fetched.broker_epoch != replica.broker_epoch) return;
  const FollowerLog log{0, replica.end(), replica.epochs};
  follow_step(replica, replica.follower->judge(fetched.asked, fetched.answer, log), &fetched);
}

void Cluster::follow_step(Replica& replica, const FollowerStep& step, const Fetched* fetched) {
  if (const auto* cut = std::get_if<TruncateLog>(&step)) {
    if (cut->offset < replica.end()) replica.truncate(cut->offset);
    replica.follower->truncated(replica.end());
  } else if (std::holds_alternative<AppendRecords>(step) && fetched != nullptr) {
    // The log takes only what goes on at its end, in an epoch that is not lower.
    const bool fits = fetched->asked.fetch_offset == replica.end() && replica.durable_end == replica.end();
    if (!fits) return;
    replica.epochs.truncate_from(replica.end());  // one that it led without a record of its own
    for (const Entry& entry : fetched->entries) {
      if (entry.epoch < replica.epochs.latest().value_or(0)) return;
      replica.epochs.assign(entry.epoch, replica.end());
      replica.log.push_back(entry);
    }
    replica.follower->appended(replica.end(), fetched->answer.high_watermark);
  }
}

void Cluster::receive(const Alter& request) {
  network_.push_back(Altered{request.from, request.broker_epoch, request.proposal.leader_epoch, alter(request)});
}

void Cluster::receive(const Altered& answer) {
  Replica& replica = at(answer.to);
  if (!replica.up || !replica.leader || answer.broker_epoch != replica.broker_epoch) return;
  if (answer.leader_epoch != replica.leader->leader_epoch()) return;
  act(answer.to, replica.leader->answered(answer.answer, now_));
}

void Cluster::receive(const News& news) {
  Replica& replica = at(news.to);
  const Metadata& metadata = news.metadata;
  if (!replica.up || metadata.version <= replica.metadata.version || metadata.version < registered_at_[news.to]) return;
  const bool first = replica.metadata.version == 0;
  const std::int32_t epoch = replica.metadata.partition.leader_epoch;
  replica.metadata = metadata;
  if (!first && metadata.partition.leader_epoch == epoch) {
    if (replica.leader) act(news.to, replica.leader->learned(metadata.partition, options_.min_insync_replicas, now_));
  } else if (metadata.partition.leader == news.to) {
    begin_leading(news.to);
  } else {
    begin_following(news.to);
  }
}

void Cluster::begin_leading(BrokerId id) {
  Replica& replica = at(id);
  const std::int64_t watermark = replica.watermark();
  replica.waiting.clear();
  replica.follower.reset();
  // What it appended as a follower is synced before it serves.
  replica.durable_end = replica.end();
  const std::int32_t epoch = replica.metadata.partition.leader_epoch;
  if (enters_epoch_at_election(options_.exhibits)) replica.epochs.assign(epoch, replica.end());
  replica.saved_epochs = replica.epochs;
  LeaderConfig config;
  config.self = id;
  config.min_insync_replicas = options_.min_insync_replicas;
  config.lag_time_max = lag_time;
  config.exhibits = options_.exhibits;
  replica.leader = std::make_unique<Leader>(config, replica.metadata.partition, replica.metadata.brokers, replica.end(),
                                            watermark, log_of(replica), now_);
  check_new_leader(id);
  act(id, replica.leader->tick(now_));
}

void Cluster::begin_following(BrokerId id) {
  Replica& replica = at(id);
  const std::int64_t watermark = replica.watermark();
  replica.waiting.clear();
  replica.leader.reset();
  replica.follows = replica.metadata.partition.leader;
  replica.follower = std::make_unique<Follower>(replica.metadata.partition.leader_epoch, watermark, options_.exhibits);
  if (replica.follows != no_broker) {
    follow_step(replica, replica.follower->first_step({0, replica.end(), replica.epochs}), nullptr);
  }
}

// A connection breaks, which counts as an answer that tells nothing. The request may be processed all the same, later.
void Cluster::lose_answer(BrokerId id) {
  Replica& replica = at(id);
  if (!replica.leader || !replica.leader->isr().in_flight()) return;
  IsrAnswer answer;
  answer.number = *replica.leader->isr().in_flight();
  act(id, replica.leader->answered(answer, now_));
}

void Cluster::act(BrokerId id, const LeaderEffects& effects) {
  Replica& replica = at(id);
  replica.leader->check_invariants();
  if (effects.propose) network_.push_back(Alter{id, replica.broker_epoch, *effects.propose});
  std::erase_if(replica.waiting, [&](const Replica::Waiting& waiting) {
    const Completion completion = replica.leader->completion_of(waiting.ticket);
    if (completion == Completion::done) acknowledge(waiting.ticket, waiting.entry);
    return completion != Completion::waiting;
  });
}

void Cluster::crash(BrokerId id) {
  Replica& replica = at(id);
  replica.up = false;
  const std::int64_t watermark = std::min(replica.saved_watermark, replica.durable_end);
  replica.leader.reset();
  replica.follower.reset();
  replica.waiting.clear();
  // Of what was not synced, a part may have reached the disk.
  const std::int64_t kept = random_.between(replica.durable_end, replica.end());
  EpochCache saved = replica.saved_epochs;
  replica.truncate(kept);
  replica.saved_watermark = watermark;
  EpochCache rebuilt;
  for (std::int64_t i = 0; i < kept; ++i) rebuilt.assign(replica.log[static_cast<std::size_t>(i)].epoch, i);
  saved.truncate_from(kept + 1);
  rebuilt.merge_noted(saved, kept);
  replica.epochs = replica.saved_epochs = rebuilt;
}

void Cluster::restart(BrokerId id) {
  Replica& replica = at(id);
  replica.up = true;
  replica.metadata = {};
  replica.follows = no_broker;
  register_broker(id);
}

void Cluster::heal() {
  calm_ = true;
  // One thing is not mended: what one of the followers needs cannot be read. The others must do without it.
  if (random_.chance({1, 4})) unreadable_for_ = random_broker();
  for (BrokerId id = 0; id < options_.replicas; ++id) {
    if (!at(id).up) restart(id);
  }
  constexpr int rounds = 60;
  for (int round = 0; round < rounds && failure_.empty(); ++round) {
    now_ += lag_time / 4;
    while (!network_.empty()) {
      deliver(0, false);
      check();
    }
    for (BrokerId id = 0; id < options_.replicas; ++id) {
      if (truth_.brokers[id].fenced && at(id).metadata.version >= registered_at_[id]) unfence(id);
      network_.push_back(News{id, truth_});
      sync(at(id));
      send_fetch(id);
      Replica& replica = at(id);
      if (!replica.leader) continue;
      act(id, replica.leader->tick(now_));
      if (round % 4 == 3) lose_answer(id);
    }
  }
}

// --- the oracle ---

void Cluster::acknowledge(const ProduceTicket& ticket, const Entry& entry) {
  const auto [place, fresh] = acknowledged_.emplace(ticket.end_offset - 1, entry);
  if (!fresh && place->second != entry) fail("two records acknowledged at offset " + std::to_string(place->first));
}

void Cluster::check_new_leader(BrokerId id) {
  const Replica& replica = at(id);
  // News of an old election may come late: its leader is fenced by everybody else, and acknowledges nothing more.
  if (replica.metadata.partition.leader_epoch != truth_.partition.leader_epoch) return;
  for (const auto& [offset, entry] : acknowledged_) {
    if (offset >= replica.end() || replica.log[static_cast<std::size_t>(offset)] != entry) {
      return fail("the leader of epoch " + std::to_string(replica.metadata.partition.leader_epoch) + " lost offset " +
                  std::to_string(offset));
    }
  }
}

void Cluster::check() {
  for (Replica& replica : replicas_) {
    if (!replica.up) continue;
    const std::int64_t watermark = std::min(replica.watermark(), replica.end());
    for (std::int64_t& at = replica.checked_end; at < watermark; ++at) {
      const Entry& entry = replica.log[static_cast<std::size_t>(at)];
      const auto committed_end = static_cast<std::int64_t>(committed_.size());
      if (at == committed_end) {
        committed_.push_back(entry);
      } else if (committed_[static_cast<std::size_t>(at)] != entry) {
        return fail("logs differ below the watermark, at offset " + std::to_string(at));
      }
    }
    replica.checked_end = std::min(replica.checked_end, replica.end());
  }
}

void Cluster::check_converged() {
  const PartitionState& partition = truth_.partition;
  if (partition.leader == no_broker) return fail("stuck: no leader");
  const Replica& leader = at(partition.leader);
  if (!leader.leader) return fail("stuck: the leader does not lead");
  for (BrokerId id = 0; id < options_.replicas; ++id) {
    const bool without = id == unreadable_for_ && id != partition.leader;
    if (!without && at(id).log != leader.log) return fail("stuck: a log did not converge");
    if (!without && !contains(partition.isr, id)) return fail("stuck: the ISR is not complete");
    if (without && contains(partition.isr, id) && at(id).log != leader.log)
      return fail("stuck: one that gets no records stays in the ISR");
  }
  if (leader.leader->high_watermark() != leader.end()) return fail("stuck: the watermark does not reach the end");
  for (const auto& [offset, entry] : acknowledged_) {
    if (leader.log[static_cast<std::size_t>(offset)] != entry) return fail("lost offset " + std::to_string(offset));
  }
}

}  // namespace faultline::replication::model
