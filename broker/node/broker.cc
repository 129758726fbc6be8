#include "broker/node/broker.h"

namespace faultline {
namespace {

constexpr TracePoint retention_failed{"node.retention_failed", TraceLevel::warning};

}  // namespace

Result<std::unique_ptr<Broker>> Broker::open(Env& env, const BrokerConfig& config) {
  TRY(config.validate());
  Endpoint advertised = TRY(config.advertised_endpoint());
  std::unique_ptr<Broker> broker(new Broker(env, config, std::move(advertised)));
  const Duration disk_timeout = std::chrono::milliseconds(config.disk_timeout_ms);
  broker->directory_ = TRY(DataDirectory::open(env, config.node_id, disk_timeout));
  broker->topics_ = TRY(Topics::open(env, *broker->directory_, config.topic_defaults, disk_timeout, config.exhibits));
  broker->producer_ids_ = TRY(ProducerIds::open(env, disk_timeout));
  broker->maintenance_.spawn("maintenance", [self = broker.get()] { static_cast<void>(self->maintain()); });
  return broker;
}

Result<> Broker::maintain() {
  for (;;) {
    TRY(sleep_until(after(env_.clock.now(), std::chrono::milliseconds(config_.log_retention_check_interval_ms))));
    for (const std::shared_ptr<Partition>& partition : topics_->partitions()) {
      const Result<> tidied = partition->tidy(std::chrono::milliseconds(config_.producer_id_expiration_ms));
      if (tidied) continue;
      if (tidied.error() == Errc::cancelled) return tidied;
      const std::string name = to_string(partition->id());
      env_.trace.emit(retention_failed, {{"log", name}, {"error", to_string(tidied.error().code)}});
    }
  }
}

Result<> Broker::close() {
  maintenance_.cancel();
  maintenance_.join();
  return topics_->close();
}

}  // namespace faultline
