#include "cli/history_input.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "checkers/formats/merged_reader.h"

namespace faultline::cli {
namespace {

Result<std::size_t> read_chunk(std::FILE* file, std::span<char> span) {
  const std::size_t count = std::fread(span.data(), 1, span.size(), file);
  if (count == 0 && std::ferror(file) != 0) return Error(Errc::io_error, std::strerror(errno));
  return count;
}

std::uint64_t size_of(std::FILE* file) {
  struct stat status{};
  return ::fstat(::fileno(file), &status) == 0 && status.st_size > 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

}  // namespace

Result<std::unique_ptr<HistoryInput>> HistoryInput::open(std::span<const std::string> paths,
                                                         std::optional<formats::Format> format) {
  std::unique_ptr<HistoryInput> result(new HistoryInput);
  for (const std::string& path : paths) TRY(result->add(path));
  const formats::TextInput& first = *result->parts_.front().input;
  result->name_ = first.name() + (paths.size() > 1 ? fmt::format(" and {} more", paths.size() - 1) : std::string());
  result->format_ = format ? *format : TRY(result->format_of(first));
  std::vector<formats::NamedReader> readers;
  for (const Part& part : result->parts_) {
    const formats::Format own = format ? *format : TRY(result->format_of(*part.input));
    if (own != result->format_) {
      return part.input->error(
          0, fmt::format("this looks like the format {}, and {} like {}; files to be merged are of one format", to_string(own),
                         first.name(), to_string(result->format_)));
    }
    readers.push_back({part.input->name(), make_reader(own, *part.input)});
  }
  result->reader_ = readers.size() == 1 ? std::move(readers.front().reader) : make_merged_reader(std::move(readers));
  return result;
}

Result<> HistoryInput::add(const std::string& path) {
  const std::string name = path == "-" ? "stdin" : path;
  std::FILE* file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (file == nullptr) return Error(Errc::not_found, fmt::format("{}: {}", path, std::strerror(errno)));
  Part part;
  part.file.reset(file);
  part.input = std::make_unique<formats::TextInput>([file](std::span<char> span) { return read_chunk(file, span); }, name);
  TRY(formats::load_sample(*part.input));
  if (part.input->window().empty()) return Error(Errc::malformed, name + ": the file is empty");
  size_ += size_of(file);
  parts_.push_back(std::move(part));
  return {};
}

Result<formats::Format> HistoryInput::format_of(const formats::TextInput& input) const {
  if (const auto format = formats::detect_format(input.window())) return *format;
  std::string names;
  for (const formats::Format format : formats::all_formats())
    names += fmt::format("{}{}", names.empty() ? "" : ", ", to_string(format));
  return input.error(
      0, fmt::format("this looks like none of the known formats; if it is one of them, say which: --format {}", names));
}

std::uint64_t HistoryInput::bytes_read() const {
  std::uint64_t bytes = 0;
  for (const Part& part : parts_) bytes += part.input->consumed();
  return bytes;
}

// Of several files one may only read: the first that tells counts.
Result<formats::Guess> HistoryInput::guess_workload(std::string_view remedy) const {
  formats::Guess last;
  for (const Part& part : parts_) {
    last = formats::guess_workload(format_, part.input->window(), part.input->complete());
    if (last.workload) return last;
  }
  return parts_.front().input->error(0,
                                     fmt::format("what it is about cannot be told from the file ({}); {}", last.reason, remedy));
}

}  // namespace faultline::cli
