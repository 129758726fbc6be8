// Which settings are in force: what the broker was started with, and on top of it what the metadata say, for all brokers, for this
// one, and for the topic. The later of these wins.
#pragma once

#include <string_view>

#include "broker/metadata/image.h"
#include "broker/node/broker_config.h"
#include "broker/node/topic_config.h"

namespace faultline {

/// What a topic of this broker has where nothing is set for the topic itself. Settings that this build does not know are left out: only
/// a controller of a later one can have accepted them.
TopicConfig effective_topic_defaults(const BrokerConfig& config, const metadata::ClusterImage& image);

/// `defaults` with `overrides`, by topic keys, on top.
TopicConfig with_overrides(TopicConfig defaults, const metadata::ConfigValues& overrides);

TopicConfig effective_topic_config(const BrokerConfig& config, const metadata::ClusterImage& image, std::string_view topic);

}  // namespace faultline
