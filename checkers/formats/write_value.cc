// Writing values. Whatever a value holds, what comes out is valid: bytes that are not UTF-8 are replaced.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "checkers/formats/utf8.h"
#include "checkers/formats/value.h"
#include "checkers/formats/write_value.h"

namespace faultline::formats {

namespace {

constexpr char hex_digits[] = "0123456789abcdef";

void write_items(const Value& value, char open, char close, std::string& out) {
  out += open;
  bool first = true;
  for (const Value& item : value.items()) {
    if (!first) out += ' ';
    first = false;
    append_edn(item, out);
  }
  out += close;
}

void write_character(const Value& value, std::string& out) {
  out += '\\';
  if (value.text() == "\n") {
    out += "newline";
  } else if (value.text() == " ") {
    out += "space";
  } else if (value.text() == "\t") {
    out += "tab";
  } else if (value.text() == "\r") {
    out += "return";
  } else if (value.text() == "\f") {
    out += "formfeed";
  } else if (value.text() == "\b") {
    out += "backspace";
  } else {
    out += value.text();
  }
}

// RFC 8259, section 6.
bool is_json_number(std::string_view text) {
  const auto digits = [&] {
    const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(count);
    return count > 0;
  };
  const auto take = [&](std::string_view any) {
    const bool found = !text.empty() && any.find(text.front()) != std::string_view::npos;
    text.remove_prefix(found ? 1 : 0);
    return found;
  };
  take("-");
  if (!take("0") && !digits()) return false;
  if (take(".") && !digits()) return false;
  if (take("eE")) {
    take("+-");
    if (!digits()) return false;
  }
  return text.empty();
}

}  // namespace

void append_json_text(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    const char c = text.front();
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (code < 0x20 || code == 0x7f) {
      out += "\\u00";
      out += hex_digits[code >> 4];
      out += hex_digits[code & 15];
    } else {
      const std::size_t length = utf8_length(text);
      out += length == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(0, length);
      text.remove_prefix(length == 0 ? 1 : length);
      continue;
    }
    text.remove_prefix(1);
  }
  out += '"';
}

void append_edn(const Value& value, std::string& out) {
  switch (value.kind()) {
    case Kind::nil: out += "nil"; break;
    case Kind::boolean: out += value.is_true() ? "true" : "false"; break;
    case Kind::integer: fmt::format_to(std::back_inserter(out), "{}", value.integer()); break;
    case Kind::number: {
      const bool named = value.text().ends_with("Inf") || value.text().ends_with("NaN");
      out += named ? "##" : "";
      out += value.text();
      break;
    }
    case Kind::symbol: out += value.text(); break;
    case Kind::text: append_json_text(value.text(), out); break;
    case Kind::keyword: (out += ':') += value.text(); break;
    case Kind::character: write_character(value, out); break;
    case Kind::vector: write_items(value, '[', ']', out); break;
    case Kind::list: write_items(value, '(', ')', out); break;
    case Kind::set:
      out += '#';
      write_items(value, '{', '}', out);
      break;
    case Kind::map: write_items(value, '{', '}', out); break;
    case Kind::tagged:
      out += '#';
      out += value.items()[0].text();
      out += ' ';
      append_edn(value.items()[1], out);
      break;
  }
}

void append_json(const Value& value, std::string& out) {
  switch (value.kind()) {
    case Kind::nil: out += "null"; return;
    case Kind::boolean: out += value.is_true() ? "true" : "false"; return;
    case Kind::integer: fmt::format_to(std::back_inserter(out), "{}", value.integer()); return;
    case Kind::tagged: append_json(value.items()[1], out); return;
    case Kind::number:
      if (is_json_number(value.text())) {
        out += value.text();
      } else {
        append_json_text(value.text(), out);
      }
      return;
    case Kind::symbol:
    case Kind::text:
    case Kind::keyword:
    case Kind::character: append_json_text(value.text(), out); return;
    case Kind::vector:
    case Kind::list:
    case Kind::set:
    case Kind::map: break;
  }
  const bool map = value.is_map();
  out += map ? '{' : '[';
  for (std::size_t i = 0; i < value.items().size(); ++i) {
    if (i > 0) out += map && i % 2 == 1 ? ':' : ',';
    const Value& item = value.items()[i];
    if (map && i % 2 == 0 && !item.is_name()) {
      append_json_text(to_edn(item), out);  // JSON's names are texts
    } else {
      append_json(item, out);
    }
  }
  out += map ? '}' : ']';
}

std::string to_edn(const Value& value) {
  std::string text;
  append_edn(value, text);
  return text;
}

}  // namespace faultline::formats
