#include "cli/produce.h"

#include <fmt/core.h>

#include <deque>

#include "broker/client/producer.h"
#include "cli/line_input.h"

namespace faultline::cli {
namespace {

using namespace client;

Result<protocol::Codec> parse_codec(std::string_view text) {
  for (const protocol::Codec codec :
       {protocol::Codec::none, protocol::Codec::gzip, protocol::Codec::snappy, protocol::Codec::lz4, protocol::Codec::zstd}) {
    if (text == protocol::to_string(codec)) return codec;
  }
  return Error(Errc::invalid_argument,
               "--compression: expected none, gzip, snappy, lz4 or zstd, got '" + std::string(text) + "'");
}

Result<std::int16_t> parse_acks(std::string_view text) {
  if (text == "all" || text == "-1") return std::int16_t{-1};
  if (text == "0") return std::int16_t{0};
  if (text == "1") return std::int16_t{1};
  return Error(Errc::invalid_argument, "--acks: expected 0, 1 or all, got '" + std::string(text) + "'");
}

Result<ProducerConfig> configure(const ProduceOptions& options, const ClusterConfig& cluster) {
  ProducerConfig config;
  config.cluster = cluster;
  config.cluster.connection.request_timeout = std::chrono::milliseconds(options.client.timeout_ms);
  config.compression = TRY(parse_codec(options.compression));
  config.acks = TRY(parse_acks(options.acks));
  config.linger = std::chrono::milliseconds(options.linger_ms);
  config.batch_bytes = 64 * 1024;
  config.block_max = std::chrono::milliseconds(options.client.timeout_ms);
  config.delivery_timeout = config.linger + config.cluster.connection.request_timeout;
  TRY(config.validate());
  return config;
}

class Production {
 public:
  Production(ClientSession& session, Env& env, const ProduceOptions& options, const ProducerConfig& config)
      : session_(session), options_(options), lines_(env.clock), producer_(env, config) {}

  ExitCode run() {
    for (;;) {
      if (lines_.is_dry()) report(false);
      Result<std::optional<std::string>> line = lines_.next();
      if (!line) return session_.fail(to_string(line.error()));
      if (!line->has_value()) break;
      ClientResult<Delivery> sent = producer_.send(record_of(**line));
      if (!sent) {
        report(true);
        return session_.fail(fmt::format("line {}: {}", line_, to_string(sent.error())));
      }
      deliveries_.push_back(*std::move(sent));
      report(false);
    }
    const ClientResult<> flushed = producer_.flush(no_deadline);
    report(true);
    if (!flushed) return session_.fail(flushed.error());
    return failures_ == 0 ? ExitCode::ok : ExitCode::failed;
  }

 private:
  ProducerRecord record_of(std::string_view line) {
    ++line_;
    ProducerRecord record;
    record.topic = options_.topic;
    record.partition = options_.partition;
    const std::size_t at = options_.key_separator.empty() ? std::string_view::npos : line.find(options_.key_separator);
    if (at != std::string_view::npos) {
      record.key = Slice::copy_of(line.substr(0, at));
      line = line.substr(at + options_.key_separator.size());
    }
    record.value = Slice::copy_of(line);
    return record;
  }

  /// What became of the oldest records, up to the first that is not settled, or of all.
  void report(bool all) {
    while (!deliveries_.empty() && (all || deliveries_.front().done())) {
      const ClientResult<Acknowledgement> outcome = deliveries_.front().wait();
      deliveries_.pop_front();
      ++settled_;
      if (!outcome) {
        ++failures_;
        static_cast<void>(session_.fail(fmt::format("line {}: {}", settled_, to_string(outcome.error()))));
      } else if (options_.verbose) {
        fmt::print("{} {}{}\n", outcome->partition.partition, outcome->offset, outcome->maybe_duplicated ? " (maybe twice)" : "");
      }
    }
    std::fflush(stdout);
  }

  ClientSession& session_;
  const ProduceOptions& options_;
  LineInput lines_;
  Producer producer_;
  std::deque<Delivery> deliveries_;
  std::int64_t line_ = 0;
  std::int64_t settled_ = 0;
  std::int64_t failures_ = 0;
};

}  // namespace

ExitCode produce(const ProduceOptions& options) {
  ClientSession session("produce", options.client);
  return session.run([&](Env& env) {
    const Result<ProducerConfig> config = configure(options, session.cluster());
    if (!config) return session.usage(config.error().detail);
    return Production(session, env, options, *config).run();
  });
}

}  // namespace faultline::cli
