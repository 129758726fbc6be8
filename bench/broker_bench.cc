#include "bench/broker_bench.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>

#include "bench/child_process.h"
#include "bench/kafka_load.h"
#include "bench/raw_server.h"

namespace faultline::bench {
namespace {

constexpr std::size_t rounds = 5;
constexpr std::size_t in_flight = 5;  // max.in.flight.requests.per.connection of the Java client
constexpr std::size_t kib = 1024;

using Samples = std::vector<double>;

double median(Samples samples) {
  std::sort(samples.begin(), samples.end());
  return samples[samples.size() / 2];
}

double percentile(Samples samples, double share) {
  std::sort(samples.begin(), samples.end());
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(samples.size())));
  return samples[std::max<std::size_t>(rank, 1) - 1];
}

/// Processor seconds of `pid` during `work`.
template <class Work>
Result<double> cost_of(pid_t pid, Work&& work) {
  const double before = TRY(processor_seconds(pid));
  TRY(work());
  return TRY(processor_seconds(pid))
  -before;
}

// -- Processor time per gigabyte ------------------------------------------------------------------------------------------------

struct Transfer {
  std::string name;
  std::size_t batch_bytes;
  std::size_t record_bytes;
  Durability durability;
  double produce_goal;  // CPU seconds per GB; zero: none
  double consume_goal;  // zero: not consumed
  double raws;          // at most so many times the raw server; zero: no goal
  std::size_t bytes;    // measured, after a quarter of it to warm up; less where the disk sets the pace
};

const std::array transfers{
    Transfer{"64 KiB batches of 1 KiB", 64 * kib, kib, Durability::page_cache, 0.40, 0.20, 2, 256'000'000},
    Transfer{"16 KiB batches of 1 KiB", 16 * kib, kib, Durability::page_cache, 0.85, 0.35, 2, 256'000'000},
    Transfer{"64 KiB batches of 100 B", 64 * kib, 100, Durability::page_cache, 0, 0, 0, 128'000'000},
    Transfer{"64 KiB batches of 1 KiB, synced", 64 * kib, kib, Durability::synced, 0, 0, 0, 32'000'000},
};

struct TransferSamples {
  Samples produce;
  Samples consume;
  Samples raw_produce;
  Samples raw_consume;
};

Result<> measure_transfer(const Transfer& transfer, const BrokerProcess& broker, const RawServer& raw, TransferSamples& samples) {
  const Batch batch = make_batch(transfer.batch_bytes, transfer.record_bytes);
  const std::size_t bytes = batch.bytes.size();
  const std::size_t count = transfer.bytes / bytes;
  const std::size_t warm_up = count / 4;
  const double gigabytes = static_cast<double>(count * bytes) / 1e9;
  const RawOrder order = transfer.durability == Durability::synced ? RawOrder::write_and_sync : RawOrder::write;

  KafkaLoad client = TRY(KafkaLoad::connect(broker.port()));
  RawClient raw_client = TRY(RawClient::connect(raw));
  const std::string topic =
      "bytes-" + std::to_string(bytes) + "-" + std::to_string(batch.records) + "-" + std::to_string(static_cast<int>(order));
  TRY(client.create_topic(topic, transfer.durability));
  TRY(client.produce(topic, batch, warm_up, in_flight));
  TRY(raw_client.write(batch.bytes, order, warm_up, in_flight));
  const double produced = TRY(cost_of(broker.pid(), [&] { return client.produce(topic, batch, count, in_flight); }));
  const double raw_produced = TRY(cost_of(raw.pid(), [&] { return raw_client.write(batch.bytes, order, count, in_flight); }));
  samples.produce.push_back(produced / gigabytes);
  samples.raw_produce.push_back(raw_produced / gigabytes);
  if (transfer.consume_goal == 0) return {};

  TRY(client.consume(topic, batch, 0, warm_up, in_flight));
  TRY(raw_client.read(0, bytes, warm_up, in_flight));
  const double consumed = TRY(cost_of(broker.pid(), [&] { return client.consume(topic, batch, warm_up, count, in_flight); }));
  const double raw_consumed = TRY(cost_of(raw.pid(), [&] { return raw_client.read(warm_up * bytes, bytes, count, in_flight); }));
  samples.consume.push_back(consumed / gigabytes);
  samples.raw_consume.push_back(raw_consumed / gigabytes);
  return {};
}

struct AtRest {
  Samples start_ms;
  Samples idle_megabytes;
};

Result<BrokerProcess> start_and_look(AtRest& at_rest) {
  constexpr useconds_t until_idle_us = 300'000;
  BrokerProcess broker = TRY(BrokerProcess::start());
  at_rest.start_ms.push_back(broker.start_seconds() * 1e3);
  usleep(until_idle_us);
  at_rest.idle_megabytes.push_back(TRY(broker.resident_megabytes()));
  return broker;
}

Result<> measure_transfers(const std::function<void(std::string_view)>& progress, BenchResult& result) {
  AtRest at_rest;
  std::array<TransferSamples, transfers.size()> samples;
  for (std::size_t round = 0; round < rounds; ++round) {
    progress("processor time per gigabyte, round " + std::to_string(round + 1) + " of " + std::to_string(rounds));
    BrokerProcess broker = TRY(start_and_look(at_rest));
    const RawServer raw = TRY(RawServer::start());
    for (std::size_t i = 0; i < transfers.size(); ++i) TRY(measure_transfer(transfers[i], broker, raw, samples[i]));
    TRY(broker.stop());
  }
  for (std::size_t i = 0; i < transfers.size(); ++i) {
    const Transfer& transfer = transfers[i];
    result.figures.push_back({"produce, " + transfer.name, median(samples[i].produce), "CPU s/GB", 0, transfer.produce_goal,
                              median(samples[i].raw_produce), transfer.raws});
    if (samples[i].consume.empty()) continue;
    result.figures.push_back({"consume, " + transfer.name, median(samples[i].consume), "CPU s/GB", 0, transfer.consume_goal,
                              median(samples[i].raw_consume), transfer.raws});
  }
  result.figures.push_back({"memory when idle", median(at_rest.idle_megabytes), "MB", 0, 15});
  result.figures.push_back({"from exec to ready", median(at_rest.start_ms), "ms", 0, 100});
  return {};
}

// -- Latency --------------------------------------------------------------------------------------------------------------------

struct Wait {
  std::string name;
  Durability durability;
  RawOrder raw;
  std::vector<std::string> broker_options;
  std::size_t messages;
  double p99_goal_ms;
};

Result<Samples> raw_latencies(const RawServer& raw, const Batch& batch, const Wait& wait) {
  RawClient client = TRY(RawClient::connect(raw));
  Samples samples;
  for (std::size_t i = 0; i < wait.messages; ++i) {
    const double sent = now_seconds();
    TRY(client.write(batch.bytes, wait.raw, 1, 1));
    samples.push_back(now_seconds() - sent);
  }
  return samples;
}

Result<> measure_wait(const Wait& wait, BenchResult& result) {
  constexpr std::size_t warm_up = 200;
  const Batch batch = make_batch(0, 100);  // a single record
  BrokerProcess broker = TRY(BrokerProcess::start(wait.broker_options));
  const RawServer raw = TRY(RawServer::start());
  KafkaLoad client = TRY(KafkaLoad::connect(broker.port()));
  TRY(client.create_topic("latency", wait.durability));
  TRY(client.produce("latency", batch, warm_up, 1));
  const Samples samples = TRY(client.produce_timed("latency", batch, wait.messages));
  const Samples raw_samples = TRY(raw_latencies(raw, batch, wait));
  const auto add = [&](const char* which, double share, double goal) {
    result.figures.push_back({"produce to ack, " + wait.name + ", " + which, percentile(samples, share) * 1e3, "ms", 0, goal,
                              percentile(raw_samples, share) * 1e3});
  };
  add("p50", 0.5, 0);
  add("p99", 0.99, wait.p99_goal_ms);
  add("p99.9", 0.999, 0);
  return broker.stop();
}

Result<> measure_latency(BenchResult& result) {
  TRY(measure_wait({"not synced", Durability::page_cache, RawOrder::write, {}, 10'000, 0}, result));
  TRY(measure_wait({"synced", Durability::synced, RawOrder::write_and_sync, {}, 5'000, 2}, result));
  return measure_wait(
      {"2 ms slower sync", Durability::synced, RawOrder::write_and_sync_slowly, {"--sync-delay", "2ms"}, 1'000, 0}, result);
}

// -- librdkafka -----------------------------------------------------------------------------------------------------------------

constexpr std::size_t messages = 500'000;
constexpr std::size_t message_bytes = 100;

Result<> write_lines(const std::string& path) {
  std::ofstream file(path);
  const std::string line = std::string(message_bytes, 'x') + "\n";
  for (std::size_t i = 0; i < messages; ++i) file << line;
  return file.flush() ? Result<>() : Error(Errc::io_error, "cannot write " + path);
}

/// Returns: seconds from start to end.
Result<double> run_kcat(std::vector<std::string> options, const std::string& lines) {
  std::vector<std::string> arguments{"kcat", "-P", "-q", "-t", "messages", "-p", "0", "-l", lines};
  arguments.insert(arguments.end(), options.begin(), options.end());
  const double started = now_seconds();
  ChildProcess kcat = TRY(ChildProcess::start(arguments, true));
  TRY(kcat.wait());
  return now_seconds() - started;
}

Result<> measure_messages(BenchResult& result) {
  const TemporaryDirectory directory = TRY(TemporaryDirectory::make());
  const std::string lines = directory.path() + "/lines";
  TRY(write_lines(lines));
  Samples rates;
  Samples mock_rates;
  Samples broker_microseconds;
  for (std::size_t round = 0; round < rounds; ++round) {
    BrokerProcess broker = TRY(BrokerProcess::start());
    TRY(TRY(KafkaLoad::connect(broker.port())).create_topic("messages", Durability::synced));
    double took = 0;
    const double cost = TRY(cost_of(broker.pid(), [&]() -> Result<> {
      took = TRY(run_kcat({"-b", "127.0.0.1:" + std::to_string(broker.port())}, lines));
      return {};
    }));
    rates.push_back(messages / took);
    broker_microseconds.push_back(cost * 1e6 / messages);
    // The same client against the broker that librdkafka carries within itself for its own tests: what the client alone can do.
    mock_rates.push_back(messages / TRY(run_kcat({"-b", "mock", "-X", "test.mock.num.brokers=1"}, lines)));
    TRY(broker.stop());
  }
  result.figures.push_back(
      {"kcat -P (librdkafka), 100 B, acks=all, synced", median(rates), "messages/s", 0, 0, median(mock_rates)});
  result.figures.push_back({"broker's part of that", median(broker_microseconds), "CPU us each"});
  return {};
}

}  // namespace

Result<BenchResult> run_broker_bench(const std::function<void(std::string_view doing)>& progress) {
  BenchResult result{"broker", {}};
  TRY(pin_to_one_core());
  TRY(measure_transfers(progress, result));
  progress("latency");
  TRY(measure_latency(result));
  progress("messages from kcat");
  const Result<> measured = measure_messages(result);
  if (measured || !(measured.error() == Errc::not_found)) {
    TRY(measured);
  } else {
    progress("kcat is not installed, so messages are not measured");
  }
  return result;
}

}  // namespace faultline::bench
