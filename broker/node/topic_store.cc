#include "broker/node/topic_store.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/crc32c.h"

namespace faultline {
namespace {

using Json = nlohmann::json;

constexpr std::string_view file_name = "topics.json";
constexpr int format_version = 1;
// A checksum line of "crc32c " and eight hexadecimal digits goes before the JSON.
constexpr std::string_view checksum_label = "crc32c ";
constexpr std::size_t checksum_line_bytes = 16;
constexpr std::size_t file_bytes_max = 256 * 1024 * 1024;

std::string hex8(std::uint32_t value) {
  std::string text(8, '0');
  for (std::size_t i = 8; i-- > 0; value >>= 4) text[i] = "0123456789abcdef"[value & 15];
  return text;
}

Error bad(const std::string& what) { return Error(Errc::corrupt, std::string(file_name) + ": " + what); }

Result<TopicRecord> decode_topic(const Json& json) {
  TopicRecord topic;
  const Result<protocol::Uuid> id = protocol::parse_uuid(json.at("id").get<std::string>());
  if (!id) return bad("bad topic id");
  topic.id = *id;
  topic.name = json.at("name").get<std::string>();
  topic.partition_count = json.at("partitions").get<std::int32_t>();
  topic.overrides = json.at("config").get<std::map<std::string, std::string>>();
  if (topic.partition_count < 1) return bad("topic " + topic.name + " has no partitions");
  return topic;
}

}  // namespace

Slice encode_topic_store(const TopicStoreContent& content) {
  Json topics = Json::array();
  for (const auto& [name, topic] : content.topics) {
    topics.push_back(
        {{"name", name}, {"id", to_string(topic.id)}, {"partitions", topic.partition_count}, {"config", topic.overrides}});
  }
  const std::string body =
      Json{{"version", format_version}, {"incarnation", content.incarnation}, {"topics", topics}}.dump(1) + "\n";
  return Slice::copy_of(std::string(checksum_label) + hex8(crc32c(as_bytes(body))) + "\n" + body);
}

Result<TopicStoreContent> decode_topic_store(const Slice& bytes) {
  const std::string_view text = as_text(bytes);
  if (text.size() < checksum_line_bytes || !text.starts_with(checksum_label) || text[checksum_line_bytes - 1] != '\n')
    return bad("no checksum");
  const std::string_view body = text.substr(checksum_line_bytes);
  if (text.substr(checksum_label.size(), 8) != hex8(crc32c(as_bytes(body)))) return bad("checksum differs");
  TopicStoreContent content;
  try {
    const Json json = Json::parse(body);
    if (json.at("version").get<int>() != format_version) return bad("unknown format version");
    content.incarnation = json.at("incarnation").get<std::int32_t>();
    for (const Json& entry : json.at("topics")) {
      TopicRecord topic = TRY(decode_topic(entry));
      content.topics.emplace(topic.name, std::move(topic));
    }
  } catch (const Json::exception& failure) {
    return bad(failure.what());
  }
  return content;
}

Result<TopicStoreContent> load_topic_store(Disk& disk, Time deadline) {
  Result<Slice> bytes = read_whole(disk, file_name, file_bytes_max, deadline);
  if (!bytes && bytes.error() == Errc::not_found) return TopicStoreContent{};
  return decode_topic_store(TRY(std::move(bytes)));
}

Result<> save_topic_store(Disk& disk, const TopicStoreContent& content, Time deadline) {
  return replace_file(disk, file_name, encode_topic_store(content), deadline);
}

}  // namespace faultline
