#include "broker/node/topic_config.h"

#include <array>

namespace faultline {
namespace {

constexpr std::array<std::string_view, 1> cleanup_policies{"delete"};
constexpr std::array<std::string_view, 1> compression_types{"producer"};
constexpr std::array<std::string_view, 2> timestamp_types{"CreateTime", "LogAppendTime"};
// Kafka's lower limit is 14, one batch header short of a record; ours lets the simulator roll segments often.
constexpr std::int64_t segment_bytes_min = 256;

using Key = ConfigKey<TopicConfig>;
constexpr std::array topic_keys{
    Key{"cleanup.policy", &TopicConfig::cleanup_policy, "What becomes of old segments: they are deleted.", 0, 0,
        cleanup_policies},
    Key{"compression.type", &TopicConfig::compression_type, "Batches are stored as the producer compressed them.", 0, 0,
        compression_types},
    Key{"file.delete.delay.ms", &TopicConfig::file_delete_delay_ms,
        "How long a deleted segment stays on the disk, for readers that have it open.", 0},
    Key{"flush.messages", &TopicConfig::flush_messages,
        "Sync the log after this many records. 1: nothing is acknowledged before it is on the disk. More: records are "
        "acknowledged from the "
        "page cache, and a power cut loses what was not synced.",
        1},
    Key{"index.interval.bytes", &TopicConfig::index_interval_bytes, "One index entry for about this many bytes of log.", 0},
    Key{"max.message.bytes", &TopicConfig::max_message_bytes, "The largest batch, as stored.", 0},
    Key{"message.timestamp.type", &TopicConfig::message_timestamp_type, "Who stamps a record: the producer or the broker.", 0, 0,
        timestamp_types},
    Key{"min.insync.replicas", &TopicConfig::min_insync_replicas, "With acks=all, fewer replicas in sync refuse the write.", 1},
    Key{"retention.bytes", &TopicConfig::retention_bytes,
        "Oldest segments go while the partition is larger than this; -1: no limit.", -1},
    Key{"retention.ms", &TopicConfig::retention_ms, "Segments whose newest record is older than this go; -1: no limit.", -1},
    Key{"segment.bytes", &TopicConfig::segment_bytes, "A segment is closed before it grows beyond this.", segment_bytes_min},
    Key{"segment.ms", &TopicConfig::segment_ms, "A segment is closed when its first record is older than this.", 1},
    Key{"unclean.leader.election.enable", &TopicConfig::unclean_leader_election_enable,
        "Whether a replica that is not known to have everything may lead when no other can: acknowledged records may be lost."},
};
constexpr ConfigTable<TopicConfig> table{topic_keys};

}  // namespace

const ConfigTable<TopicConfig>& topic_config_table() { return table; }

}  // namespace faultline
