#include "checkers/formats/form_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "checkers/formats/utf8.h"

namespace faultline::formats {

namespace {

// Deeper data is no history. A level costs some 200 bytes of stack.
constexpr int max_depth = 200;

// Classes of characters by table: these questions are asked for every byte of a file.
enum CharacterClass : std::uint8_t { space = 1, delimiter = 2, digit = 4, ends_text = 8 };

constexpr std::array<std::uint8_t, 256> character_classes = [] {
  std::array<std::uint8_t, 256> classes{};
  for (const char c : std::string_view(" \n\t\r\f\v")) classes[static_cast<unsigned char>(c)] = space | delimiter;
  for (const char c : std::string_view(",\";()[]{}")) classes[static_cast<unsigned char>(c)] = delimiter;
  for (const char c : std::string_view("0123456789")) classes[static_cast<unsigned char>(c)] = digit;
  for (unsigned code = 0; code < ' '; ++code) classes[code] |= ends_text;
  for (const char c : std::string_view("\"\\")) classes[static_cast<unsigned char>(c)] |= ends_text;
  return classes;
}();

bool is(CharacterClass kind, char c) { return (character_classes[static_cast<unsigned char>(c)] & kind) != 0; }
bool is_space(char c) { return is(space, c); }
bool is_digit(char c) { return is(digit, c); }
// What ends a symbol, a keyword or a number.
bool is_delimiter(char c) { return is(delimiter, c); }

std::string shown(char c) {
  return c >= ' ' && c <= '~' ? fmt::format("'{}'", c) : fmt::format("byte 0x{:02x}", static_cast<unsigned char>(c));
}

void append_utf8(std::string& out, unsigned code) {
  const auto byte = [&](unsigned bits) { out += static_cast<char>(static_cast<unsigned char>(bits)); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xc0 | code >> 6);
    byte(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    byte(0xe0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3f));
    byte(0x80 | (code & 0x3f));
  } else {
    byte(0xf0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3f));
    byte(0x80 | (code >> 6 & 0x3f));
    byte(0x80 | (code & 0x3f));
  }
}

std::optional<std::int64_t> as_int64(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

void FormParser::start(std::string_view text, bool complete, std::size_t origin) {
  begin_ = text.data();
  at_ = begin_ + origin;
  end_ = begin_ + text.size();
  origin_ = origin;
  complete_ = complete;
  status_ = Status::done;
  message_.clear();
  open_.clear();
  depth_ = 0;
}

FormParser::Status FormParser::skip() {
  skip_space();
  return status_;
}

FormParser::Status FormParser::parse(Value& result) {
  value(result);
  return status_;
}

bool FormParser::lack() {
  if (complete_) return fail("the file ends in the middle of a value");
  status_ = Status::incomplete;
  return false;
}

bool FormParser::fail(std::string message) { return fail_at(at_, std::move(message)); }

bool FormParser::fail_at(const char* place, std::string message) {
  at_ = place;
  status_ = Status::malformed;
  message_ = std::move(message);
  return false;
}

// Stops at the first character of a value, at a closing bracket, or at the end.
bool FormParser::skip_space() {
  while (at_ != end_) {
    const char c = *at_;
    if (is_space(c) || c == ',') {
      if (c == ',' && notation_ == Notation::json && depth_ > 0) return true;
      ++at_;
    } else if (notation_ == Notation::edn && c == ';') {
      const char* line_end = std::find(at_, end_, '\n');
      if (line_end == end_ && !complete_) return need(static_cast<std::size_t>(end_ - at_) + 1);
      at_ = line_end;
    } else if (notation_ == Notation::edn && c == '#') {
      if (end_ - at_ == 1) return complete_ || need(2);
      if (at_[1] != '_') return true;
      at_ += 2;
      if (++depth_ > max_depth) return fail("discarded forms (#_) are nested too deeply");
      Value discarded;
      if (!skip_space() || !need() || !value(discarded)) return false;
      --depth_;
    } else {
      return true;
    }
  }
  return true;
}

bool FormParser::value(Value& result) {
  if (!need()) return false;
  const char* first = at_;
  if (!(notation_ == Notation::edn ? edn_value(result) : json_value(result))) return false;
  result = result.at(place(first));
  return true;
}

bool FormParser::edn_value(Value& result) {
  switch (*at_) {
    case '{': return collection(Kind::map, '}', result);
    case '[': return collection(Kind::vector, ']', result);
    case '(': return collection(Kind::list, ')', result);
    case '"': return text(result);
    case ':': return keyword(result);
    case '\\': return character(result);
    case '#': return dispatch(result);
    case '}':
    case ']':
    case ')': return fail(fmt::format("{} closes nothing", shown(*at_)));
    case '^': {  // metadata says nothing about the value
      ++at_;
      if (++depth_ > max_depth) return fail("metadata is nested too deeply");
      Value metadata;
      const bool ok = skip_space() && value(metadata) && skip_space() && value(result);
      --depth_;
      return ok;
    }
    default: break;
  }
  const bool sign = (*at_ == '-' || *at_ == '+');
  if (sign && end_ - at_ == 1 && !complete_) return need(2);
  if (is_digit(*at_) || (sign && end_ - at_ > 1 && is_digit(at_[1]))) return number(result);
  return symbol(result);
}

bool FormParser::json_value(Value& result) {
  switch (*at_) {
    case '{': return json_object(result);
    case '[': return collection(Kind::vector, ']', result);
    case '"': return text(result);
    case 't':
    case 'f':
    case 'n': return json_word(result);
    default: break;
  }
  if (*at_ == '-' || is_digit(*at_)) return number(result);
  return fail(fmt::format("{} does not begin a JSON value", shown(*at_)));
}

// The items of a closed collection move from the stack into the arena.
Value FormParser::finish(Kind kind, std::size_t first) {
  const Value result = Value::items(arena_.copy(std::span<const Value>(open_).subspan(first)), kind);
  open_.resize(first);
  return result;
}

bool FormParser::collection(Kind kind, char close, Value& result) {
  if (++depth_ > max_depth) return fail(fmt::format("data nested more than {} levels deep", max_depth));
  const char* opening = at_++;
  const std::size_t first = open_.size();
  for (;;) {
    if (!skip_space() || !need()) return false;
    if (*at_ == close) break;
    if (notation_ == Notation::json && open_.size() > first) {
      if (!json_separator(close)) return false;
    }
    Value item;
    if (!value(item)) return false;
    open_.push_back(item);
  }
  if (kind == Kind::map && (open_.size() - first) % 2 != 0) return fail_at(opening, "a map has a key without a value");
  ++at_;
  --depth_;
  result = finish(kind, first);
  return true;
}

bool FormParser::json_separator(char close) {
  if (*at_ != ',') return fail(fmt::format("expected ',' or '{}'", close));
  ++at_;
  return skip_space() && need();
}

bool FormParser::json_object(Value& result) {
  if (++depth_ > max_depth) return fail(fmt::format("data nested more than {} levels deep", max_depth));
  ++at_;
  const std::size_t first = open_.size();
  for (;;) {
    if (!skip_space() || !need()) return false;
    if (*at_ == '}') break;
    if (open_.size() > first && !json_separator('}')) return false;
    if (*at_ != '"') return fail("expected a name in quotes");
    Value key;
    Value item;
    if (!value(key) || !skip_space() || !need()) return false;
    if (*at_ != ':') return fail("expected ':' after a name");
    ++at_;
    if (!skip_space() || !value(item)) return false;
    open_.push_back(key);
    open_.push_back(item);
  }
  ++at_;
  --depth_;
  result = finish(Kind::map, first);
  return true;
}

bool FormParser::text(Value& result) {
  const char* opening = at_;
  const char* at = opening + 1;
  for (;;) {
    while (at != end_ && !is(ends_text, *at)) ++at;
    if (at == end_ || *at == '"' || *at == '\\') break;
    if (notation_ == Notation::json) return fail_at(at, "a control character inside a JSON text; is its closing quote missing?");
    ++at;
  }
  if (at == end_) {
    if (complete_) return fail_at(opening, "this text has no closing quote");
    return need(static_cast<std::size_t>(end_ - at_) + 1);
  }
  if (*at == '\\') return escaped_text(opening, result);
  if (!check_utf8(opening + 1, at)) return false;
  result = Value::text({opening + 1, static_cast<std::size_t>(at - opening - 1)});
  at_ = at + 1;
  return true;
}

bool FormParser::escaped_text(const char* opening, Value& result) {
  std::string out;
  ++at_;
  for (;;) {
    if (at_ == end_ && complete_) return fail_at(opening, "this text has no closing quote");
    if (!need()) return false;
    if (*at_ == '"') break;
    if (*at_ != '\\') {
      if (notation_ == Notation::json && static_cast<unsigned char>(*at_) < 0x20) {
        return fail("a control character inside a JSON text; is its closing quote missing?");
      }
      out += *at_++;
    } else if (!need(2) || !escape(out)) {
      return false;
    }
  }
  if (!check_utf8(opening + 1, at_)) return false;
  ++at_;
  result = Value::text(arena_.copy(out));
  return true;
}

// JSON is UTF-8 and nothing else. Taken as they are, two names could become one when they are written again, with the odd bytes replaced.
// EDN comes from printers of whatever a system answered, and is taken as it is.
bool FormParser::check_utf8(const char* begin, const char* end) {
  if (notation_ != Notation::json) return true;
  const std::string_view bytes(begin, static_cast<std::size_t>(end - begin));
  const std::size_t good = utf8_prefix(bytes);
  if (good == bytes.size()) return true;
  return fail_at(begin + good,
                 fmt::format("byte {:#04x} is not UTF-8, as a JSON text has to be", static_cast<unsigned char>(bytes[good])));
}

bool FormParser::escape(std::string& out) {
  constexpr std::string_view letters = "\"\\/bfnrt";
  constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  const std::size_t found = letters.find(at_[1]);
  if (found != std::string_view::npos) {
    out += meanings[found];
    at_ += 2;
    return true;
  }
  if (at_[1] == 'u') return unicode_escape(out);
  // Java prints octal escapes too; JSON does not know them.
  if (notation_ == Notation::edn && at_[1] >= '0' && at_[1] <= '7') {
    unsigned code = 0;
    const char* at = at_ + 1;
    for (int digits = 0; digits < 3 && at != end_ && *at >= '0' && *at <= '7'; ++digits)
      code = code * 8 + static_cast<unsigned>(*at++ - '0');
    at_ = at;
    append_utf8(out, code);
    return true;
  }
  if (notation_ == Notation::json) return fail(fmt::format("unknown escape: {} after a backslash", shown(at_[1])));
  out.append(at_, 2);  // a regular expression has escapes of its own
  at_ += 2;
  return true;
}

bool FormParser::hex4(unsigned& code) {
  if (!need(6)) return false;
  const auto [end, error] = std::from_chars(at_ + 2, at_ + 6, code, 16);
  if (error != std::errc{} || end != at_ + 6) return fail("\\u wants four hexadecimal digits");
  at_ += 6;
  return true;
}

bool FormParser::unicode_escape(std::string& out) {
  constexpr unsigned high_first = 0xd800;
  constexpr unsigned low_first = 0xdc00;
  constexpr unsigned low_last = 0xdfff;
  unsigned code = 0;
  if (!hex4(code)) return false;
  if (code >= high_first && code < low_first) {
    if (!need(2)) return false;
    unsigned low = 0;
    if (at_[0] == '\\' && at_[1] == 'u') {
      const char* again = at_;
      if (!hex4(low)) return false;
      if (low >= low_first && low <= low_last) {
        code = 0x10000 + ((code - high_first) << 10) + (low - low_first);
      } else {
        at_ = again;
      }
    }
  }
  constexpr unsigned replacement = 0xfffd;  // half a pair alone means nothing
  append_utf8(out, code >= high_first && code <= low_last ? replacement : code);
  return true;
}

// Everything up to the next delimiter. The first character belongs to it, whatever it is.
bool FormParser::token(std::string_view& result) {
  const char* at = at_ + 1;
  while (at != end_ && !is_delimiter(*at)) ++at;
  if (at == end_ && !complete_) return need(static_cast<std::size_t>(end_ - at_) + 1);
  result = std::string_view(at_, static_cast<std::size_t>(at - at_));
  at_ = at;
  return true;
}

bool FormParser::number(Value& result) {
  const char* first = at_;
  std::string_view word;
  if (!token(word)) return false;
  // Nearly all numbers are short and whole.
  constexpr std::size_t short_digits = 18;
  const std::size_t sign = word.front() == '-' ? 1 : 0;
  if (word.size() <= short_digits) {
    std::int64_t whole = 0;
    std::size_t i = sign;
    for (; i < word.size() && is_digit(word[i]); ++i) whole = whole * 10 + (word[i] - '0');
    if (i == word.size() && i > sign) {
      result = Value::integer(sign == 1 ? -whole : whole);
      return true;
    }
  }
  std::string_view digits = word;
  if (notation_ == Notation::edn && (word.ends_with('N') || word.ends_with('M'))) digits.remove_suffix(1);
  if (const auto whole = as_int64(digits); whole && !word.ends_with('M')) {
    result = Value::integer(*whole);
    return true;
  }
  const std::string_view allowed = notation_ == Notation::edn ? "0123456789+-.eE/" : "0123456789+-.eE";
  if (digits.find_first_not_of(allowed) != std::string_view::npos) return fail_at(first, fmt::format("{} is not a number", word));
  result = Value::text(word, Kind::number);
  return true;
}

bool FormParser::keyword(Value& result) {
  const char* first = at_;
  std::string_view word;
  if (!token(word)) return false;
  word.remove_prefix(word.starts_with("::") ? 2 : 1);
  if (word.empty()) return fail_at(first, "a keyword has no name");
  result = Value::keyword(word);
  return true;
}

bool FormParser::symbol(Value& result) {
  std::string_view word;
  if (!token(word)) return false;
  if (word == "nil") {
    result = Value();
  } else if (word == "true" || word == "false") {
    result = Value::boolean(word == "true");
  } else {
    result = Value::text(word, Kind::symbol);
  }
  return true;
}

bool FormParser::json_word(Value& result) {
  const char* first = at_;
  std::string_view word;
  if (!token(word)) return false;
  if (word != "true" && word != "false" && word != "null") return fail_at(first, fmt::format("{} is not JSON", word));
  result = word == "null" ? Value() : Value::boolean(word == "true");
  return true;
}

bool FormParser::character(Value& result) {
  struct Name {
    std::string_view name;
    char meaning;
  };
  constexpr Name names[] = {{"newline", '\n'}, {"space", ' '},     {"tab", '\t'},
                            {"return", '\r'},  {"formfeed", '\f'}, {"backspace", '\b'}};
  const char* first = at_++;
  std::string_view word;
  if (!need() || !token(word)) return false;
  for (const Name& name : names) {
    if (word == name.name) {
      result = Value::text(arena_.copy(std::string_view(&name.meaning, 1)), Kind::character);
      return true;
    }
  }
  const auto lead = static_cast<unsigned char>(word.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  unsigned code = 0;
  if (word.size() == 5 && word[0] == 'u') {
    const auto [end, error] = std::from_chars(word.data() + 1, word.data() + 5, code, 16);
    if (error != std::errc{} || end != word.data() + 5) return fail_at(first, "\\u wants four hexadecimal digits");
    std::string out;
    append_utf8(out, code);
    result = Value::text(arena_.copy(out), Kind::character);
  } else if (word.size() == length) {
    result = Value::text(word, Kind::character);
  } else {
    return fail_at(first, fmt::format("\\{} is not a character", word));
  }
  return true;
}

// What begins with '#'. Discarded forms were passed by skip_space.
bool FormParser::dispatch(Value& result) {
  const char* first = at_;
  if (!need(2)) return false;
  switch (at_[1]) {
    case '{': ++at_; return collection(Kind::set, '}', result);
    case '"': ++at_; return text(result);  // a regular expression
    case '\'': ++at_; return symbol(result);
    default: break;
  }
  at_ += at_[1] == '#' ? 2 : 1;
  if (!need()) return false;
  if (is_delimiter(*at_)) return fail_at(first, "a tag has no name");
  std::string_view tag;
  if (!token(tag)) return false;
  if (first[1] == '#') {  // ##Inf, ##-Inf, ##NaN
    result = Value::text(tag, Kind::number);
    return true;
  }
  if (++depth_ > max_depth) return fail("tagged values are nested too deeply");
  Value tagged;
  if (!skip_space() || !value(tagged)) return false;
  --depth_;
  const std::size_t bottom = open_.size();
  open_.push_back(Value::text(tag, Kind::symbol).at(place(first)));
  open_.push_back(tagged);
  result = finish(Kind::tagged, bottom);
  return true;
}

}  // namespace faultline::formats
