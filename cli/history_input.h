// The files of a history, opened: their format told, and what they are about.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkers/formats/workload.h"

namespace faultline::cli {

class HistoryInput {
 public:
  /// Opens `paths` ("-": stdin); several are clients of one run, to be read as one history. `format`: none if the files tell.
  ///
  /// Errors: not_found; malformed: empty, or of no known format, or of several.
  static Result<std::unique_ptr<HistoryInput>> open(std::span<const std::string> paths, std::optional<formats::Format> format);

  /// "history.jsonl", "stdin", "a.jsonl and 2 more".
  const std::string& name() const { return name_; }
  formats::Format format() const { return format_; }
  formats::EventReader& reader() { return *reader_; }
  std::uint64_t size_bytes() const { return size_; }  // 0 if it is not known
  std::uint64_t bytes_read() const;

  /// What the history is about, if it tells; with the reason. Errors: it does not; `remedy` says what to do then.
  Result<formats::Guess> guess_workload(std::string_view remedy) const;

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const {
      if (file != stdin) std::fclose(file);
    }
  };
  struct Part {
    std::unique_ptr<std::FILE, CloseFile> file;
    std::unique_ptr<formats::TextInput> input;
  };

  HistoryInput() = default;
  Result<> add(const std::string& path);
  Result<formats::Format> format_of(const formats::TextInput& input) const;

  std::string name_;
  formats::Format format_ = formats::Format::jsonl;
  std::vector<Part> parts_;
  std::uint64_t size_ = 0;
  std::unique_ptr<formats::EventReader> reader_;
};

}  // namespace faultline::cli
