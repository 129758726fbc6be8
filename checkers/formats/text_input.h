// TextInput: a window that slides over a text of any length.
//
// Parsers see one contiguous piece at a time and never wait: a form that does not end inside the window is parsed again when the
// window has grown, which costs nothing that matters, as a window holds thousands of forms. Memory is one chunk plus the largest
// form, and a form has a limit. Nothing here opens files: whoever has bytes gives a function that reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace faultline::formats {

/// Fills the beginning of the span. Returns: how many bytes; 0 at the end of the text, and only there.
using ChunkSource = std::function<Result<std::size_t>(std::span<char>)>;

/// A form (one event, one line) may be this long.
inline constexpr std::size_t max_form_bytes = 64u << 20;

/// A place in a file, counted from 1, columns in bytes.
struct Place {
  std::uint64_t line = 1;
  std::uint64_t column = 1;
};

class TextInput {
 public:
  /// `text` is not copied.
  TextInput(std::string_view text, std::string name) : name_(std::move(name)), window_(text), complete_(true) {}
  TextInput(ChunkSource source, std::string name) : name_(std::move(name)), source_(std::move(source)) {}
  TextInput(const TextInput&) = delete;
  TextInput& operator=(const TextInput&) = delete;

  /// What is not consumed yet and already here.
  std::string_view window() const { return window_; }
  /// Whether the window reaches the end of the text.
  bool complete() const { return complete_; }

  /// Lengthens the window at its end, or finds that it is complete. Views into it are void afterwards.
  ///
  /// Errors: the source's; too_large if what is not consumed has reached the limit of a form.
  Result<> grow();

  /// Takes `count` bytes from the window's beginning. Views into the rest stay as they are.
  void consume(std::size_t count);

  /// Bytes consumed so far.
  std::uint64_t consumed() const { return consumed_; }
  const std::string& name() const { return name_; }

  /// Of the byte `offset` bytes into the window.
  Place place(std::size_t offset) const;
  /// "name:line:column: message".
  Error error(Place place, std::string_view message) const;
  Error error(std::size_t offset, std::string_view message) const { return error(place(offset), message); }

 private:
  void forget_consumed();

  const std::string name_;
  ChunkSource source_;
  std::vector<char> buffer_;  // of a source: consumed bytes, then the window
  std::string_view window_;
  bool complete_ = false;
  std::uint64_t consumed_ = 0;
  std::size_t passed_ = 0;    // consumed bytes that are still in front of the window
  std::uint64_t lines_ = 0;   // ends of lines among those that are not
  std::uint64_t column_ = 0;  // bytes after the last of these
};

}  // namespace faultline::formats
