#include "bench/cluster_bench.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "bench/process_cluster.h"
#include "broker/client/admin.h"
#include "broker/client/producer.h"
#include "runtime/asio/real_world.h"
#include "runtime/sync.h"
#include "scenarios/scenario_file.h"
#include "scenarios/trial.h"

namespace faultline::bench {
namespace {

using client::Admin;
using client::ClientResult;
using client::ClusterConfig;
using client::Producer;
using client::ProducerConfig;
using client::ProducerRecord;

using Samples = std::vector<double>;

double percentile(Samples samples, double share) {
  std::sort(samples.begin(), samples.end());
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(samples.size())));
  return samples[std::max<std::size_t>(rank, 1) - 1];
}

// -- The simulator --------------------------------------------------------------------------------------------------------------

struct Trials {
  const char* name;
  const char* file;
  std::uint64_t seeds;
  double seconds_goal;  // of one core, per seed
};

Result<scenarios::Scenario> load(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Error(Errc::not_found, "cannot read " + path + ": run this from the root of the source tree");
  std::ostringstream text;
  text << file.rdbuf();
  scenarios::ReadScenario read = scenarios::read_scenario(text.str(), path);
  if (!read.problems.empty()) return Error(Errc::malformed, scenarios::to_string(read.problems.front(), path));
  return std::move(read.scenario);
}

Result<> measure_trials(const Trials& trials, BenchResult& result) {
  const scenarios::Scenario scenario = TRY(load(trials.file));
  const double before = TRY(processor_seconds(0));
  double simulated = 0;
  double events = 0;
  double operations = 0;
  for (std::uint64_t seed = 1; seed <= trials.seeds; ++seed) {
    const scenarios::RunResult run = scenarios::run_trial(scenario, seed);
    if (run.outcome != scenarios::RunResult::Outcome::valid)
      return Error(Errc::internal,
                   std::string(trials.file) + ", seed " + std::to_string(seed) + ": " + std::string(to_string(run.outcome)));
    simulated += static_cast<double>(run.simulated.count()) / 1e9;
    events += static_cast<double>(run.events);
    operations += static_cast<double>(run.history.operations.size());
  }
  const double seconds = TRY(processor_seconds(0))
  -before;
  const auto seeds = static_cast<double>(trials.seeds);
  const std::string name = trials.name;
  result.figures.push_back({name + ", a seed", seconds / seeds * 1e3, "ms of a core", 0, trials.seconds_goal * 1e3});
  result.figures.push_back({name + ", simulated : wall", simulated / seconds, "s/s"});
  result.figures.push_back({name + ", events", events / seconds, "1/s"});
  result.figures.push_back({name + ", client operations", operations / seconds, "1/s"});
  return {};
}

// -- Three processes ------------------------------------------------------------------------------------------------------------

const std::vector<std::string> brisk{"--set", "controller.quorum.fetch.timeout.ms=300", "--set", "broker.session.timeout.ms=600",
                                     "--set", "broker.heartbeat.interval.ms=150"};

Result<> in_real_world(const std::function<Result<>(Env&)>& body) {
  const std::unique_ptr<RealWorld> world =
      TRY(RealWorld::open({.data_directory = {}, .trace_level = TraceLevel::error, .trace_file = {}}));
  Result<> ended;
  world->run([&](Env& env) { ended = body(env); });
  return ended;
}

template <class T>
Result<T> plain(ClientResult<T> result) {
  if (!result) return Error(Errc::internal, to_string(result.error()));
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return *std::move(result);
  }
}

ClusterConfig cluster_config(const ProcessCluster& cluster) {
  ClusterConfig config;
  config.bootstrap = cluster.bootstrap();
  return config;
}

ProducerConfig producer_config(const ProcessCluster& cluster) {
  ProducerConfig config;
  config.cluster = cluster_config(cluster);
  config.cluster.retry = {.min = 10ms, .max = 50ms};
  config.cluster.reconnect = {.min = 10ms, .max = 50ms};
  config.cluster.connection.request_timeout = 2s;
  config.batch_bytes = 64 * 1024;
  return config;
}

Result<> create_topic(Env& env, const ProcessCluster& cluster, const std::string& name, std::int32_t partitions) {
  Admin admin(env, cluster_config(cluster));
  client::NewTopic topic;
  topic.name = name;
  topic.partitions = partitions;
  topic.replication_factor = 3;
  topic.configs["min.insync.replicas"] = "2";
  return plain(admin.create_topic(topic, env.clock.now() + 60s));
}

ProducerRecord record_for(const std::string& topic, std::int32_t partition, const Slice& value) {
  ProducerRecord record;
  record.topic = topic;
  record.partition = partition;
  record.value = value;
  return record;
}

/// Messages of 1 KB at a steady rate. Returns: seconds from each send to its acknowledgement.
Result<Samples> steady_load(Env& env, const ProcessCluster& cluster, const ProducerConfig& config) {
  constexpr std::int32_t partitions = 6;
  constexpr std::size_t a_tick = 10;  // messages in a millisecond: 10,000 a second
  constexpr std::size_t warm_up_ticks = 2'000;
  constexpr std::size_t ticks = 10'000;
  TRY(create_topic(env, cluster, "steady", partitions));
  Producer producer(env, config);
  const Slice value = Slice::copy_of(std::string(1000, 'x'));
  Samples samples;
  Result<> failed;
  TaskGroup waiting(env.tasks);
  const Time begin = env.clock.now();
  for (std::size_t tick = 0; tick < warm_up_ticks + ticks; ++tick) {
    TRY(sleep_until(begin + tick * 1ms));
    const Time sent = env.clock.now();
    std::vector<client::Delivery> deliveries;
    for (std::size_t i = 0; i < a_tick; ++i) {
      const auto partition = static_cast<std::int32_t>((tick * a_tick + i) % partitions);
      deliveries.push_back(TRY(plain(producer.send(record_for("steady", partition, value)))));
    }
    waiting.spawn("acknowledgements", [&, sent, tick, deliveries = std::move(deliveries)] {
      for (const client::Delivery& delivery : deliveries) {
        const ClientResult<client::Acknowledgement> acknowledged = delivery.wait();
        if (!acknowledged) failed = Error(Errc::internal, to_string(acknowledged.error()));
        if (tick >= warm_up_ticks) samples.push_back(static_cast<double>((env.clock.now() - sent).count()) / 1e9);
      }
    });
  }
  waiting.join();
  TRY(failed);
  return samples;
}

Result<> measure_latency(const std::string& name, const std::vector<std::string>& options, std::uint32_t requests_in_flight,
                         double goal_ms, BenchResult& result) {
  ProcessCluster cluster = TRY(ProcessCluster::start(3, options));
  TRY(in_real_world([&](Env& env) -> Result<> {
    ProducerConfig config = producer_config(cluster);
    config.requests_in_flight_max = requests_in_flight;
    const Samples samples = TRY(steady_load(env, cluster, config));
    result.figures.push_back({name + ", p50", percentile(samples, 0.5) * 1e3, "ms"});
    result.figures.push_back({name + ", p99", percentile(samples, 0.99) * 1e3, "ms", 0, goal_ms});
    return {};
  }));
  return cluster.stop();
}

/// Kills the leader of a partition. Returns: seconds until the first record that was sent after that is acknowledged.
Result<double> fail_over(Env& env, ProcessCluster& cluster, const std::string& topic) {
  Admin admin(env, cluster_config(cluster));
  Producer producer(env, producer_config(cluster));
  const Slice value = Slice::copy_of(std::string(100, 'x'));
  TRY(plain(producer.send_and_wait(record_for(topic, 0, value))));
  const client::TopicMetadata metadata = TRY(plain(admin.describe_topic(topic, env.clock.now() + 10s)));
  const std::int32_t leader = metadata.partitions.at(0).leader;
  TRY(cluster.kill(leader));
  const Time killed = env.clock.now();
  TRY(plain(producer.send_and_wait(record_for(topic, 0, value))));
  const double seconds = static_cast<double>((env.clock.now() - killed).count()) / 1e9;
  TRY(cluster.start_again(leader));
  return seconds;
}

Result<> measure_failover(BenchResult& result) {
  constexpr int rounds = 5;
  ProcessCluster cluster = TRY(ProcessCluster::start(3, brisk));
  TRY(in_real_world([&](Env& env) -> Result<> {
    TRY(create_topic(env, cluster, "failover", 1));
    Samples samples;
    for (int round = 0; round < rounds; ++round) {
      samples.push_back(TRY(fail_over(env, cluster, "failover")));
      TRY(sleep_until(env.clock.now() + 2s));  // the one that came back catches up and joins
    }
    result.figures.push_back(
        {"from kill -9 of a leader to the next acknowledgement, median", percentile(samples, 0.5) * 1e3, "ms", 0, 1000});
    return {};
  }));
  return cluster.stop();
}

Result<> measure_cost(BenchResult& result) {
  constexpr std::int32_t partitions = 6;
  constexpr std::size_t bytes = 256'000'000;
  constexpr std::size_t value_bytes = 1000;
  ProcessCluster cluster = TRY(ProcessCluster::start(3, {}));
  TRY(in_real_world([&](Env& env) -> Result<> {
    TRY(create_topic(env, cluster, "bulk", partitions));
    Producer producer(env, producer_config(cluster));
    const Slice value = Slice::copy_of(std::string(value_bytes, 'x'));
    TRY(plain(producer.send_and_wait(record_for("bulk", 0, value))));
    const double before = TRY(cluster.processor_seconds());
    const Time begin = env.clock.now();
    for (std::size_t i = 0; i < bytes / value_bytes; ++i)
      TRY(plain(producer.send(record_for("bulk", static_cast<std::int32_t>(i % partitions), value))));
    TRY(plain(producer.flush(env.clock.now() + 120s)));
    const double wall = static_cast<double>((env.clock.now() - begin).count()) / 1e9;
    const double used = TRY(cluster.processor_seconds())
    -before;
    result.figures.push_back({"replicated three times, synced", used / (static_cast<double>(bytes) / 1e9), "CPU s/GB"});
    result.figures.push_back({"the same, throughput", static_cast<double>(bytes) / 1e6 / wall, "MB/s"});
    return {};
  }));
  return cluster.stop();
}

Result<> measure_idle(BenchResult& result) {
  constexpr std::int32_t partitions = 2000;
  constexpr Duration watched = 10s;
  ProcessCluster cluster = TRY(ProcessCluster::start(3, {}));
  TRY(in_real_world([&](Env& env) -> Result<> {
    TRY(create_topic(env, cluster, "idle", partitions));
    TRY(sleep_until(env.clock.now() + 5s));  // logs are made, leaders begin
    const double before = TRY(cluster.processor_seconds());
    TRY(sleep_until(env.clock.now() + watched));
    const double used = TRY(cluster.processor_seconds())
    -before;
    const double share = used / 3 / (static_cast<double>(watched.count()) / 1e9);
    result.figures.push_back({"2,000 partitions on 3 brokers, idle", share * 100, "% of a core, a broker"});
    return {};
  }));
  return cluster.stop();
}

}  // namespace

Result<BenchResult> run_cluster_bench(const std::function<void(std::string_view)>& progress) {
  BenchResult result{.name = "cluster", .figures = {}};
  progress("seeds of a small cluster");
  TRY(measure_trials({"3 brokers, 30 s of faults", "scenarios/bench-cluster.toml", 20, 0.07}, result));
  progress("a hundred brokers");
  TRY(measure_trials({"100 brokers, 60 s", "scenarios/hundred-brokers.toml", 1, 60}, result));
  // With one request in flight to a broker (max.in.flight.requests.per.connection), what is sent meanwhile goes together with the next, and so
  // do the fetches of followers: less work where brokers and client share the cores.
  const std::uint32_t usual = ProducerConfig{}.requests_in_flight_max;
  constexpr std::uint32_t alone = 1;
  const std::vector<std::string> slower{"--sync-delay", "2ms"};
  progress("latency of three processes");
  TRY(measure_latency("acks=all, synced, 10,000 messages/s of 1 KB", {}, usual, 4, result));
  TRY(measure_latency("the same, one request in flight", {}, alone, 4, result));
  progress("latency of three processes with slower disks");
  TRY(measure_latency("2 ms slower sync", slower, usual, 10, result));
  TRY(measure_latency("the same, one request in flight, 2 ms slower sync", slower, alone, 10, result));
  progress("failover");
  TRY(measure_failover(result));
  progress("the cost of replication");
  TRY(measure_cost(result));
  progress("the cost of idle partitions");
  TRY(measure_idle(result));
  return result;
}

}  // namespace faultline::bench
