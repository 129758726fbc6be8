#include "cli/consume.h"

#include <fmt/core.h>

#include <charconv>
#include <cstdio>
#include <map>
#include <optional>

#include "broker/client/consumer.h"

namespace faultline::cli {
namespace {

using namespace client;

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

Result<Place> parse_place(std::string_view text) {
  constexpr std::string_view time_prefix = "time:";
  if (text == "earliest") return Place::earliest();
  if (text == "latest") return Place::latest();
  if (const auto offset = parse_number(text)) return Place::offset(*offset);
  if (text.starts_with(time_prefix)) {
    if (const auto time = parse_number(text.substr(time_prefix.size()))) return Place::time(*time);
  }
  return Error(Errc::invalid_argument,
               "--from: expected earliest, latest, an offset or time:MILLISECONDS, got '" + std::string(text) + "'");
}

/// Prints records as a format says, whose backslash sequences are replaced first.
class Printer {
 public:
  static Result<Printer> of(std::string_view format) {
    Printer printer;
    for (std::size_t i = 0; i < format.size(); ++i) {
      const char next = i + 1 < format.size() ? format[i + 1] : '\0';
      if (format[i] == '%') {
        if (std::string_view("vkopTteh%").find(next) == std::string_view::npos || next == '\0') {
          return Error(Errc::invalid_argument, "--format: expected one of v k o p t T e h % after '%'");
        }
        printer.parts_.push_back({true, next});
        ++i;
      } else if (format[i] == '\\' && (next == 'n' || next == 't' || next == '\\')) {
        printer.parts_.push_back({false, next == 'n' ? '\n' : next == 't' ? '\t' : '\\'});
        ++i;
      } else {
        printer.parts_.push_back({false, format[i]});
      }
    }
    return printer;
  }

  void print(const ConsumerRecord& record) const {
    std::string line;
    for (const Part& part : parts_) {
      if (part.is_field) {
        append(line, part.character, record);
      } else {
        line += part.character;
      }
    }
    std::fwrite(line.data(), 1, line.size(), stdout);
  }

 private:
  struct Part {
    bool is_field;
    char character;
  };

  static void append(std::string& line, char field, const ConsumerRecord& record) {
    switch (field) {
      case 'v': line += text_of(record.value); return;
      case 'k': line += text_of(record.key); return;
      case 'o': line += std::to_string(record.offset); return;
      case 'p': line += std::to_string(record.partition.partition); return;
      case 't': line += record.partition.topic; return;
      case 'T': line += std::to_string(record.timestamp_ms); return;
      case 'e': line += std::to_string(record.leader_epoch); return;
      case 'h':
        for (std::size_t i = 0; i < record.headers.size(); ++i) {
          line += fmt::format("{}{}={}", i == 0 ? "" : ",", record.headers[i].key, text_of(record.headers[i].value));
        }
        return;
      default: line += field;
    }
  }

  std::vector<Part> parts_;
};

class Consumption {
 public:
  Consumption(ClientSession& session, Env& env, const ConsumeOptions& options, const ConsumerConfig& config, Printer printer)
      : session_(session), env_(env), options_(options), printer_(std::move(printer)), consumer_(env, config) {}

  ExitCode run(Place from) {
    if (const ClientResult<> begun = begin(from); !begun) return session_.fail(begun.error());
    std::int64_t left = options_.count;
    while (left != 0 && !at_end()) {
      const ClientResult<Polled> polled =
          consumer_.poll(100ms, left < 0 ? 500 : static_cast<std::size_t>(std::min<std::int64_t>(left, 500)));
      if (!polled) return polled.error().is_cancelled() ? ExitCode::ok : session_.fail(polled.error());
      for (const ConsumerRecord& record : polled->records) {
        if (is_past_the_end(record)) continue;
        printer_.print(record);
        if (left > 0) --left;
      }
      std::fflush(stdout);
      if (std::ferror(stdout) != 0) return session_.fail("cannot write to stdout");
      if (!polled->errors.empty()) return session_.fail(polled->errors.front().error);
      tell(polled->retrying);
    }
    return ExitCode::ok;
  }

 private:
  ClientResult<> begin(Place from) {
    std::vector<TopicPartition> partitions = TRY(consumer_.partitions_of(options_.topic, session_.deadline(env_)));
    if (!options_.partitions.empty()) {
      const std::size_t count = partitions.size();
      partitions.clear();
      for (const std::int32_t index : options_.partitions) {
        if (index < 0 || static_cast<std::size_t>(index) >= count) {
          return ClientError(protocol::ErrorCode::unknown_topic_or_partition, to_string(TopicPartition{options_.topic, index}));
        }
        partitions.push_back({options_.topic, index});
      }
    }
    consumer_.assign(partitions);
    for (const TopicPartition& partition : partitions) consumer_.seek(partition, from);
    TRY(consumer_.resolve_positions(session_.deadline(env_)));
    if (options_.exit_at_end) ends_ = TRY(consumer_.end_offsets(partitions, session_.deadline(env_)));
    return {};
  }

  bool at_end() const {
    if (!options_.exit_at_end) return false;
    for (const auto& [partition, end] : ends_) {
      const std::optional<std::int64_t> position = consumer_.position(partition);
      if (!position.has_value() || *position < end) return false;
    }
    return true;
  }

  bool is_past_the_end(const ConsumerRecord& record) const {
    return options_.exit_at_end && record.offset >= ends_.at(record.partition);
  }

  /// Says once what is being retried, and again when it is something else.
  void tell(const std::optional<ClientError>& retrying) {
    if (!retrying.has_value()) return;
    const std::string text = to_string(*retrying);
    if (text != told_) static_cast<void>(session_.fail(text + "; trying again"));
    told_ = text;
  }

  ClientSession& session_;
  Env& env_;
  const ConsumeOptions& options_;
  const Printer printer_;
  Consumer consumer_;
  std::map<TopicPartition, std::int64_t> ends_;
  std::string told_;
};

}  // namespace

ExitCode consume(const ConsumeOptions& options) {
  ClientSession session("consume", options.client);
  return session.run([&](Env& env) {
    const Result<Place> from = parse_place(options.from);
    if (!from) return session.usage(from.error().detail);
    Result<Printer> printer = Printer::of(options.format);
    if (!printer) return session.usage(printer.error().detail);
    ConsumerConfig config;
    config.cluster = session.cluster();
    config.cluster.auto_create_topics_allowed = false;
    config.offset_reset = from->kind == Place::Kind::earliest ? OffsetReset::earliest : OffsetReset::none;
    ExitCode code = ExitCode::ok;
    TaskGroup group(env.tasks);
    // An interrupt ends the reading fiber, and so the command, as the end of the input would.
    TaskGroup signals(env.tasks);
    signals.spawn("consume.signals", [&] {
      if (session.world().wait_signal()) group.cancel();
    });
    group.spawn("consume", [&] { code = Consumption(session, env, options, config, *std::move(printer)).run(*from); });
    group.join();
    return code;
  });
}

}  // namespace faultline::cli
