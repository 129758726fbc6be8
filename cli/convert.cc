#include "cli/convert.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <optional>

#include "base/suggest.h"
#include "checkers/formats/convert.h"
#include "cli/history_input.h"

namespace faultline::cli {
namespace {

using formats::Format;
using formats::Workload;

Result<Format> format_named(std::string_view option, const std::string& name) {
  if (const auto format = formats::parse_format(name)) return *format;
  std::vector<std::string_view> names;
  for (const Format format : formats::all_formats()) names.push_back(to_string(format));
  const std::string_view near = closest_word(name, names);
  return Error(Errc::invalid_argument, fmt::format("{} {}: unknown; there are {}{}", option, name, fmt::join(names, ", "),
                                                   near.empty() ? "" : fmt::format(". Did you mean {}?", near)));
}

Result<Workload> workload_of(const ConvertOptions& options, const HistoryInput& input) {
  if (options.about.empty()) {
    const formats::Guess guess = TRY(input.guess_workload("say --about log, elle-list-append, elle-register, or a model"));
    return *guess.workload;
  }
  if (const auto workload = formats::parse_workload(options.about)) return *workload;
  return Error(Errc::invalid_argument,
               fmt::format("--about {}: unknown; there are log, elle-list-append, elle-register, and the models of check "
                           "(model:log for a log without offsets of partitions)",
                           options.about));
}

// A file that is there as a whole or not at all.
class Output {
 public:
  explicit Output(const std::string& path) : path_(path), file_(path.empty() ? stdout : std::fopen(partial().c_str(), "wb")) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() {
    if (path_.empty() || file_ == nullptr) return;
    std::fclose(file_);
    std::remove(partial().c_str());
  }

  bool is_open() const { return file_ != nullptr; }
  void write(std::string_view text) { good_ = good_ && std::fwrite(text.data(), 1, text.size(), file_) == text.size(); }
  bool finish() {
    good_ = std::fflush(file_) == 0 && good_;
    if (path_.empty() || !good_) return good_;
    good_ = std::fclose(file_) == 0;
    file_ = nullptr;
    return good_ && std::rename(partial().c_str(), path_.c_str()) == 0;
  }

 private:
  std::string partial() const { return path_ + ".partial"; }

  const std::string path_;
  std::FILE* file_;
  bool good_ = true;
};

Result<formats::LeftOut> write(const ConvertOptions& options) {
  const Format to = TRY(format_named("--to", options.to));
  std::optional<Format> from;
  if (!options.from.empty()) from = TRY(format_named("--from", options.from));
  const std::unique_ptr<HistoryInput> input = TRY(HistoryInput::open(options.files, from));
  const formats::WriteOptions what {
    .workload = TRY(workload_of(options, *input))
    , .lossy = options.lossy
  };
  Output output(options.output);
  if (!output.is_open()) return Error(Errc::io_error, options.output + ": cannot be written");
  formats::LeftOut left_out =
      TRY(formats::convert(input->reader(), input->format(), to, what, [&](std::string_view text) { output.write(text); }));
  if (!output.finish())
    return Error(Errc::io_error, (options.output.empty() ? "stdout" : options.output) + ": cannot be written");
  return left_out;
}

}  // namespace

ExitCode convert(const ConvertOptions& options) {
  const Result<formats::LeftOut> left_out = write(options);
  if (!left_out) {
    std::fprintf(stderr, "%s\n", left_out.error().detail.c_str());
    return ExitCode::usage;
  }
  for (const auto& [what, count] : *left_out)
    std::fprintf(stderr, "left out, the format has no word for it: %s (%llu)\n", what.c_str(),
                 static_cast<unsigned long long>(count));
  return ExitCode::ok;
}

}  // namespace faultline::cli
