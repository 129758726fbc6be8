// Value: what a history file says, before anybody knows what it means: JSON and EDN data as a tree.
//
// A value is 16 bytes and owns nothing: texts point into the file's window (checkers/formats/text_input.h) or, where an escape had to
// be undone, into an arena; so do the items of collections. A whole event is therefore read without a single allocation, and is
// gone when the next one is read. Numbers that are no 64-bit integer stay text: nothing here is decided by floating point.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace faultline::formats {

enum class Kind : std::uint8_t {
  nil,  // nil, null
  boolean,
  integer,  // fits 64 bits
  number,   // any other: 1.5, 2/3, 10000000000000000000N; as it was written
  text,
  keyword,    // :ok, without the colon
  symbol,     // foo/bar
  character,  // \a, as its UTF-8
  vector,     // [1 2], and JSON's arrays
  list,       // (1 2)
  set,        // #{1 2}
  map,        // {:a 1}: keys and values in turn
  tagged,     // #inst "...": the tag, a symbol, and the value
};

class Value {
 public:
  /// Sizes and places are below this; a form that is larger is refused before it gets here.
  static constexpr std::uint32_t size_limit = 1u << 28;

  Value() = default;
  static Value boolean(bool value) { return Value(value ? 1 : 0, Kind::boolean); }
  static Value integer(std::int64_t value) { return Value(value, Kind::integer); }
  static Value text(std::string_view text, Kind kind = Kind::text) { return Value(text.data(), text.size(), kind); }
  static Value keyword(std::string_view text) { return Value(text.data(), text.size(), Kind::keyword); }
  static Value items(std::span<const Value> items, Kind kind = Kind::vector) { return Value(items.data(), items.size(), kind); }

  Kind kind() const { return static_cast<Kind>(kind_and_size_ & 15u); }
  bool is_nil() const { return kind() == Kind::nil; }
  bool is_true() const { return kind() == Kind::boolean && integer_ != 0; }
  bool is_integer() const { return kind() == Kind::integer; }
  /// A text, keyword or symbol: what a name may be written as.
  bool is_name() const { return kind() == Kind::text || kind() == Kind::keyword || kind() == Kind::symbol; }
  /// A vector or a list.
  bool is_sequence() const { return kind() == Kind::vector || kind() == Kind::list; }
  bool is_map() const { return kind() == Kind::map; }

  std::int64_t integer() const { return integer_; }
  /// Of a name, a number or a character; empty for others.
  std::string_view text() const { return has_text() ? std::string_view(text_, size()) : std::string_view(); }
  /// Of a collection (a map's keys and values in turn) or a tagged value; empty for others.
  std::span<const Value> items() const { return has_items() ? std::span(items_, size()) : std::span<const Value>(); }
  /// The value of a map's entry whose key is the name `key`, or a nil.
  Value find(std::string_view key) const;
  bool contains(std::string_view key) const;

  /// Where it begins, counted in bytes from the beginning of its form.
  std::uint32_t place() const { return place_; }
  Value at(std::size_t place) const {
    Value copy(*this);
    copy.place_ = static_cast<std::uint32_t>(place);
    return copy;
  }

  /// The same data, wherever it stood. Maps and sets are compared in the order in which they are written.
  bool operator==(const Value& other) const;

 private:
  Value(std::int64_t value, Kind kind) : kind_and_size_(static_cast<std::uint32_t>(kind)), integer_(value) {}
  Value(const char* text, std::size_t size, Kind kind) : kind_and_size_(packed(size, kind)), text_(text) {}
  Value(const Value* items, std::size_t size, Kind kind) : kind_and_size_(packed(size, kind)), items_(items) {}

  static std::uint32_t packed(std::size_t size, Kind kind);
  std::size_t size() const { return kind_and_size_ >> 4; }
  bool has_text() const { return kind() >= Kind::number && kind() <= Kind::character && kind_and_size_ > 15; }
  bool has_items() const { return kind() >= Kind::vector && kind_and_size_ > 15; }

  std::uint32_t place_ = 0;
  std::uint32_t kind_and_size_ = 0;
  union {
    std::int64_t integer_ = 0;
    const char* text_;
    const Value* items_;
  };
};

static_assert(sizeof(Value) == 16);

/// Memory for what lives as long as one event: handed out in order, given back all at once.
class Arena {
 public:
  std::string_view copy(std::string_view text);
  std::span<const Value> copy(std::span<const Value> items);
  /// `value` with all that it points to.
  Value deep_copy(const Value& value);
  void clear();
  std::size_t bytes() const { return total_; }

 private:
  void* allocate(std::size_t bytes);

  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
  };
  std::vector<Block> blocks_;
  std::size_t used_ = 0;  // of the last block
  std::size_t total_ = 0;
};

/// `value` as EDN, for messages and for names: 17, "a \"b\"", [1 2], :ok.
std::string to_edn(const Value& value);

}  // namespace faultline::formats
