#include "replica_cluster.h"

#include <algorithm>

#include "broker/protocol/record.h"

namespace faultline::testing {
namespace {

sim::Options world_options(std::uint64_t seed) {
  sim::Options options;
  options.seed = seed;
  return options;
}

}  // namespace

using protocol::FetchRequest;
using protocol::FetchResponse;

Slice batch_of(const std::string& value, const protocol::BatchOptions& options) {
  protocol::BatchBuilder builder(options);
  const Slice bytes = Slice::copy_of(value);
  builder.append(1'700'000'000'000, std::nullopt, bytes.bytes());
  return std::move(builder).build().value();
}

std::vector<std::string> values_of(const protocol::Records& records) {
  std::vector<std::string> values;
  Slice bytes = records.joined();
  while (!bytes.empty()) {
    const protocol::BatchView batch = protocol::BatchView::parse(bytes).value();
    protocol::RecordIterator iterator = protocol::RecordIterator::open(batch).value();
    while (const std::optional<protocol::Record> record = iterator.next().value()) {
      const Bytes value = record->value->bytes();
      values.emplace_back(value.begin(), value.end());
    }
    bytes = bytes.part(batch.size(), bytes.size() - batch.size());
  }
  return values;
}

ReplicasConfig ReplicaCluster::default_replicas() {
  ReplicasConfig config;
  config.disk_timeout = 5s;
  config.lag_time_max = 4s;
  config.fetch_timeout = 2s;
  return config;
}

ControllerConfig ReplicaCluster::default_controller() {
  ControllerConfig config;
  config.cluster_id = "test-cluster";
  config.session_timeout = 3s;
  config.leader_balance = false;
  config.check_config = [](metadata::ConfigScope, const metadata::ConfigValues&) { return Outcome<>(); };
  config.check_config_key = [](metadata::ConfigScope, std::string_view) { return Outcome<>(); };
  return config;
}

ReplicaCluster::ReplicaCluster(Options options)
    : options_(std::move(options)),
      controller_(options_.controller, RandomStream(options_.seed)),
      world_(world_options(options_.seed)) {
  controller_.lead(world_.now(), {});
  for (BrokerId id = 1; id <= options_.brokers; ++id) {
    const std::string name = "broker-" + std::to_string(id);
    members_[id].directory = static_cast<std::uint64_t>(id);
    members_[id].node = world_.add_node(name, {name}, [this, id](Env& env) { run_broker(id, env); });
  }
  tick();
  REQUIRE(run_until([&] { return std::ranges::none_of(members_, [](const auto& member) { return member.second.fenced; }); }));
}

ReplicaCluster::~ReplicaCluster() { ending_ = true; }

void ReplicaCluster::tick() {
  if (ending_) return;
  controller_.tick(world_.now());
  commit();
  world_.schedule(after(world_.now(), 100ms), [this] { tick(); });
}

bool ReplicaCluster::run_until(const std::function<bool()>& condition) {
  for (int i = 0; i < 6000 && !condition(); ++i) world_.run_for(10ms);
  return condition();
}

// --- the metadata ---

void ReplicaCluster::commit() {
  for (metadata::Record& record : controller_.take_records()) records_.push_back(std::move(record));
  spread();
}

void ReplicaCluster::spread() {
  for (auto& [id, member] : members_) {
    if (member.replicas != nullptr && !member.cut_off && !member.deaf) learn(member);
  }
}

void ReplicaCluster::learn(Member& member) {
  if (member.learned == records_.size() && member.image.applied() != 0) return;
  for (; member.learned < records_.size(); ++member.learned) REQUIRE(member.image.apply(records_[member.learned]).has_value());
  member.replicas->learn(member.image, member.epoch);
}

PartitionName ReplicaCluster::topic(const std::string& name, std::vector<BrokerId> replicas, std::vector<ConfigEdit> config) {
  controller::NewTopic wanted;
  wanted.name = name;
  wanted.assignment = {std::move(replicas)};
  wanted.config = std::move(config);
  const auto created = controller_.create_topic(wanted, false);
  REQUIRE(created.has_value());
  commit();
  const PartitionName partition{created->id, 0};
  REQUIRE(run_until([&] {
    return std::ranges::all_of(wanted.assignment[0], [&](BrokerId broker) {
      return !up(broker) || this->replicas(broker).applied() >= image().applied();
    });
  }));
  return partition;
}

void ReplicaCluster::set_config(const std::string& topic, const std::string& key, const std::string& value) {
  REQUIRE(controller_.alter_config(metadata::ConfigScope::topic, topic, {{key, value}}, false).has_value());
  commit();
}

// --- brokers ---

void ReplicaCluster::run_broker(BrokerId id, Env& env) {
  Member& member = members_.at(id);
  const Uuid directory_id = Uuid::of(2, member.directory);
  const std::string meta =
      "version=1\ncluster.id=test-cluster\nnode.id=" + std::to_string(id) + "\ndirectory.id=" + to_string(directory_id) + "\n";
  if (!replace_file(env.disk, "meta.properties", Slice::copy_of(meta), no_deadline)) return;
  Result<std::unique_ptr<DataDirectory>> directory = DataDirectory::open(env, id, options_.replicas.disk_timeout);
  if (!directory) return;
  ReplicasConfig config = options_.replicas;
  config.broker_id = id;
  Result<std::unique_ptr<Replicas>> opened = Replicas::open(env, **directory, config, peers_of(id, env));
  if (!opened) {
    if (opened.error() == Errc::cancelled) return;
    FAIL("broker " << id << ": " << to_string(opened.error()));
  }
  Event news;
  member.news = &news;
  member.replicas = opened->get();
  member.epoch = metadata::no_broker_epoch;
  member.fenced = true;
  member.stopping = false;
  member.learned = 0;
  member.image = {};
  member.inbox.clear();
  struct Gone {
    Member& member;
    ~Gone() {
      member.replicas = nullptr;
      member.news = nullptr;
      member.fenced = true;
    }
  } const gone{member};
  TaskGroup work(env.tasks);
  work.spawn("heartbeat", [&] { register_and_heartbeat(id, env, **opened); });
  while (!member.stopping) {
    if (!news.wait()) return;
    news.reset();
    while (!member.inbox.empty()) {
      work.spawn("work", [job = std::move(member.inbox.front())] { job(); });
      member.inbox.pop_front();
    }
  }
  work.cancel();
  work.join();
  if ((*opened)->close()) member.previous_epoch = member.epoch;
}

void ReplicaCluster::register_and_heartbeat(BrokerId id, Env& env, Replicas& replicas) {
  Member& member = members_.at(id);
  controller::Registration request;
  request.broker_id = id;
  request.cluster_id = options_.controller.cluster_id;
  request.incarnation = Uuid::of(static_cast<std::uint64_t>(id), ++member.incarnation);
  request.endpoints = {{"PLAINTEXT", "broker-" + std::to_string(id), 9092}};
  if (const auto rack = options_.racks.find(id); rack != options_.racks.end()) request.rack = rack->second;
  request.directories = {Uuid::of(2, member.directory)};
  request.previous_epoch = std::exchange(member.previous_epoch, metadata::no_broker_epoch);
  request.damaged = replicas.damaged();
  request.features = metadata::supported_features();
  std::vector<PartitionName> wanted;
  do {
    if (!member.cut_off && member.epoch == metadata::no_broker_epoch) {
      const Outcome<metadata::BrokerEpoch> epoch = controller_.register_broker(world_.now(), request);
      if (epoch) {
        member.epoch = *epoch;
        commit();
        replicas.learn(member.image, member.epoch);
      }
    } else if (!member.cut_off) {
      const bool failed = replicas.disk_failure().has_value();
      const auto answer = controller_.heartbeat(world_.now(), {id, member.epoch, replicas.applied(), failed, false});
      if (answer) {
        member.fenced = answer->fenced;
        wanted = answer->log_ends_wanted;
      }
      for (const PartitionName& name : wanted) {
        if (const auto end = replicas.log_end(name)) {
          static_cast<void>(controller_.report_log_end({id, member.epoch, name, *end}));
        }
      }
      commit();
    }
  } while (sleep_until(after(env.clock.now(), 200ms)));
}

std::shared_ptr<Partition> ReplicaCluster::partition(BrokerId id, const PartitionName& name) {
  return replicas(id).partition(name.topic_id, name.partition).value();
}

bool ReplicaCluster::has(BrokerId id, const PartitionName& name) {
  return up(id) && replicas(id).partition(name.topic_id, name.partition).has_value();
}

void ReplicaCluster::power_loss(BrokerId id, Duration delay) {
  world_.crash(node(id));
  world_.restart(node(id), delay);
}

void ReplicaCluster::stop_in_order(BrokerId id) {
  members_.at(id).stopping = true;
  members_.at(id).news->set();
  REQUIRE(run_until([&] { return !world_.is_running(node(id)); }));
}

void ReplicaCluster::wipe(BrokerId id) {
  world_.wipe(node(id));
  members_.at(id).directory += 1000;
}

void ReplicaCluster::cut_link(BrokerId a, BrokerId b, bool cut) {
  const std::pair<BrokerId, BrokerId> link{std::min(a, b), std::max(a, b)};
  if (cut) {
    cut_links_.insert(link);
  } else {
    cut_links_.erase(link);
  }
}

// --- calls between brokers ---

Peers ReplicaCluster::peers_of(BrokerId id, Env& env) {
  Peers peers;
  peers.fetch = [this, id, &env](BrokerId leader, const FetchRequest& request, Time deadline) {
    return fetch(id, leader, env, request, deadline);
  };
  peers.alter_partition = [this, id, &env](const protocol::AlterPartitionRequest& request, Time,
                                           bool&) -> Result<protocol::AlterPartitionResponse> {
    TRY(sleep_until(after(env.clock.now(), 2ms)));
    Result<protocol::AlterPartitionResponse> answer = alter(id, request);
    TRY(sleep_until(after(env.clock.now(), 2ms)));
    if (lose_answers > 0 && lose_answers-- > 0) return Error(Errc::closed);
    return answer;
  };
  return peers;
}

/// Shared by both ends, either of which may be gone before the other.
struct ReplicaCluster::Call {
  FetchRequest request;
  std::optional<FetchResponse> response;
  Event answered;
};

Result<FetchResponse> ReplicaCluster::fetch(BrokerId from, BrokerId to, Env& env, const FetchRequest& request, Time deadline) {
  TRY(sleep_until(after(env.clock.now(), 1ms)));
  if (!linked(from, to) || !up(to)) return Error(Errc::closed);
  ++fetches_from[to];
  const auto call = std::make_shared<Call>();
  call->request = request;
  on(to, [this, to, call] {
    call->response = serve_fetch(to, world_.env(node(to)), call->request);
    call->answered.set();
  });
  const Result<> answered = call->answered.wait(deadline);
  if (!answered) return answered.error();
  TRY(sleep_until(after(env.clock.now(), 1ms)));
  if (!linked(from, to)) return Error(Errc::closed);
  for (const auto& topic : call->response->responses) {
    for (const auto& partition : topic.partitions) fetched_bytes_by[from] += partition.records.size();
  }
  return std::move(*call->response);
}

FetchResponse ReplicaCluster::serve_fetch(BrokerId id, Env& env, const FetchRequest& request) {
  const Time until = after(env.clock.now(), std::chrono::milliseconds(request.max_wait_ms));
  std::vector<std::shared_ptr<Partition>> watched;
  Event news;
  struct Forget {
    std::vector<std::shared_ptr<Partition>>& watched;
    Event& news;
    ~Forget() {
      for (const auto& partition : watched) partition->forget(news);
    }
  } const forget{watched, news};
  for (;;) {
    FetchResponse response;
    bool worth_it = false;
    for (const auto& topic : request.topics) {
      auto& answers = response.responses.emplace_back();
      answers.topic_id = topic.topic_id;
      for (const auto& wanted : topic.partitions) {
        auto& answer = answers.partitions.emplace_back();
        answer.partition_index = wanted.partition;
        const auto found = replicas(id).partition(topic.topic_id, wanted.partition);
        if (!found) {
          answer.error_code = found.error().code;
          worth_it = true;
          continue;
        }
        ReplicaFetch fetch;
        fetch.follower = {request.replica_state.replica_id, request.replica_state.replica_epoch, wanted.fetch_offset,
                          wanted.log_start_offset};
        fetch.leader_epoch = wanted.current_leader_epoch;
        fetch.last_fetched_epoch = wanted.last_fetched_epoch;
        fetch.max_bytes = static_cast<std::size_t>(wanted.partition_max_bytes);
        ReplicaRead read = (*found)->read_for_replica(fetch);
        answer.error_code = read.error_code;
        answer.high_watermark = read.high_watermark;
        answer.log_start_offset = read.log_start_offset;
        if (read.diverging) answer.diverging_epoch = {read.diverging->epoch, read.diverging->end_offset};
        const bool owes = (*found)->owes_news(request.replica_state.replica_id);
        worth_it = worth_it || owes || read.error_code != ErrorCode::none || read.diverging || !read.records.empty();
        if (read.error_code == ErrorCode::none && !read.diverging)
          (*found)->note_told(request.replica_state.replica_id, read.high_watermark, read.log_start_offset);
        answer.records = std::move(read.records);
        if (watched.size() < 1000) {
          (*found)->watch(news, true);
          watched.push_back(*found);
        }
      }
    }
    if (worth_it) return response;
    const Result<> woken = news.wait(until);
    news.reset();
    if (!woken) return response;
  }
}

Result<protocol::AlterPartitionResponse> ReplicaCluster::alter(BrokerId id, const protocol::AlterPartitionRequest& request) {
  if (members_.at(id).cut_off) return Error(Errc::timed_out);
  ++alter_requests;
  protocol::AlterPartitionResponse response;
  for (const auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.topic_id = topic.topic_id;
    for (const auto& wanted : topic.partitions) {
      controller::AlterPartition change;
      change.leader = request.broker_id;
      change.leader_broker_epoch = request.broker_epoch;
      change.partition = {topic.topic_id, wanted.partition_index};
      change.leader_epoch = wanted.leader_epoch;
      change.partition_epoch = wanted.partition_epoch;
      for (const auto& member : wanted.new_isr_with_epochs) change.isr.push_back({member.broker_id, member.broker_epoch});
      auto& answer = answers.partitions.emplace_back();
      answer.partition_index = wanted.partition_index;
      const Outcome<metadata::PartitionRecord> decided = controller_.alter_partition(change);
      if (!decided) {
        answer.error_code = decided.error().code;
        continue;
      }
      answer.leader_id = decided->leader;
      answer.leader_epoch = decided->leader_epoch;
      answer.isr = decided->isr;
      answer.partition_epoch = decided->partition_epoch;
      answer.min_insync_replicas = controller_.min_insync_replicas(decided->topic_id);
    }
  }
  commit();
  return response;
}

// --- clients ---

void ReplicaCluster::on(BrokerId id, std::function<void()> work) {
  Member& member = members_.at(id);
  if (member.news == nullptr) return;
  member.inbox.push_back(std::move(work));
  member.news->set();
}

std::shared_ptr<Produced> ReplicaCluster::produce(BrokerId id, const PartitionName& name, const std::string& value,
                                                  std::int16_t acks, Duration timeout, const protocol::BatchOptions& options) {
  auto produced = std::make_shared<Produced>();
  on(id, [this, id, name, acks, timeout, produced, batch = batch_of(value, options)] {
    const auto found = replicas(id).partition(name.topic_id, name.partition);
    if (!found) {
      produced->code = found.error().code;
      return;
    }
    constexpr protocol::Version newest = 12;
    const Outcome<AppendedBatch> appended = (*found)->append(batch, acks, newest);
    if (!appended) {
      produced->code = appended.error().code;
      return;
    }
    produced->base_offset = appended->base_offset;
    const Outcome<> done = (*found)->wait_committed(appended->ticket, acks, after(world_.env(node(id)).clock.now(), timeout));
    produced->code = done ? ErrorCode::none : done.error().code;
  });
  return produced;
}

ErrorCode ReplicaCluster::produce_now(BrokerId id, const PartitionName& name, const std::string& value, std::int16_t acks) {
  const std::shared_ptr<Produced> produced = produce(id, name, value, acks);
  REQUIRE(run_until([&] { return !produced->pending(); }));
  return *produced->code;
}

std::vector<std::string> ReplicaCluster::consume(BrokerId id, const PartitionName& name, ReadFrom from) {
  auto values = std::make_shared<std::optional<std::vector<std::string>>>();
  on(id, [this, id, name, from, values] {
    const std::shared_ptr<Partition> partition = this->partition(id, name);
    Outcome<PartitionRead> read = partition->read(partition->log_start_offset(), 1 << 20, true, from);
    *values = read ? values_of(read->records) : std::vector<std::string>{std::string(to_string(read.error().code))};
  });
  REQUIRE(run_until([&] { return values->has_value(); }));
  return **values;
}

std::vector<std::string> ReplicaCluster::log_of(BrokerId id, const PartitionName& name) {
  auto values = std::make_shared<std::optional<std::vector<std::string>>>();
  on(id, [this, id, name, values] {
    PartitionLog& log = partition(id, name)->log();
    protocol::Records records;
    for (std::int64_t offset = log.log_start(); offset < log.log_end();) {
      const Result<ReadResult> read = log.read(offset, {log.log_end(), 1 << 20, true});
      REQUIRE(read.has_value());
      for (const Slice& batch : read->batches) records.append(batch);
      offset = read->next_offset;
    }
    *values = values_of(records);
  });
  REQUIRE(run_until([&] { return values->has_value(); }));
  return **values;
}

bool ReplicaCluster::settled(const PartitionName& name) {
  const metadata::PartitionRecord& record = at(name);
  if (record.leader == metadata::no_broker || !has(record.leader, name) || !partition(record.leader, name)->leads()) return false;
  const std::int64_t end = partition(record.leader, name)->log_end_offset();
  return std::ranges::all_of(record.replicas, [&](BrokerId id) {
    return has(id, name) && replication::contains(record.isr, id) && partition(id, name)->log_end_offset() == end &&
           partition(id, name)->high_watermark() == end;
  });
}

}  // namespace faultline::testing
