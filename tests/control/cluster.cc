#include "cluster.h"

#include <algorithm>
#include <array>

#include "broker/client/frame_reader.h"
#include "broker/protocol/frame.h"
#include "broker/quorum/wire/convert.h"
#include "broker/quorum/wire/frame.h"

namespace faultline::control::testing {

namespace {

constexpr std::uint16_t port = 9093;
constexpr std::size_t frame_bytes_max = std::size_t{16} << 20;

std::string host(BrokerId id) { return "n" + std::to_string(id); }

/// One stream of requests to the controller.
class Session {
 public:
  Session(ControllerService& service, Stream& stream) : service_(service), stream_(stream) {}

  bool serve(const Slice& frame) {
    protocol::Reader reader(frame);
    const Result<protocol::RequestHeader> header = protocol::decode_request_header(reader);
    if (!header) return false;
    const Slice body = frame.from(frame.size() - reader.remaining());
    if (header->api_key == protocol::ApiKey::api_versions) return answer_versions(*header);
    bool known = false;
    bool usable = false;
    Requests::each([&]<class Request>() {
      if (header->api_key != Request::api_key) return;
      known = true;
      usable = answer<Request>(*header, body);
    });
    if (!known) FAIL("no such request: " << protocol::to_string(header->api_key));
    return usable;
  }

 private:
  using Requests = protocol::MessageList<
      protocol::BrokerRegistrationRequest, protocol::BrokerHeartbeatRequest, protocol::AlterPartitionRequest,
      protocol::AllocateProducerIdsRequest, protocol::UnregisterBrokerRequest, protocol::CreateTopicsRequest,
      protocol::DeleteTopicsRequest, protocol::CreatePartitionsRequest, protocol::AlterConfigsRequest,
      protocol::IncrementalAlterConfigsRequest, protocol::ElectLeadersRequest, protocol::AlterPartitionReassignmentsRequest,
      protocol::ListPartitionReassignmentsRequest, protocol::UpdateFeaturesRequest, protocol::DescribeQuorumRequest,
      protocol::AddRaftVoterRequest, protocol::RemoveRaftVoterRequest, protocol::DescribeClusterRequest>;

  template <class Request>
  bool answer(const protocol::RequestHeader& header, const Slice& body) {
    const Result<Request> request = protocol::decode<Request>(body, header.api_version);
    REQUIRE(request.has_value());
    const auto response = service_.handle(*request);
    return write_all(stream_, protocol::response_frame(header.correlation_id, header.api_version, response), no_deadline)
        .has_value();
  }

  bool answer_versions(const protocol::RequestHeader& header) {
    protocol::ApiVersionsResponse response;
    for (const protocol::ApiInfo& api : protocol::apis) response.api_keys.push_back({api.key, api.min_version, api.max_version});
    return write_all(stream_, protocol::response_frame(header.correlation_id, header.api_version, response), no_deadline)
        .has_value();
  }

  ControllerService& service_;
  Stream& stream_;
};

}  // namespace

void Oracle::applied(const metadata::ClusterImage& image) {
  const std::vector<std::string> broken = image.broken_invariants();
  if (!broken.empty()) FAIL(broken.front());
  const Slice bytes = metadata::encode(image.snapshot());
  const auto [known, is_new] = images_.emplace(image.applied(), bytes);
  if (!is_new && !std::ranges::equal(known->second.bytes(), bytes.bytes())) {
    FAIL("two processes have different images of " << image.applied() << " records");
  }
}

void Oracle::allocated(std::int64_t first, std::int32_t count) {
  const auto next = blocks_.lower_bound(first);
  if (next != blocks_.end() && next->first < first + count) FAIL("producer id " << next->first << " was given away twice");
  if (next != blocks_.begin() && std::prev(next)->second > first) FAIL("producer id " << first << " was given away twice");
  blocks_.emplace(first, first + count);
}

void Oracle::created(const std::string& name, const Uuid& id) {
  if (!topics_.emplace(name, id).second) FAIL("topic " << name << " was created twice");
}

void Oracle::registered(BrokerId broker, std::int64_t epoch) {
  std::int64_t& last = broker_epochs_.try_emplace(broker, -1).first->second;
  if (epoch < last) FAIL("broker " << broker << " was given epoch " << epoch << " after " << last);
  last = epoch;
}

controller::ControllerConfig controller_config() {
  controller::ControllerConfig config;
  config.cluster_id = "test";
  config.session_timeout = 3s;
  config.leader_balance = false;
  config.producer_id_block = 10;
  config.check_config = [](metadata::ConfigScope, const metadata::ConfigValues& values) -> Outcome<> {
    if (values.contains("no.such.key")) return Refusal(ErrorCode::invalid_config, "no such key");
    return {};
  };
  config.check_config_key = [](metadata::ConfigScope, std::string_view key) -> Outcome<> {
    if (key == "no.such.key") return Refusal(ErrorCode::invalid_config, "no such key");
    return {};
  };
  return config;
}

Cluster::Cluster(ClusterOptions options, std::uint64_t seed) : options_(std::move(options)), world_({.seed = seed}) {
  for (BrokerId id = 1; id <= options_.controllers; ++id) add(id, true, true, false);
  for (BrokerId id = 11; id <= 10 + options_.brokers; ++id) add(id, false, false, true);
}

Cluster::Process& Cluster::add(BrokerId id, bool founder, bool controls, bool serves) {
  Process& process = processes_.emplace_back();
  process.key = {raft::NodeId(id), {.high = 1, .low = static_cast<std::uint64_t>(id)}};
  process.founder = founder;
  process.controls = controls;
  process.serves = serves;
  process.sim = world_.add_node(host(id), {host(id)}, [this, &process](Env& env) { live(process, env); });
  return process;
}

Cluster::Process& Cluster::add_controller(BrokerId id) { return add(id, false, true, false); }

Cluster::Process& Cluster::process(BrokerId id) {
  const auto found = std::ranges::find_if(processes_, [&](const Process& process) { return process.id() == id; });
  REQUIRE(found != processes_.end());
  return *found;
}

Cluster::Process* Cluster::active() {
  const auto found =
      std::ranges::find_if(processes_, [](const Process& p) { return p.service != nullptr && p.service->active(); });
  return found == processes_.end() ? nullptr : &*found;
}

quorum::NodeConfig Cluster::config(const Process& process) const {
  quorum::NodeConfig config;
  config.cluster_id = "test";
  config.self = process.key;
  config.raft.election_timeout = 300ms;
  config.raft.heartbeat_interval = 60ms;
  config.snapshot_after_bytes = options_.snapshot_after_bytes;
  config.raft.exhibits = options_.exhibits;
  for (BrokerId id = 1; id <= options_.controllers; ++id) config.bootstrap.emplace(raft::NodeId(id), Endpoint{host(id), port});
  return config;
}

Result<std::unique_ptr<quorum::Node>> Cluster::open(Process& process, Env& env, MetadataLog& log) {
  const quorum::NodeConfig config = this->config(process);
  Result<std::unique_ptr<quorum::Node>> node = quorum::Node::open(env, config, log);
  if (node || !(node.error() == Errc::not_found)) return node;
  std::vector<raft::Voter> voters;
  for (const Process& founder : processes_) {
    if (process.founder && founder.founder) voters.push_back({founder.key, to_string(Endpoint{host(founder.id()), port})});
  }
  TRY(quorum::Node::format(env, config, raft::VoterSet(voters)));
  return quorum::Node::open(env, config, log);
}

void Cluster::live(Process& process, Env& env) {
  MetadataLog log;
  const Result<std::unique_ptr<quorum::Node>> node = open(process, env, log);
  if (!node) {
    process.ends.push_back(node.error());
    return;
  }
  std::unique_ptr<ControllerService> service;
  if (process.controls) service = std::make_unique<ControllerService>(env, **node, log, options_.controller);
  ControllerChannel channel(env, **node, log, service.get(), {.request_timeout = 2s, .setup_timeout = 1s});
  log.on_change([&] { oracle_.applied(log.image()); });
  struct Visible {
    Process& process;
    ~Visible() {
      process.env = nullptr;
      process.node = nullptr;
      process.log = nullptr;
      process.service = nullptr;
      process.channel = nullptr;
      process.broker_epoch = -1;
    }
  } const visible{process};
  process.env = &env;
  process.node = node->get();
  process.log = &log;
  process.service = service.get();
  process.channel = &channel;
  TaskGroup guests(env.tasks);
  if (process.controls) {
    guests.spawn("controller", [&] { static_cast<void>(service->run()); });
    guests.spawn("listener", [&] { listen(process, env, guests); });
  }
  if (process.serves) guests.spawn("broker", [&] { be_broker(process); });
  if (process.serves) guests.spawn("worker", [&] { work(process); });
  process.ends.push_back((*node)->run().error());
  channel.close();
  guests.cancel();
  guests.join();
}

void Cluster::listen(Process& process, Env& env, TaskGroup& serving) {
  const Result<std::unique_ptr<Listener>> listener = env.network.listen({host(process.id()), port});
  if (!listener) return;
  for (;;) {
    Result<std::unique_ptr<Stream>> accepted = (*listener)->accept(no_deadline);
    if (!accepted) return;
    serving.spawn("accepted", [&process, stream = std::shared_ptr<Stream>(std::move(*accepted))] {
      client::FrameReader frames(*stream, frame_bytes_max);
      Result<Slice> frame = frames.next();
      if (frame && quorum::is_message_frame(*frame)) {
        process.node->serve(*stream, *frame, [&frames] { return frames.next(); });
        return;
      }
      Session session(*process.service, *stream);
      while (frame && session.serve(*frame)) frame = frames.next();
    });
  }
}

bool Cluster::register_broker(Process& process, const Uuid& incarnation) {
  protocol::BrokerRegistrationRequest request;
  request.broker_id = process.id();
  request.cluster_id = "test";
  request.incarnation_id = incarnation;
  request.listeners = {{"PLAINTEXT", host(process.id()), 9092, 0}};
  for (const metadata::FeatureRange& feature : metadata::supported_features()) {
    request.features.push_back({feature.name, feature.min, feature.max});
  }
  request.damaged = process.damaged;
  request.log_dirs = {quorum::wire::uuid_of(process.key.directory)};
  const auto answer = process.channel->call(request, after(process.env->clock.now(), 5s));
  if (!answer || answer->error_code != ErrorCode::none) return false;
  oracle_.registered(process.id(), answer->broker_epoch);
  process.broker_epoch = answer->broker_epoch;
  return true;
}

void Cluster::be_broker(Process& process) {
  Env& env = *process.env;
  RandomStream random = env.random.stream("incarnation");
  const std::uint64_t high = random.next();
  const std::uint64_t low = random.next();
  for (;;) {
    if (!sleep_until(after(env.clock.now(), 200ms))) return;
    if (process.silent) continue;
    if (process.broker_epoch < 0 && !register_broker(process, Uuid::of(high, low))) continue;
    protocol::BrokerHeartbeatRequest request;
    request.broker_id = process.id();
    request.broker_epoch = process.broker_epoch;
    request.current_metadata_offset = process.log->image().applied();
    request.want_shut_down = process.shut_down;
    request.offline_log_dirs = process.offline;
    for (const auto& wanted : process.heartbeat.log_ends_wanted)
      request.log_ends.push_back({wanted.topic_id, wanted.partition, 0, process.id()});
    const auto answer = process.channel->call(request, after(env.clock.now(), 1s));
    if (!answer) continue;
    // Only another incarnation of this broker could make the epoch a stale one.
    if (answer->error_code == ErrorCode::stale_broker_epoch) FAIL("broker " << process.id() << " lost its epoch");
    process.heartbeat = *answer;
  }
}

/// Takes blocks of producer ids, and creates topics that others may create as well.
void Cluster::work(Process& process) {
  Env& env = *process.env;
  for (;;) {
    if (!sleep_until(after(env.clock.now(), process.work > 0ns ? process.work : 100ms))) return;
    if (process.work == 0ns || process.broker_epoch < 0) continue;
    const auto block = process.channel->call(protocol::AllocateProducerIdsRequest{process.id(), process.broker_epoch},
                                             after(env.clock.now(), 2s));
    if (block && block->error_code == ErrorCode::none) oracle_.allocated(block->producer_id_start, block->producer_id_len);
    protocol::CreateTopicsRequest request;
    const std::int64_t second = std::chrono::floor<std::chrono::seconds>(env.clock.now().time_since_epoch()).count();
    request.topics.push_back({"t" + std::to_string(second), 2, 2, {}, {}});
    request.timeout_ms = 1000;
    const auto answer = process.channel->call(request, after(env.clock.now(), 2s));
    if (answer && answer->topics.front().error_code == ErrorCode::none) {
      oracle_.created(request.topics.front().name, answer->topics.front().topic_id);
    }
  }
}

bool Cluster::run_until(const std::function<bool()>& reached, Duration patience) {
  const Time end = after(world_.now(), patience);
  while (!reached()) {
    if (world_.now() >= end) return false;
    world_.run_for(20ms);
  }
  return true;
}

void Cluster::settle() {
  const auto settled = [&] {
    const Process* controller = active();
    if (controller == nullptr) return false;
    const metadata::ClusterImage& image = controller->log->image();
    return std::ranges::all_of(
        processes_, [&](const Process& p) { return !p.serves || p.silent || !world_.is_running(p.sim) || image.active(p.id()); });
  };
  if (!run_until(settled, 60s)) FAIL("the cluster does not settle");
}

void Cluster::on(Process& process, const std::function<void(Process&)>& body) {
  REQUIRE(process.env != nullptr);
  bool finished = false;
  process.env->tasks.spawn_root("test", [&] {
    body(process);
    finished = true;
  });
  if (!run_until([&] { return finished; }, 60s)) FAIL("it does not come to an end");
}

Uuid Cluster::topic(Process& asker, const std::string& name, const std::vector<BrokerId>& replicas) {
  protocol::CreateTopicsRequest request;
  request.topics.push_back({name, -1, -1, {{0, replicas}}, {}});
  const protocol::CreateTopicsResponse answer = ask(asker, request);
  REQUIRE(answer.topics.size() == 1);
  REQUIRE(answer.topics.front().error_code == ErrorCode::none);
  return answer.topics.front().topic_id;
}

}  // namespace faultline::control::testing
