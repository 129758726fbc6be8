#include "scenarios/field_reader.h"

#include "base/suggest.h"
#include "scenarios/text_values.h"

namespace faultline::scenarios {
namespace {

// "at least 1", "from 1 to 1000".
std::string limits_text(const std::string& low, const std::string& high, bool bounded) {
  return bounded ? "from " + low + " to " + high : "at least " + low;
}

void check_limits(Reading& reading, const Node& node, const std::string& path, std::int64_t value, const Limits& limits) {
  if (value >= limits.min && value <= limits.max) return;
  const bool bounded = limits.max != std::numeric_limits<std::int64_t>::max();
  reading.complain(path, node.at,
                   "expected " + limits_text(std::to_string(limits.min), std::to_string(limits.max), bounded) + ", got " +
                       std::to_string(value));
}

}  // namespace

void Reading::expected(const std::string& path, const Node& node, const std::string& what) {
  std::string got(to_string(node.kind));
  if (node.kind == Node::Kind::text) got = quote_text(node.text);
  if (node.kind == Node::Kind::integer) got = std::to_string(node.number);
  complain(path, node.at, "expected " + what + ", got " + got);
}

std::string unknown_word(std::string_view what, std::string_view word, const std::vector<std::string_view>& known) {
  std::string message = "unknown " + std::string(what) + " '" + std::string(word) + "'";
  const std::string_view nearest = closest_word(word, known);
  if (!nearest.empty()) return message + "; did you mean '" + std::string(nearest) + "'?";
  message += "; known are ";
  bool first = true;
  for (const std::string_view candidate : known) {
    message += (first ? "'" : ", '") + std::string(candidate) + "'";
    first = false;
  }
  return message;
}

void read_value(Reading& reading, const Node& node, const std::string& path, std::string& value, const Limits&) {
  if (node.kind != Node::Kind::text) return reading.expected(path, node, "a text");
  value = node.text;
}

void read_value(Reading& reading, const Node& node, const std::string& path, bool& value, const Limits&) {
  if (node.kind != Node::Kind::boolean) return reading.expected(path, node, "true or false");
  value = node.number != 0;
}

void read_value(Reading& reading, const Node& node, const std::string& path, std::int64_t& value, const Limits& limits) {
  if (node.kind == Node::Kind::integer) {
    value = node.number;
  } else if (const auto size = node.kind == Node::Kind::text ? parse_size(node.text) : std::nullopt) {
    value = *size;
  } else {
    return reading.expected(path, node, "an integer, or a size such as \"64KiB\"");
  }
  check_limits(reading, node, path, value, limits);
}

void read_value(Reading& reading, const Node& node, const std::string& path, std::uint64_t& value, const Limits& limits) {
  auto number = static_cast<std::int64_t>(value);
  read_value(reading, node, path, number, limits);
  value = static_cast<std::uint64_t>(number);
}

void read_value(Reading& reading, const Node& node, const std::string& path, Duration& value, const Limits& limits) {
  const auto duration = node.kind == Node::Kind::text ? parse_duration(node.text) : std::nullopt;
  if (!duration) return reading.expected(path, node, "a duration such as \"250ms\" or \"1m30s\"");
  value = *duration;
  if (value.count() >= limits.min && value.count() <= limits.max) return;
  const bool bounded = limits.max != std::numeric_limits<std::int64_t>::max();
  reading.complain(path, node.at,
                   "expected " +
                       limits_text(format_duration(Duration(limits.min)), format_duration(Duration(limits.max)), bounded) +
                       ", got " + quote_text(node.text));
}

void read_value(Reading& reading, const Node& node, const std::string& path, Ratio& value, const Limits&) {
  std::optional<Ratio> ratio;
  if (node.kind == Node::Kind::text) ratio = parse_ratio(node.text);
  if (node.kind == Node::Kind::integer) ratio = parse_ratio(std::to_string(node.number));
  if (!ratio) return reading.expected(path, node, "a share such as \"1/200\" or \"0.5%\"");
  value = *ratio;
}

void read_value(Reading& reading, const Node& node, const std::string& path, ConfigText& value, const Limits&) {
  if (node.kind == Node::Kind::text) {
    value.text = node.text;
  } else if (node.kind == Node::Kind::integer) {
    value.text = std::to_string(node.number);
  } else if (node.kind == Node::Kind::boolean) {
    value.text = node.number != 0 ? "true" : "false";
  } else {
    reading.expected(path, node, "a text, an integer or a boolean");
  }
}

void read_value(Reading& reading, const Node& node, const std::string& path, Knob& value, const Limits&) {
  if (node.kind == Node::Kind::table) {
    FieldReader<Knob> reader(reading, node, path, value);
    describe(reader, std::type_identity<Knob>{});
    reader.refuse_unknown();
    if (node.find("one_of") != nullptr && value.one_of.empty())
      reading.complain(path, node.at, "'one_of' has nothing to choose from");
  } else if (node.kind == Node::Kind::array) {
    read_value(reading, node, path, value.range, any_sign);
  } else {
    read_value(reading, node, path, value.one_of.emplace_back(), Limits{});
  }
}

}  // namespace faultline::scenarios
