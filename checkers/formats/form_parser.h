// FormParser: one value at a time out of a window of text, as EDN or as JSON.
//
// The parser never waits and never reads past the window: a value that does not end inside it is `incomplete`, and the caller comes
// back with a longer window. Depth is bounded, so that no input can exhaust the stack.
// EDN: https://github.com/edn-format/edn, and what Clojure's printer adds to it: records (#jepsen.history.Op{...}), regular
// expressions, metadata, ##NaN. JSON: RFC 8259.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "checkers/formats/value.h"

namespace faultline::formats {

enum class Notation : std::uint8_t { edn, json };

class FormParser {
 public:
  enum class Status : std::uint8_t { done, incomplete, malformed };

  /// Texts with escapes and the items of collections go into `arena`.
  FormParser(Notation notation, Arena& arena) : notation_(notation), arena_(arena) {}

  /// From here on `text` is parsed. `complete`: its end is the end of everything. Places count from `origin` bytes into it.
  void start(std::string_view text, bool complete, std::size_t origin = 0);

  /// Passes white space, commas, comments and discarded forms. Status: done at the next character or at a complete end.
  Status skip();
  /// The value that begins at position(). Call skip() first.
  Status parse(Value& value);

  /// Bytes passed. After `malformed`: where the mistake is.
  std::size_t position() const { return static_cast<std::size_t>(at_ - begin_); }
  bool at_end() const { return at_ == end_; }
  char peek() const { return *at_; }
  void advance() { ++at_; }
  /// What is wrong, after `malformed`.
  const std::string& message() const { return message_; }

 private:
  bool need(std::size_t count = 1) { return static_cast<std::size_t>(end_ - at_) >= count || lack(); }
  bool lack();
  bool fail(std::string message);
  bool fail_at(const char* place, std::string message);
  bool skip_space();
  bool value(Value& result);
  bool edn_value(Value& result);
  bool json_value(Value& result);
  bool dispatch(Value& result);
  bool collection(Kind kind, char close, Value& result);
  bool json_object(Value& result);
  bool json_separator(char close);
  bool text(Value& result);
  bool escaped_text(const char* opening, Value& result);
  bool check_utf8(const char* begin, const char* end);
  bool escape(std::string& out);
  bool unicode_escape(std::string& out);
  bool hex4(unsigned& code);
  bool character(Value& result);
  bool number(Value& result);
  bool token(std::string_view& result);
  bool keyword(Value& result);
  bool symbol(Value& result);
  bool json_word(Value& result);
  Value finish(Kind kind, std::size_t first);
  std::size_t place(const char* at) const { return static_cast<std::size_t>(at - begin_) - origin_; }

  const Notation notation_;
  Arena& arena_;
  const char* begin_ = nullptr;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  std::size_t origin_ = 0;
  bool complete_ = false;
  Status status_ = Status::done;
  std::string message_;
  std::vector<Value> open_;  // items of the collections that are not closed yet
  int depth_ = 0;
};

}  // namespace faultline::formats
